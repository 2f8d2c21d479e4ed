"""nuke -t backlot_run.py SCRIPT [--node NAME] [--range 1001-1010] [--save PATH] [--check]"""

import sys

from backlot_nuke import headless

sys.exit(headless.main(sys.argv[1:]))
