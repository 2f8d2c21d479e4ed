"""Make the frames of nodes before a farm renders: nuke -t backlot_run.py script.nk ..."""

import argparse
import sys

import nuke


def main(arguments):
    """Exit code: 0 all frames made, 1 something failed, 2 a mistake in the arguments."""
    parser = argparse.ArgumentParser(prog="nuke -t backlot_run.py")
    parser.add_argument("script")
    parser.add_argument("--node", action="append", help="may be given again; all when left out")
    parser.add_argument("--range", help="such as 1001-1010; else what each node says")
    parser.add_argument("--save", help="where to save the script; else over itself")
    parser.add_argument("--check", action="store_true", help="only say what is missing or stale")
    try:
        asked = parser.parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    nuke.scriptOpen(asked.script)
    from .node import every

    nodes = [n for n in every(nuke.root()) if not asked.node or n.fullName() in asked.node]
    lacking = set(asked.node or ()) - {node.fullName() for node in nodes}
    if lacking:
        print("There is no Backlot node {}.".format(", ".join(sorted(lacking))), file=sys.stderr)
        return 2
    if asked.check:
        return _check(nodes)
    good = [_make(node, asked.range) for node in in_order(nodes)]
    nuke.scriptSave(asked.save or asked.script)
    return 0 if all(good) else 1


def in_order(nodes):
    """Those that others depend on come first."""
    done, order = set(), []

    def visit(node):
        if node is None or node.fullName() in done:
            return
        done.add(node.fullName())
        for number in range(node.inputs()):
            visit(node.input(number))
        if any(node.fullName() == each.fullName() for each in nodes):
            order.append(node)

    for node in nodes:
        visit(node)
    return order


def _make(node, text):
    from . import render
    from .host import LinkError
    from .node import frames_of

    run = None
    try:
        frames = nuke.FrameRanges(text).toFrameList() if text else frames_of(node)
        run = render.start(node, sorted(set(frames)))
        if run is not None:
            run.wait()
    except LinkError as error:
        render.fail(node, error)
    print("{}: {}".format(node.fullName(), node["status"].value()))
    made = run is not None and run.error is None
    return made and all(job.state == "done" and not job.failed for job in run.jobs.values())


def _check(nodes):
    from .results import exists, stale_reason

    wrong = 0
    for node in nodes:
        reason = "no result" if not exists(node) else stale_reason(node)
        wrong += bool(reason)
        print("{}: {}".format(node.fullName(), reason or "ready"))
    return 1 if wrong else 0
