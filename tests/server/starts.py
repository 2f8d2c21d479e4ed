"""A job of the odd tool, as a message."""

from backlot.v1 import backlot_pb2 as pb


def values(**given):
    made = {}
    for name, value in given.items():
        kind = {int: "integer", float: "number", str: "text"}[type(value)]
        made[name] = pb.Value(**{kind: value})
    return made


def job(name="job", frames=(1,), tool="odd", inputs=("source",), **more):
    params = values(**{k: more.pop(k) for k in ("mode", "frame", "seconds") if k in more})
    return {
        "job": name,
        "tool": tool,
        "frames": frames,
        "inputs": inputs,
        "params": params,
        "priority": pb.INTERACTIVE,
        **more,
    }
