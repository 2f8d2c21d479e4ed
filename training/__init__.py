"""How Backlot's networks are made: generated images in, ONNX weights out, nothing else."""
