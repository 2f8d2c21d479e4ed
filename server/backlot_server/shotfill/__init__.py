"""Fill over a whole shot: what other frames saw is brought to where the matte hides it.

shot.py reads frames and keeps them as look.py makes them; register.py finds how they lie on each
other; parallax.py where their cameras stand, sweep.py and depth.py depth behind the matte, or
rendered.py what a renderer told. gather.py puts together what sources show: sampling.py samples
them, merge.py makes one picture of all. blur.py and focus.py make it as blurred and as sharp as the
plate is, seam.py bends it to meet the rim; keys.py carries what no frame has seen; fill.py is the
way through them for one frame, and settle.py holds that against its neighbours. shadow.py and
regrain.py put the result into the plate.

Where sources do not agree, moving.py tells what moves by itself, motions.py how, aligned.py to a
part of a pixel; things.py follows it over frames, and layers.py lays it over what stands still.
"""
