"""The dockable panel: what renders, the server, the models with their licences, and the log.

It only asks: answers come by way of the session's ticks, on the main thread. Nothing in it touches
the graph but the status of nodes that it reads.
"""

from .host import LinkError
from .library import Library
from .node import is_there
from .qt import QtCore, QtWidgets
from .session import session
from .widgets import button, table

_REFRESH_MS = 500


class Panel(QtWidgets.QWidget):
    def __init__(self, parent=None):
        QtWidgets.QWidget.__init__(self, parent)
        self.setWindowTitle("Backlot")
        self.jobs = table(("Node", "Status"))
        self.models = table(("Model", "For", "Licence of the weights"))
        self.server = QtWidgets.QLabel("Press Refresh to ask the server.")
        self.server.setWordWrap(True)
        self.library = Library()
        self.log = QtWidgets.QPlainTextEdit()
        self.log.setReadOnly(True)
        self.cancel = button("Cancel", self.cancel_selected)
        self.refresh = button("Refresh", self.ask)
        self._arrange()
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.show_jobs)
        self.show_jobs()

    def showEvent(self, event):  # noqa: N802
        self._timer.start(_REFRESH_MS)
        QtWidgets.QWidget.showEvent(self, event)

    def hideEvent(self, event):  # noqa: N802
        """No timer of a panel that was closed may run on: Qt's timers end in their own thread
        only, and Python may let go of the panel in another one."""
        self._timer.stop()
        QtWidgets.QWidget.hideEvent(self, event)

    def show_jobs(self):
        """What renders now. Asks nobody."""
        chosen = self._chosen()
        self.jobs.clear()
        for identity, run in session.runs.items():
            if is_there(run.node):
                row = (run.node.fullName(), run.node["status"].value())
                item = QtWidgets.QTreeWidgetItem(self.jobs, list(row))
                item.setData(0, QtCore.Qt.UserRole, identity)
                item.setSelected(identity == chosen)
        self.cancel.setEnabled(bool(session.runs))
        text = "\n\n".join(session.details.values())
        if text != self.log.toPlainText():
            self.log.setPlainText(text)

    def cancel_selected(self):
        """The selected node's job, or the only one."""
        chosen = self._chosen() or next(iter(session.runs), None)
        if chosen in session.runs:
            session.runs[chosen].cancel()

    def ask(self):
        """Ask the companion about server, models and characters; starts no server."""
        try:
            link = session.connected()
        except LinkError as error:
            self.server.setText("{}\n{}".format(error.sentence, error.hint))
            return
        link.ask("status", {}, self._told_status)
        link.ask("models", {}, self._told_models)
        link.ask("characters", {"folder": self.library.folder()}, self.library.told)
        session.follow()

    def _told_status(self, told, error):
        if error is not None:
            self.server.setText(error.sentence)
        elif told["server"]["state"] != "running":
            self.server.setText("No server runs. It starts by itself when a node renders.")
        else:
            said = ["Server {} runs.".format(told.get("build", ""))]
            said += [_device(device) for device in told.get("devices", ())]
            said.append("{} jobs".format(len(told.get("jobs", ()))))
            self.server.setText("\n".join(said))

    def _told_models(self, told, error):
        session.told_models(told, error)
        self.models.clear()
        for model in (told or {}).get("models", ()):
            row = [model["name"], model.get("purpose", ""), model.get("licence_weights", "")]
            item = QtWidgets.QTreeWidgetItem(self.models, row)
            item.setToolTip(0, model.get("limits", ""))

    def _chosen(self):
        items = self.jobs.selectedItems()
        return items[0].data(0, QtCore.Qt.UserRole) if items else None

    def _arrange(self):
        layout = QtWidgets.QVBoxLayout(self)
        self.library.wanted.connect(self.ask)
        parts = (self.jobs, self.cancel, self.server, self.models, self.library, self.refresh)
        for part in (*parts, self.log):
            layout.addWidget(part)


def _device(device):
    named = device.get("name") or device.get("label") or device.get("id") or "device"
    return "{}: {}".format(named, device.get("state", "")).rstrip(": ")
