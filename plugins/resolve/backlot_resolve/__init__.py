"""Backlot in DaVinci Resolve Studio: a panel beside the timeline."""
