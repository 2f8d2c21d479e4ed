"""python -m backlot_resolve.panel"""

from . import main

raise SystemExit(main())
