"""`python -m backlot`: the command line, for where the script `backlot` is not on the path."""

from .cli import main

main()
