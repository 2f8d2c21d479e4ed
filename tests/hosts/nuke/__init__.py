"""A simulated Nuke: what it claims is in behaviours.py, what it offers is in the contract."""
