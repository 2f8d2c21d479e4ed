"""The panel: what an editor sees. Widgets only; everything that can wait is in the companion."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Show the panel and serve it until it is closed.

    Raises nothing: where Qt cannot serve it, a sentence on stderr and exit code 2.
    """
    from ..install import qt_problem

    says, cure = qt_problem()
    if says:
        print(f"The panel cannot run: {says}. {cure}", file=sys.stderr)
        return 2
    from PySide6.QtWidgets import QApplication

    from .single import Single
    from .style import dress
    from .window import Window

    application = QApplication(arguments or sys.argv[:1])
    application.setApplicationName("Backlot")
    dress(application)
    single = Single()
    if not single.first:
        return 0
    window = Window()
    single.asked.connect(window.come_forward)
    window.show()
    return int(application.exec())
