"""What our trees look like: nodes evaluated over OpenImageIO and numpy, in float.

Rows are top first, as in the file. A window is (x, y, width, height) in the file's coordinates,
in which the format begins at 0, 0; Nuke itself counts rows from the bottom.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813

_PARTS = {"R": "red", "G": "green", "B": "blue", "A": "alpha", "Z": "Z"}
_SHORT = {"red": "R", "green": "G", "blue": "B", "alpha": "A"}
_SETS = {
    "rgb": ("rgba.red", "rgba.green", "rgba.blue"),
    "rgba": ("rgba.red", "rgba.green", "rgba.blue", "rgba.alpha"),
    "alpha": ("rgba.alpha",),
}


class NodeError(RuntimeError):
    """The node is red, and so is all below it."""


@dataclass(frozen=True)
class Image:
    """planes: channel -> (height, width) of the data window."""

    planes: dict[str, Any]
    window: tuple[int, int, int, int]
    format: tuple[int, int]
    aspect: float = 1.0
    metadata: dict[str, Any] = field(default_factory=dict)

    def over(self, window: tuple[int, int, int, int], name: str) -> Any:
        """A channel over another window: black where this image has nothing."""
        x, y, w, h = window
        out = np.zeros((h, w), np.float32)
        plane = self.planes.get(name)
        if plane is None:
            return out
        mx, my, mw, mh = self.window
        x0, y0, x1, y1 = max(x, mx), max(y, my), min(x + w, mx + mw), min(y + h, my + mh)
        if x1 > x0 and y1 > y0:
            out[y0 - y : y1 - y, x0 - x : x1 - x] = plane[y0 - my : y1 - my, x0 - mx : x1 - mx]
        return out


def union(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, int, int, int]:
    x, y = min(a[0], b[0]), min(a[1], b[1])
    return x, y, max(a[0] + a[2], b[0] + b[2]) - x, max(a[1] + a[3], b[1] + b[3]) - y


def chosen(mask: str, there: Any) -> list[str]:
    """Channels that a channel knob stands for."""
    if mask == "all":
        return list(there)
    found: list[str] = []
    for word in mask.split():
        found += _SETS.get(word) or [n for n in there if n == word or n.split(".")[0] == word]
    return found


def load(path: str) -> Image:
    source = oiio.ImageInput.open(path)
    if source is None:
        oiio.geterror()
        raise NodeError(f"{path}: Read error: No such file or directory")
    spec = source.spec()
    pixels = source.read_image("float")
    source.close()
    planes = {nuke_name(name): pixels[:, :, at] for at, name in enumerate(spec.channelnames)}
    aspect = spec.get_float_attribute("PixelAspectRatio", 1.0)
    window = (
        spec.x - spec.full_x, spec.y - spec.full_y, spec.width, spec.height
    )  # fmt: skip
    kept = {a.name: a.value for a in spec.extra_attribs}
    return Image(planes, window, (spec.full_width, spec.full_height), aspect, kept)


def save(path: str, image: Image, names: list[str], half: bool) -> None:
    x, y, w, h = image.window
    spec = oiio.ImageSpec(w, h, len(names), "half" if half else "float")
    spec.x, spec.y = x, y
    spec.full_width, spec.full_height = image.format
    spec.channelnames = tuple(file_name(name) for name in names)
    spec.attribute("PixelAspectRatio", image.aspect)
    spec.attribute("compression", "zips")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    out = oiio.ImageOutput.create(path)
    if not out.open(path, spec):
        raise NodeError(out.geterror())
    stacked = np.stack([image.planes[name] for name in names], axis=-1).astype(np.float32)
    out.write_image(np.ascontiguousarray(stacked))
    out.close()


def nuke_name(name: str) -> str:
    layer, _, part = name.rpartition(".")
    part = _PARTS.get(part, part)
    return f"{layer or ('depth' if part == 'Z' else 'rgba')}.{part}"


def file_name(name: str) -> str:
    layer, part = name.split(".")
    part = _SHORT.get(part, part)
    return part if layer in ("rgba", "depth") else f"{layer}.{part}"


class Pixels:
    """The engine of one simulated Nuke: `host.pixels = Pixels(host)`."""

    def __init__(self, host: Any) -> None:
        self.host = host

    def size(self, node: Any, frame: float) -> tuple[int, int]:
        image = self.image(node, int(frame), self.host.views[0])
        return image.format

    def write(self, node: Any, frame: int, view: str) -> None:
        image = self.image(node.input(0), frame, view)
        if image is None or node.input(0) is None:
            raise NodeError("Write: no input")
        names = [n for n in chosen(node["channels"].value(), image.planes) if n in image.planes]
        if not names:
            raise NodeError("Write: no channels to write")
        assert node["raw"].value(), "the simulator writes raw pixels only"
        path = self._path(node, frame, view)
        save(path, image, _ordered(names), node["datatype"].value().startswith("16"))

    def image(self, node: Any, frame: int, view: str) -> Image:
        if node is None:
            raise NodeError("no input")
        if node["disable"]._number(frame) and node.input(0) is not None:
            return self.image(node.input(0), frame, view)
        kind = node._kind
        work = getattr(self, "_" + kind.lower(), None)
        if work is None and hasattr(node, "_children"):
            work = self._group
        if work is None:
            raise NodeError(f"{kind} is not simulated")
        return work(node, frame, view)

    def _path(self, node: Any, frame: int, view: str) -> str:
        text = node["file"]._evaluated(frame).replace("%V", view).replace("%v", view[:1])
        return self.host._framed(text, frame)

    def _in(self, node: Any, number: int, frame: int, view: str) -> Image:
        return self.image(node.input(number), frame, view)

    def _value(self, node: Any, knob: str, frame: int) -> float:
        return float(node[knob]._number(frame))

    # ---- sources

    def _group(self, node: Any, frame: int, view: str) -> Image:
        output = node.output()
        if output is None:
            raise NodeError(node.name() + " has no Output")
        return self.image(output, frame, view)

    def _input(self, node: Any, frame: int, view: str) -> Image:
        return self._in(node._parent, int(node["number"].value()), frame, view)

    def _read(self, node: Any, frame: int, view: str) -> Image:
        first, last = (int(self._value(node, name, frame)) for name in ("first", "last"))
        path = self._path(node, min(max(frame, first), last), view)
        try:
            image = load(path)
        except NodeError:
            if node["on_error"].value() == "error":
                raise
            width, height = self._root_format()
            black = {n: np.zeros((height, width), np.float32) for n in _SETS["rgba"]}
            return Image(black, (0, 0, width, height), (width, height))
        return self._proxied(image)

    def _proxied(self, image: Image) -> Image:
        if not self.host._root.proxy():
            return image
        x, y = image.window[:2]
        planes = {name: plane[::2, ::2] for name, plane in image.planes.items()}
        shape = next(iter(planes.values())).shape
        half = (image.format[0] // 2, image.format[1] // 2)
        return replace(image, planes=planes, window=(x // 2, y // 2, shape[1], shape[0]),
                       format=half)  # fmt: skip

    def _root_format(self) -> tuple[int, int]:
        words = self.host._root["format"].value().split()
        return int(words[0]), int(words[1])

    def _constant(self, node: Any, frame: int, view: str) -> Image:
        width, height = self._root_format()
        color = [node["color"]._number(frame, n) for n in range(4)]
        planes = {
            name: np.full((height, width), value, np.float32)
            for name, value in zip(_SETS["rgba"], color, strict=True)
        }
        return self._proxied(Image(planes, (0, 0, width, height), (width, height)))

    def _checkerboard2(self, node: Any, frame: int, view: str) -> Image:
        width, height = self._root_format()
        rows, columns = np.mgrid[0:height, 0:width] // 8
        plane = ((rows + columns) % 2).astype(np.float32)
        planes = dict.fromkeys(_SETS["rgba"], plane)
        return self._proxied(Image(planes, (0, 0, width, height), (width, height)))

    # ---- one in, one out

    def _output(self, node: Any, frame: int, view: str) -> Image:
        return self._in(node, 0, frame, view)

    _dot = _noop = _output

    def _expression(self, node: Any, frame: int, view: str) -> Image:
        image = self._in(node, 0, frame, view)
        if node["expr3"].value() != "a>0":
            raise NodeError("only a>0 is simulated")
        alpha = image.over(image.window, "rgba.alpha")
        return replace(image, planes={**image.planes, "rgba.alpha": (alpha > 0) * np.float32(1)})

    def _multiply(self, node: Any, frame: int, view: str) -> Image:
        image = self._in(node, 0, frame, view)
        by = np.float32(self._value(node, "value", frame))
        names = chosen(node["channels"].value(), image.planes)
        return replace(
            image, planes={n: p * by if n in names else p for n, p in image.planes.items()}
        )

    def _dilate(self, node: Any, frame: int, view: str) -> Image:
        image = self._in(node, 0, frame, view)
        reach = int(self._value(node, "size", frame))
        planes = dict(image.planes)
        x, y, w, h = image.window
        window = (x - reach, y - reach, w + 2 * reach, h + 2 * reach)
        for name in planes:
            plane = image.over(window, name)
            if name in chosen(node["channels"].value(), planes):
                plane = _maximum(_maximum(plane, reach).T, reach).T
            planes[name] = plane
        return replace(image, planes=planes, window=window)

    def _remove(self, node: Any, frame: int, view: str) -> Image:
        image = self._in(node, 0, frame, view)
        names = chosen(node["channels"].value(), image.planes)
        keep = node["operation"].value() == "keep"
        return replace(
            image, planes={n: p for n, p in image.planes.items() if (n in names) == keep}
        )

    def _crop(self, node: Any, frame: int, view: str) -> Image:
        """box counts rows from the bottom."""
        image = self._in(node, 0, frame, view)
        x, y, r, t = (int(node["box"]._number(frame, n)) for n in range(4))
        window = (x, image.format[1] - t, r - x, t - y)
        planes = {name: image.over(window, name) for name in image.planes}
        if node["reformat"].value():
            return replace(image, planes=planes, window=(0, 0, r - x, t - y), format=(r - x, t - y))
        return replace(image, planes=planes, window=window)

    def _reformat(self, node: Any, frame: int, view: str) -> Image:
        image = self._in(node, 0, frame, view)
        assert node["type"].value() == "to box", "only a box is simulated"
        width, height = (int(self._value(node, "box_" + n, frame)) for n in ("width", "height"))
        if (width, height) == image.format:
            return image
        sx, sy = width / image.format[0], height / image.format[1]
        x, y, w, h = image.window
        window = (round(x * sx), round(y * sy), max(1, round(w * sx)), max(1, round(h * sy)))
        rows = np.minimum((np.arange(window[3]) / sy).astype(int), h - 1)
        columns = np.minimum((np.arange(window[2]) / sx).astype(int), w - 1)
        planes = {n: p[np.ix_(rows, columns)] for n, p in image.planes.items()}
        return replace(image, planes=planes, window=window, format=(width, height))

    def _shuffle(self, node: Any, frame: int, view: str) -> Image:
        image = self._in(node, 0, frame, view)
        layer, out = node["in"].value(), node["out"].value()
        planes = dict(image.planes)
        for part in ("red", "green", "blue", "alpha"):
            given = node[part].value()
            planes[f"{out}.{part}"] = (
                np.ones_like(next(iter(image.planes.values())))
                if given == "white"
                else image.over(image.window, f"{layer}.{given}")
            )
        return replace(image, planes=planes)

    # ---- many in

    def _switch(self, node: Any, frame: int, view: str) -> Image:
        which = int(self._value(node, "which", frame))
        return self._in(node, min(max(which, 0), node.inputs() - 1), frame, view)

    def _copy(self, node: Any, frame: int, view: str) -> Image:
        b, a = self._in(node, 0, frame, view), self._in(node, 1, frame, view)
        window = union(b.window, a.window)
        planes = {name: b.over(window, name) for name in b.planes}
        planes[_full(node["to0"].value())] = a.over(window, _full(node["from0"].value()))
        return replace(b, planes=planes, window=window)

    def _merge2(self, node: Any, frame: int, view: str) -> Image:
        b, a = self._in(node, 0, frame, view), self._in(node, 1, frame, view)
        window, planes = union(b.window, a.window), {}
        alpha = a.over(window, "rgba.alpha")
        for name in {**b.planes, **a.planes}:
            top, under = a.over(window, name), b.over(window, name)
            operation = node["operation"].value()
            planes[name] = {
                "over": lambda t=top, u=under: t + u * (1 - alpha),
                "plus": lambda t=top, u=under: t + u,
                "multiply": lambda t=top, u=under: t * u,
                "copy": lambda t=top, u=under: t,
            }[operation]()
        return replace(b, planes=planes, window=window)

    def _keymix(self, node: Any, frame: int, view: str) -> Image:
        """B where the mask is 0, to the bit; A where it is 1."""
        b, a = self._in(node, 0, frame, view), self._in(node, 1, frame, view)
        sides = {"B side": b.window, "A side": a.window}
        window = sides.get(node["bbox"].value()) or union(b.window, a.window)
        mask = np.zeros((window[3], window[2]), np.float32)
        if node.input(2) is not None:
            mask = self._in(node, 2, frame, view).over(window, _full(node["maskChannel"].value()))
        planes = {name: b.over(window, name) for name in b.planes}
        for name in chosen(node["channels"].value(), {**b.planes, **a.planes}):
            under, top = b.over(window, name), a.over(window, name)
            with np.errstate(invalid="ignore"):
                mixed = under * (1 - mask) + top * mask
            planes[name] = np.where(mask == 0, under, np.where(mask == 1, top, mixed))
        return replace(b, planes=planes, window=window)


def _full(name: str) -> str:
    return "rgba.alpha" if name == "alpha" else name


def _maximum(plane: Any, reach: int) -> Any:
    """Along columns: the largest within `reach` on either side."""
    padded = np.pad(plane, ((0, 0), (reach, reach)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=1)
    return windows.max(axis=-1)


def _ordered(names: list[str]) -> list[str]:
    order = {"red": 0, "green": 1, "blue": 2, "alpha": 3}
    return sorted(names, key=lambda n: (n.split(".")[0] != "rgba", n.split(".")[0],
                                        order.get(n.split(".")[1], 9)))  # fmt: skip
