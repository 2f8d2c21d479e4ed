"""The files of a take, read ahead as the server asks for them, and kept until they are used."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from . import color
from .character.mattes import Mattes
from .errors import BacklotError, InvalidInput, MissingFrame, NotFound, UnreadableFile
from .export import Attribute
from .frame import Frame
from .manifest import Manifest, Stamp, combine
from .media import Image, same_format
from .order import Order
from .plan import digest

if TYPE_CHECKING:
    from .movie import Movie

_KEPT_BYTES = 384 << 20


@dataclass(frozen=True)
class Picture:
    """A file and one of its layers as a frame; image is None for a frame of a movie."""

    image: Image | None
    frame: Frame


@dataclass(frozen=True)
class _Key:
    path: Path
    number: int  # 0 in files of one picture
    layer: str
    view: str
    kind: str  # one file may be the plate, its matte and its depth


class Intake:
    """Frames of all inputs by name and number. Safe to use from several threads.

    What was read is kept for when its result is written, up to 384 MiB, the newest
    longest; what had to go is read again.
    """

    def __init__(self, order: Order, manifest: Manifest) -> None:
        self._order = order
        self._manifest = manifest
        self._lock = threading.Lock()
        self._pictures: OrderedDict[_Key, Picture] = OrderedDict()
        self._movies: dict[Path, Movie] = {}
        self._stamps: dict[Path, Stamp] = {}

    def read(self, name: str, number: int, view: str = "") -> Frame:
        """The frame that the server asked for.

        view: of the plate; of another input where its file has that view, else its first.
        Raises: MissingFrame, UnreadableFile, InvalidInput (a matte of another size).
        """
        if name == self._order.main:
            return self.plate(number, self._order.layer, view).frame
        frame = self._other(name, number, view)
        if self._order.spec.input(name).kind == "matte":
            self._check_matte(name, number, frame)
        return frame

    def plate(self, number: int, layer: str, view: str = "") -> Picture:
        """A layer of the main input, with the file that it is part of."""
        found = self._picture(self._order.main, number, layer, view, self._order.colorspace)
        return Picture(found.image, _numbered(found.frame, number))

    def matte(self, number: int, view: str = "") -> Frame:
        """The matte that says where this frame may change."""
        return self._other(self._order.spec.output.matte, number, view)

    def image(self, number: int) -> Image:
        """The main input's file, if it is no movie; pixels are read when they are asked for."""
        return Image.open(self._order.path(self._order.main, number))

    def attributes(self, number: int) -> tuple[Attribute, ...]:
        """What the main input says of this frame that a file of another format can say too."""
        source = self._order.inputs[self._order.main]
        if source.is_movie:
            return self._movie(self._order.path(self._order.main, number)).attributes(number)
        return self.image(number).shared

    def digests(self, number: int) -> dict[str, str]:
        """What this frame was made from, as it was when it was read (see `manifest.combine`)."""
        found = {}
        for name in self._order.inputs:
            files = [self._order.path(name, n) for n in self._order.window(name, number)]
            with self._lock:
                stamps = [self._stamps.get(path) for path in files]
            read = [stamp.digest for stamp in stamps if stamp is not None]
            whole = len(read) == len(files)
            found[name] = (
                combine(read) if whole else digest(self._order, self._manifest, name, number)
            )
        return found

    def forget(self, number: int) -> None:
        """The frame is finished: let go of its plate."""
        source = self._order.inputs[self._order.main]
        if source.is_still:
            return
        path, at = self._order.path(self._order.main, number), number if source.is_movie else 0
        with self._lock:
            for key in [key for key in self._pictures if (key.path, key.number) == (path, at)]:
                del self._pictures[key]

    def close(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._pictures.clear()
            for movie in self._movies.values():
                movie.close()

    def _other(self, name: str, number: int, view: str) -> Frame:
        kind = self._order.spec.input(name).kind
        colorspace = "data" if kind in ("matte", "data") else self._space_beside(name, number)
        layer = self._order.layers.get(name, "")
        try:
            return _numbered(self._picture(name, number, layer, view, colorspace).frame, number)
        except MissingFrame:
            raise
        except NotFound as error:
            raise InvalidInput(
                f"{self._order.path(name, number).name} cannot be used as the {name}: {error}",
                error.hint.replace("--layer", f"--layer {name}=NAME"),
            ) from error

    def _space_beside(self, name: str, number: int) -> str | None:
        """The plate's space, where it was named, for pictures of its format that say none."""
        path, plate = (self._order.path(each, number) for each in (name, self._order.main))
        movie = self._order.inputs[name].is_movie
        if not self._order.colorspace or movie or not same_format(path, plate):
            return None
        self._stamped(path)
        silent = color.is_undeclared(str(path), Image.open(path).parts[0].attributes)
        return self._order.colorspace if silent else None

    def _picture(
        self, name: str, number: int, layer: str, view: str, colorspace: str | None
    ) -> Picture:
        path = self._order.path(name, number)
        movie = self._order.inputs[name].is_movie
        kind = self._order.spec.input(name).kind
        key = _Key(path, number if movie else 0, layer, view, kind)
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
                return self._pictures[key]
        before = self._stamped(path)
        if movie:
            picture = Picture(None, self._movie(path).frame(number, colorspace))
        elif not layer and kind == "matte" and self._regions:
            picture = Picture(None, Mattes(str(path), self._regions).frame(number))
        else:
            image = Image.open(path)
            seen = view if name == self._order.main or view in image.views else ""
            words = () if layer else self._order.spec.input(name).layers
            if words:
                frame = image.data(words, number, seen)
            elif kind == "matte":
                frame = image.matte(layer, number, seen)
                if path == self._order.path(self._order.main, number) and "A" in frame.channels:
                    alpha = frame.pixels[:, :, frame.index("A")]
                    frame = frame.with_pixels(alpha, channels=("A",))
            else:
                frame = image.frame(layer, colorspace, number, seen)
            picture = Picture(image, frame)
        if path.stat().st_mtime_ns != before.mtime_ns:
            raise UnreadableFile(
                f"{path.name} is being written by somebody else.", "Wait until it is finished."
            )
        with self._lock:
            self._stamps[path] = before
            self._pictures[key] = picture
            self._let_go()
        return picture

    @cached_property
    def _regions(self) -> dict[str, tuple[str, ...]]:
        """The regions that mattes are of, where the take is of a character; else none."""
        from .character.sending import regions_of

        return regions_of(self._order.spec, self._order.values)

    def _movie(self, path: Path) -> Movie:
        from .movie import Movie

        with self._lock:
            if path not in self._movies:
                self._movies[path] = Movie(path)
            return self._movies[path]

    def _stamped(self, path: Path) -> Stamp:
        try:
            return self._manifest.stamp(path)
        except BacklotError:
            raise
        except OSError:
            Image.open(path)  # says in words what is wrong with the file
            raise

    def _let_go(self) -> None:
        used = sum(_bytes(picture) for picture in self._pictures.values())
        while used > _KEPT_BYTES and len(self._pictures) > 1:
            _, oldest = self._pictures.popitem(last=False)
            used -= _bytes(oldest)

    def _check_matte(self, name: str, number: int, matte: Frame) -> None:
        """A matte of another format than the plate would be laid over it in the wrong place."""
        try:
            size = self._plate_size(number)
        except BacklotError:
            return  # told when the plate itself is asked for
        window = matte.display_window
        if (window.width, window.height) != size:
            raise InvalidInput(
                f"{self._order.path(name, number).name} is {window.width}x{window.height}, "
                f"the plate is {size[0]}x{size[1]}.",
                "Render the matte at the plate's format.",
            )

    def _plate_size(self, number: int) -> tuple[int, int]:
        """Width and height of the picture as framed."""
        if self._order.inputs[self._order.main].is_movie:
            window = self.plate(number, self._order.layer).frame.display_window
            return window.width, window.height
        spec = self.image(number).parts[0].spec
        return spec.full_width, spec.full_height


def _numbered(frame: Frame, number: int) -> Frame:
    return frame if frame.number == number else frame.with_pixels(frame.pixels, number=number)


def _bytes(picture: Picture) -> int:
    """About what it holds: the layer, and the file's part that it came from."""
    return 2 * int(picture.frame.pixels.nbytes)
