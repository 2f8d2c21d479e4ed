"""A simulator of DaVinci Resolve's scripting interface, in a process of its own.

It is a stated subset: what `behaviours.LEDGER` lists, held to the published method table of the
plugin (`backlot_resolve.spec`). A published method that is not modelled raises NotModelled, loudly.
It was written from documentation and from what others measured, never against a real Resolve.
"""
