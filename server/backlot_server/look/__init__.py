"""How a character looks in a frame, against how it should: measured region by region.

The light of a shot changes all regions together; drift changes one region against the others. So
what all regions have in common is explained away as light, and what remains is the drift.
"""
