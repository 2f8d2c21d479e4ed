"""What a tool measured on the frames of a take, in words: for the status line and for Details."""

from .plates import runs

CHANGED, UNTOLD = "changed", "cannot tell"
SAME, OTHER = "same", "other"
DOUBT = 0.95
"""Confidence below which a frame is spoken of."""
_WORST = 6


def short(measured):
    """ "coat changed, another face": what changed on any frame; "" where nothing did.

    measured: what was told of each frame, by its number.
    """
    changed = sorted(_frames(measured, CHANGED))
    parts = ["{} changed".format(", ".join(changed))] if changed else []
    if _faces(measured, OTHER):
        parts.append("another face")
    doubtful = _doubtful(measured)
    if doubtful:
        parts.append("confidence {:.0f}% on {}".format(100 * doubtful[0][0], doubtful[0][1]))
    return ", ".join(parts)


def long(measured):
    """Lines: which region changed on which frames, by how much, and what could not be told."""
    lines = []
    for verdict, words in ((CHANGED, "changed"), (UNTOLD, "cannot be told")):
        for region, frames in sorted(_frames(measured, verdict).items()):
            sizes = [_of(measured, frame, region).get("size") for frame in frames]
            known = [float(size) for size in sizes if size is not None]
            most = ", at most {:.1f} CIEDE2000".format(max(known)) if known else ""
            whys = {_of(measured, frame, region).get("why") for frame in frames} - {None, ""}
            why = " ({})".format(", ".join(sorted(whys))) if whys else ""
            most = most if verdict == CHANGED else ""
            lines.append("{} {} on {}{}{}".format(region, words, _spans(frames), most, why))
    if not lines and _regions(measured):
        lines.append("No region changed: {}.".format(", ".join(sorted(_regions(measured)))))
    return "\n".join(lines + _likeness(measured) + _doubts(measured))


def told(recipe):
    """All that is known of a take: what was measured, and what the tool said."""
    lines = [long(recipe.get("measured") or {}), *(recipe.get("warnings") or [])]
    return "\n".join(line for line in lines if line)


def _doubtful(measured):
    """(confidence, frame) of those frames that can be trusted least, the worst first."""
    told = ((measured[frame].get("confidence"), int(frame)) for frame in measured)
    return sorted(each for each in told if each[0] is not None and each[0] < DOUBT)


def _doubts(measured):
    """A line for each of the worst frames: what is not known of it."""
    lines = []
    for confidence, frame in _doubtful(measured)[:_WORST]:
        told = measured[str(frame)]
        parts = ("seen on no frame", "unseen"), ("where frames do not agree", "apart")
        more = ["{:.0f}% {}".format(100 * told[n], words) for words, n in parts if told.get(n)]
        said = "frame {}: confidence {:.0f}%".format(frame, 100 * confidence)
        lines.append(said + (" ({})".format(", ".join(more)) if more else ""))
    return lines


def curve(measured, what="drift"):
    """A knob's text: what was measured of each frame that can be told, held until the next."""
    told = ((int(frame), measured[frame].get(what)) for frame in measured)
    keys = ["x{} {:.3g}".format(frame, size) for frame, size in sorted(told) if size is not None]
    return "{curve K " + " ".join(keys) + "}" if keys else "0"


def _likeness(measured):
    """A line for each thing that was said of the face."""
    lines = []
    for verdict, words in (
        (OTHER, "likeness of another face"),
        (SAME, "likeness as in the references"),
        (UNTOLD, "likeness cannot be told"),
    ):
        frames = _faces(measured, verdict)
        known = [measured[frame]["face"].get("similarity") for frame in frames]
        known = [float(value) for value in known if value is not None]
        least = ", at least {:.2f}".format(min(known)) if known else ""
        whys = {measured[frame]["face"].get("why") for frame in frames} - {None, ""}
        why = " ({})".format(", ".join(sorted(whys))) if whys else ""
        if frames:
            lines.append("{} on {}{}{}".format(words, _spans(frames), least, why))
    return lines


def _faces(measured, verdict):
    """Frames of which this was said of the face."""
    found = (f for f in measured if measured[f].get("face", {}).get("verdict") == verdict)
    return sorted(found, key=int)


def _of(measured, frame, region):
    return measured[frame].get("regions", {}).get(region, {})


def _regions(measured):
    return {
        region
        for found in measured.values()
        for region, said in found.get("regions", {}).items()
        if "verdict" in said
    }


def _frames(measured, verdict):
    found = {}
    for frame, told in sorted(measured.items(), key=lambda item: int(item[0])):
        for region, said in told.get("regions", {}).items():
            if said.get("verdict") == verdict:
                found.setdefault(region, []).append(frame)
    return found


def _spans(frames):
    spans = runs(int(frame) for frame in frames)
    return ", ".join(str(a) if a == b else "{}-{}".format(a, b) for a, b in spans)
