"""Which engine runs a network here, and the networks this process holds."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from backlot.errors import NotFound, OutOfMemory, Unsupported

from . import engines
from .engines import Engine, Network
from .models import Card, catalogue, verify
from .tuning import tuned

CHOICE = "BACKLOT_ENGINE"
AUTO = "auto"
_SIZES = {"auto": ("fast", "fine"), "fast": ("fast", "fine"), "fine": ("fine", "fast")}

_held: dict[tuple[str, str, int], Network] = {}


def all_engines() -> dict[str, Engine]:
    """All engines of the package by name, whether or not they can run here."""
    found: dict[str, Engine] = {}
    for part in pkgutil.iter_modules(engines.__path__):
        module = importlib.import_module(f"{engines.__name__}.{part.name}")
        if hasattr(module, "NAME"):
            engine = cast(Engine, module)
            found[engine.NAME] = engine
    return found


def chosen_engine(card: Card) -> Engine:
    """The engine for a network: the one asked for in $BACKLOT_ENGINE, else the fastest measured.

    Not measured: ONNX Runtime where it has a GPU, else OpenVINO where it is installed, which needs
    less time and half the memory on processors.
    Raises: Unsupported when it cannot run here, NotFound when there is none of that name.
    """
    fitting = {
        name: engine
        for name, engine in all_engines().items()
        if Path(card.file).suffix.lower() in engine.SUFFIXES
    }
    asked = os.environ.get(CHOICE, AUTO)
    name = (tuned(card) or _preferred(fitting)) if asked == AUTO else asked
    if name not in fitting:
        raise NotFound(
            f"There is no engine {name or 'at all'} for {card.file}.",
            f"There are: {', '.join(fitting) or 'none'}.",
        )
    if missing := fitting[name].available():
        raise Unsupported(missing, f"Install it, or set {CHOICE} to another engine.")
    return fitting[name]


def _preferred(engines: Mapping[str, Engine]) -> str:
    """An engine that can run here; "" when there is none."""
    from .engines import onnx

    first = ("onnx", "openvino") if onnx.accelerated() else ("openvino", "onnx")
    order = [name for name in (*first, *engines) if name in engines]
    return next((name for name in order if not engines[name].available()), "")


def load(card: Card) -> Network:
    """The network of a card, loaded once in this process, on the chosen engine.

    Raises: NotFound, UnreadableFile, Unsupported, OutOfMemory.
    """
    engine = chosen_engine(card)
    path = verify(card)
    key = (engine.NAME, card.sha256, path.stat().st_mtime_ns)
    if key not in _held:
        _check_room(card)
        _held[key] = engine.load(card, str(path))
    return _held[key]


def held() -> frozenset[str]:
    """SHA-256 of the weights that this process holds."""
    return frozenset(sha256 for _, sha256, _ in _held)


def _check_room(card: Card) -> None:
    import psutil

    free = psutil.virtual_memory().available
    if 3 * card.bytes > free:
        raise OutOfMemory(
            f"The network {card.name} needs about {3 * card.bytes >> 20} MiB, "
            f"{free >> 20} MiB are free.",
            "Close other programs, or choose a smaller network.",
        )


def family(values: Mapping[str, Any]) -> dict[int, Card]:
    """The networks that these values ask for, by scale; none for the sinc filter.

    Where there is none of the size or for the footage, the next best one is taken.
    """
    wanted, footage = values["network"], values["footage"]
    if wanted == "sinc":
        return {}
    cards = [card for card in catalogue().values() if card.purpose == "upscale"]
    if wanted not in _SIZES:
        return {card.scale: card for card in cards if card.name == wanted}
    for source in (footage, "clean"):
        for size in _SIZES[wanted]:
            found = [card for card in cards if (card.source, card.size) == (source, size)]
            if found:
                return {card.scale: card for card in sorted(found, key=lambda card: card.scale)}
    return {}


def chain(cards: Mapping[int, Card], factor: float) -> list[Card]:
    """The networks to go through so that the sinc filter has at most a tenth left to enlarge."""
    passes: list[Card] = []
    reached = 1.0
    while cards and factor > reached * (1.1 if passes else 1.0):
        enough = [scale for scale in cards if reached * scale >= factor]
        scale = min(enough) if enough else max(cards)
        if scale < 2:
            break
        passes.append(cards[scale])
        reached *= scale
    return passes
