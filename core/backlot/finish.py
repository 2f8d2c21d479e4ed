"""A result becomes a file: matte-exact over its plate, whole or not at all, and on record."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import matte, media
from .atomic import cannot_write
from .errors import BacklotError, CannotWrite
from .events import Result
from .frame import Frame
from .intake import Intake
from .manifest import Entry, Manifest, Recipe, stamp
from .media import Image, same_format
from .order import Order
from .pixeltypes import same_bits
from .report import DONE, FAILED, FrameReport

LOSSY = ("dwaa", "dwab", "b44", "b44a", "pxr24")
_LOSSLESS = "zip"

Mask = npt.NDArray[np.bool_]
Layer = tuple[str, str]


class Finish:
    """Writes the frames of one take. Safe to use from several threads."""

    def __init__(self, order: Order, recipe: Recipe, intake: Intake, manifest: Manifest) -> None:
        self._order = order
        self._recipe = recipe
        self._intake = intake
        self._manifest = manifest

    def write(self, number: int, results: Mapping[Layer, Result]) -> FrameReport:
        """Put the results of a frame's layers, by (layer, view), into its file.

        First the whole file under another name, then the manifest that describes it, then the
        rename: killed in between, the next run knows that this frame is not finished.

        Raises: CannotWrite, and what reading the plate again raises.
        """
        path, partial = self._order.output(number), self._order.partial(number)
        seconds = sum(result.seconds for result in results.values())
        first = next(iter(results.values()))
        engine, measured = first.engine, first.measured
        try:
            exact = self._save(number, results, partial)
            entry = Entry(
                "done",
                self._recipe,
                self._intake.digests(number),
                stamp(partial),
                engine,
                seconds,
                exact,
                measured=measured,
            )
            self._manifest.record(number, entry)
            _rename(partial, path)
        except OSError as error:
            raise cannot_write(path, error) from error
        except CannotWrite as error:
            sentence = error.sentence.replace(partial.name, path.name)
            raise CannotWrite(sentence, error.hint) from error
        finally:
            partial.unlink(missing_ok=True)
        self._intake.forget(number)
        return FrameReport(number, DONE, path, engine, seconds, exact, measured=measured)

    def fail(self, number: int, error: BacklotError) -> FrameReport:
        """Put on record why a frame could not be made. A file of an earlier run stays."""
        entry = Entry(
            "failed", self._recipe, code=error.code, sentence=error.sentence, hint=error.hint
        )
        self._manifest.record(number, entry)
        return FrameReport(number, FAILED, self._order.output(number), error=error)

    def _save(self, number: int, results: Mapping[Layer, Result], partial: Path) -> bool | None:
        """Write the file. Returns: whether it was found exact, None where nobody asked."""
        if self._order.scales:
            self._save_scaled(number, results, partial)
            return None
        if not same_format(self._order.path(self._order.main, number), partial):
            (result,) = results.values()
            return self._save_alone(number, result.frame, partial)
        layer, space = self._order.layer, self._order.colorspace
        plates = [self._intake.plate(number, layer, view) for _, view in results]
        before = plates[0].image
        assert before is not None, "a movie is never of the output's format"
        image, masks = before, dict[str, Mask | None]()
        for plate, result in zip(plates, results.values(), strict=True):
            mask = masks[plate.frame.view or before.views[0]] = self._allowed(number, plate.frame)
            image = image.put(layer, result.frame, plate.frame, mask, space)
        compression = self._order.compression
        if compression is None and self._order.exact and _compression(image) in LOSSY:
            compression = _LOSSLESS
        image.save(partial, compression)
        if not self._order.exact or not self._order.verify:
            return None
        return is_exact(before, Image.open(partial), layer, masks)

    def _save_scaled(self, number: int, results: Mapping[Layer, Result], partial: Path) -> None:
        source = self._order.path(self._order.main, number)
        if not same_format(source, partial):
            main = next(iter(results.values()))
            self._write_alone(number, main.frame, partial)
            return
        image = self._intake.image(number)
        frames: dict[Any, Frame] = {key: result.frame for key, result in results.items()}
        image.rescaled(frames, self._order.colorspace).save(partial, self._order.compression)

    def _save_alone(self, number: int, frame: Frame, partial: Path) -> bool | None:
        """A frame in another format than its plate: no other layers, but the same care."""
        sent = self._intake.plate(number, self._order.layer).frame
        allowed = self._allowed(number, sent)
        if allowed is not None:
            pixels = frame.pixels.astype(sent.pixels.dtype)
            matte.restore(sent.pixels, pixels, allowed)
            frame = frame.with_pixels(pixels)
        self._write_alone(number, frame, partial)
        if allowed is None or not self._order.verify:
            return None
        after = Image.open(partial).frame()
        if after.pixels.shape != sent.pixels.shape or after.pixels.dtype != sent.pixels.dtype:
            return False
        return bool((same_bits(after.pixels, sent.pixels) | allowed[:, :, None]).all())

    def _write_alone(self, number: int, frame: Frame, partial: Path) -> None:
        media.write(
            partial,
            frame,
            compression=self._order.compression,
            attributes=self._intake.attributes(number),
        )

    def _allowed(self, number: int, sent: Frame) -> Mask | None:
        """Where this frame may change, over its data window; None: everywhere."""
        if not self._order.exact:
            return None
        spec = self._order.spec
        cover = matte.coverage(self._intake.matte(number, sent.view), sent.data_window)
        values = spec.values_at(self._order.values, number)
        return matte.support(cover, spec.reach(values))


def is_exact(before: Image, after: Image, layer: str, allowed: Mapping[str, Mask | None]) -> bool:
    """Whether two files hold the same bits in all layers, except in one where it is allowed.

    allowed: by view, (height, width) over the data window of that layer.
    """
    if (before.layers, before.views) != (after.layers, after.views):
        return False
    for view in before.views:
        for name in before.layers:
            old, new = (image.frame(name, "data", view=view) for image in (before, after))
            if old.data_window != new.data_window or old.channels != new.channels:
                return False
            same = same_bits(old.pixels, new.pixels)
            mask = allowed.get(view)
            if mask is not None and name == before.meant(layer, view):
                same |= mask[:, :, None]
            if not same.all():
                return False
    return True


def _compression(image: Image) -> str:
    """As the file says it, without its level: "zip", "dwaa"."""
    return str(image.parts[0].attributes.get("compression", "")).partition(":")[0]


def _rename(partial: Path, path: Path) -> None:
    os.replace(partial, path)
    if os.name == "nt":
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def folders(order: Order) -> Iterator[None]:
    """The folders of the output and of its manifest are there inside the block.

    Those that it made go again when the block fails and nothing came into them.
    Raises: CannotWrite.
    """
    made: list[Path] = []
    wanted = {order.output(number).parent for number in order.frames}
    try:
        for folder in sorted(wanted | {order.manifest_path.parent}):
            absent = [each for each in (folder, *folder.parents) if not os.path.lexists(each)]
            made += reversed(absent)
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise cannot_write(folder, error) from error
        yield
    except BaseException:
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()
        raise


def remove_leftovers(order: Order) -> None:
    """Unfinished files that killed runs left of these frames. Raises: CannotWrite.

    Only while the frames are claimed: nobody else writes them.
    """
    partials: dict[Path, set[str]] = {}
    for number in order.frames:
        partial = order.partial(number)
        partials.setdefault(partial.parent, set()).add(partial.name)
    for folder, names in partials.items():
        try:
            for name in os.listdir(folder):
                unnamed = re.fullmatch(r"\.(.+)\.[0-9a-f]{8}\.part", name)  # see atomic.py
                if (unnamed[1] if unnamed else name) in names:
                    os.unlink(folder / name)
        except OSError as error:
            raise cannot_write(folder, error) from error
