"""One panel for each person: a second start shows the first."""

from __future__ import annotations

import getpass
import hashlib

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from ..store import state_folder


class Single(QObject):
    """`first` says whether this is the first; `asked` that another start wants it shown."""

    asked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        place = f"{getpass.getuser()} {state_folder()}"
        name = f"backlot-resolve-{hashlib.blake2b(place.encode(), digest_size=6).hexdigest()}"
        socket = QLocalSocket(self)
        socket.connectToServer(name)
        self.first = not socket.waitForConnected(300)
        if not self.first:
            socket.disconnectFromServer()
            return
        QLocalServer.removeServer(name)  # what a panel that was killed left behind
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._called)
        self._server.listen(name)

    def _called(self) -> None:
        self._server.nextPendingConnection().deleteLater()
        self.asked.emit()
