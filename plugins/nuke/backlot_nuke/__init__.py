"""Backlot's nodes inside Nuke: the standard library and `nuke` alone, Python 3.7 syntax."""

VERSION = "0.1.0"
