"""The panel: what an editor sees. Widgets only; everything that can wait is in the companion."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Show the panel and serve it until it is closed.

    Raises nothing: where PySide6 is missing, a sentence on stderr and exit code 2.
    """
    try:
        from PySide6.QtWidgets import QApplication
    except ImportError:
        print(
            "The panel needs PySide6. Install it with: pip install 'backlot[panel]'",
            file=sys.stderr,
        )
        return 2
    from .style import dress
    from .window import Window

    application = QApplication(arguments or sys.argv[:1])
    application.setApplicationName("Backlot")
    dress(application)
    window = Window()
    window.show()
    return int(application.exec())
