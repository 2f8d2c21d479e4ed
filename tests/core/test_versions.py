"""Client and server of other versions: each is told which of the two to update."""

from __future__ import annotations

import pytest

import backlot.client
from backlot.errors import VersionMismatch


@pytest.mark.parametrize(
    ("name", "protocol", "sentence", "hint"),
    [
        ("PROTOCOL", 0, "The client speaks protocol 0", "Update the client"),
        ("PROTOCOL_OLDEST", 99, "The server speaks protocol 1", "Update the server"),
    ],
)
def test_the_older_side_is_named(monkeypatch, endpoint, name, protocol, sentence, hint) -> None:
    monkeypatch.setattr(backlot.client, name, protocol)
    with pytest.raises(VersionMismatch, match=sentence) as raised:
        backlot.connect(endpoint=endpoint)
    assert raised.value.hint.startswith(hint)
    assert raised.value.exit_code == 5
