"""Figures that Backlot is held to, each measured as a ratio in one run. `make bench`."""
