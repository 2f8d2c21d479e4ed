"""The models of this machine, as clients see them."""

from __future__ import annotations

from backlot.v1 import backlot_pb2 as pb


def listed_models() -> list[pb.Model]:
    """All networks of the catalogue, and whether this process holds them in memory."""
    from . import networks
    from .models import catalogue

    held = networks.held()
    return [
        pb.Model(
            name=card.name,
            label=card.label or card.name,
            purpose=card.purpose,
            verdict=card.verdict,
            licence_code=card.licence.code,
            licence_weights=card.licence.weights,
            licence_data=card.licence.data,
            sha256=card.sha256,
            bytes=card.bytes,
            encoding=card.encoding,
            loaded=card.sha256 in held,
            present=card.present,
            limits=card.limits,
        )
        for card in catalogue().values()
    ]
