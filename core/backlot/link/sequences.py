"""The part of a link's jobs that is on disk: takes by the shot runner, single frames otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from .. import color
from ..client import Studio
from ..errors import BacklotError, InvalidInput
from ..frame import DATA, Frame, Pixels
from ..media import Image, write
from ..report import FrameReport, Take, Update
from ..sequence import Sequence
from ..tools import ToolSpec
from .pixels import Layout
from .protocol import Json, error_to_json
from .request import FromFiles, Request


def run_files(
    studio: Studio, request: Request, tell: Callable[..., None], cancel: threading.Event
) -> Json:
    """A take on disk: see backlot.shot. Finished frames are kept; the counts are returned.

    cancel: set by whoever wants the end; Cancelled is then raised.
    """
    from ..shot import process

    spec = studio.tool(request.tool)
    spec.check_inputs(list(request.inputs))
    main = spec.inputs[0].name
    files = {name: each for name, each in request.inputs.items() if isinstance(each, FromFiles)}
    for name, each in files.items():
        if name != main and each.colorspace:
            raise InvalidInput(
                f"A colour space was named for {name}, which is taken as its files say.",
                f"Name it for {main} alone.",
            )
    given: dict[str, Any] = {name: each.files for name, each in files.items() if name != main}
    given.update(request.params)
    told: set[int] = set()

    def progress(update: Update) -> None:
        _tell_update(update, tell)
        if update.report is not None:
            told.add(update.report.number)

    take = process(
        studio,
        request.tool,
        files[main].files,
        request.out_files,
        frames=request.frames,
        layer={name: each.layer for name, each in files.items() if each.layer},
        colorspace=files[main].colorspace or None,
        compression=request.options.get("compression"),
        priority=request.priority,
        progress=progress,
        cancel=cancel,
        **given,
    )
    for report in take.frames:
        if report.number not in told:
            _tell_report(report, tell)
    counts = {"finished": len(take.done) + len(take.kept), "failed": len(take.failed)}
    return counts | _reported(take, spec, request, files, tell)


def _reported(
    take: Take,
    spec: ToolSpec,
    request: Request,
    files: Mapping[str, FromFiles],
    tell: Callable[..., None],
) -> Json:
    """Write the report that was asked for, of a take of which something was measured."""
    from .. import rated

    if not request.report or not rated.confidences(take):
        return {}
    source, matte = files[spec.inputs[0].name], files.get(spec.output.matte)
    try:
        rated.write(
            take,
            source.files,
            matte.files if matte else None,
            request.report,
            layer=source.layer,
            matte_layer=matte.layer if matte else "",
            colorspace=source.colorspace or None,
        )
    except BacklotError as error:  # the take is finished all the same
        tell("warning", number=None, sentence=f"{error.sentence} {error.hint}")
        return {}
    return {"report": request.report}


def _tell_update(update: Update, tell: Callable[..., None]) -> None:
    if update.report is not None:
        _tell_report(update.report, tell)
    elif update.kind == "queued":
        tell("queued", position=0, estimate=None)
    elif update.kind == "started":
        tell("started", device="", attempt=1)
    elif update.kind == "progress":
        tell(
            "progress",
            number=update.number,
            fraction=round(update.fraction, 4),
            message=update.sentence,
        )
    elif update.kind in ("warning", "reconnect"):
        tell("warning", number=update.number, sentence=update.sentence)


def _tell_report(report: FrameReport, tell: Callable[..., None]) -> None:
    if report.error is not None:
        tell("frame_failed", number=report.number, error=error_to_json(report.error))
        return
    tell(
        "frame",
        number=report.number,
        file=str(report.path),
        engine=report.engine,
        seconds=round(report.seconds, 4),
        kept=report.state == "kept",
        **({"measured": report.measured} if report.measured else {}),
    )


def read_frame(given: FromFiles, number: int, view: str, words: tuple[str, ...] = ()) -> Frame:
    """One frame of an input on disk. words: see media.Image.data. Raises: what media.Image does."""
    path = Sequence.parse(given.files).path(number)
    image = Image.open(path, given.colorspace or None)
    if words and not given.layer:
        return image.data(words, number, view)
    return image.frame(given.layer, number=number, view=view)


def save_result(request: Request, result: Frame, layout: Layout, pixels: Pixels) -> str:
    """Write the result of a buffer's job to out.files; returns the path.

    pixels: the result as the host gets it. Where the file is to be in the host's own linear
    space, these very values are written, so that what did not change is the same to the bit.
    """
    path = Sequence.parse(request.out_files).path(result.number)
    options: dict[str, Any] = {
        "pixel_type": request.options.get("type"),
        "compression": request.options.get("compression"),
    }
    target = request.options.get("colorspace") or ""
    if not layout.converted or (target and color.space(target) == layout.space):
        write(path, result.with_pixels(pixels, meaning=DATA), **options)
    else:
        write(path, result, target or None, **options)
    return path
