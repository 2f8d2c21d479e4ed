"""Fill over a whole shot: what other frames saw is brought to where the matte hides it.

shot.py reads frames and keeps them small; register.py finds how they lie on each other; sweep.py
finds depth behind the matte; merge.py makes one picture of all sources; keys.py carries what no
frame has seen; fill.py is the way through them for one frame.
"""
