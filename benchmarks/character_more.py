"""Character Lock with more to go by than one reference and the picture.

More references: the other views of the character in the reference's light, but never the one that
is judged. A chart: a grey card beside the character, rendered by itself and laid over the pictures,
so that it throws no light on the character and none comes back. The diffuse colour that a renderer
writes, given as the plate, of references and shots.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from examples.characters import cast, lights
from examples.characters.cast import Character

from . import character_cases as cases
from . import character_scores as scores
from .character_cases import Case
from .character_scores import Seen
from .figures import Figure

CHART = "chart"
Plate = Callable[[Case, str], Any]
"""Of a case and a light's name, "" for the case's own: a picture as a camera has it."""
Cover = Callable[[Case], Any]


def figures(
    head: str, studio: Any, home: Path, characters: Sequence[Character]
) -> Iterator[Figure]:
    """The verdicts again, each time with one thing more."""
    ways: list[tuple[str, Callable[[Character], list[Seen]]]] = [
        ("four references", lambda one: _with_references(studio, home, one)),
        ("diffuse colour", lambda one: _with_passes(studio, home, one)),
    ]
    if (cases.folder() / CHART).is_dir():
        ways.append(("a chart", lambda one: _with_chart(studio, home, one)))
    for name, way in ways:
        seen = [each for character in characters for each in way(character)]
        main = [s for s in seen if s.case.kind != lights.TWO_COLOUR]
        positive, negative = scores.ranked(main)
        told = scores.rates(main)
        note = ", ".join(
            f"{word} {told[word]:.1f}"
            for word in (
                "found of decided",
                "found of all",
                "false of decided",
                "cannot tell, same",
            )
        )
        area = scores.area(positive, negative)
        yield Figure(f"{head}, {name}: area under ROC", area, "", None, note)
        alarms = scores.false_alarms(positive, negative)
        yield Figure(f"{head}, {name}: false alarms at 90 % found", alarms, "%", None)
        neon = scores.rates(s for s in seen if s.case.kind == lights.TWO_COLOUR)
        note = ", ".join(
            f"{word} {neon[word]:.1f}" for word in ("found of decided", "false of decided")
        )
        silent = neon["cannot tell, same"]
        yield Figure(f"{head}, {name}: two-colour light, cannot tell", silent, "%", None, note)
        yield from _corrected(f"{head}, {name}", main)


def _corrected(head: str, seen: Sequence[Seen]) -> Iterator[Figure]:
    """What changed and was brought back; and what changed in lightness alone."""
    done = [s for s in seen if s.counts and s.verdict == "changed" and np.isfinite(s.before)]
    if told := scores.corrections(done):
        note = f"{told['before']:.2f} to {told['after']:.2f}, halved {told['halved']:.0f} %"
        yield Figure(f"{head}: of the difference left", told["ratio"], "%", None, note)
        alone = [s for s in seen if s.lightness_only]
        found = 100 * sum(s.verdict == "changed" for s in alone) / max(1, len(alone))
        yield Figure(f"{head}: lightness alone, found", found, "%", None, f"of {len(alone)}")


def _with_references(studio: Any, home: Path, character: Character) -> list[Seen]:
    looks = {view: _looks(studio, home, character, view) for view in character.views}
    seen = []
    for view in character.views:
        if view != cast.REFERENCE:
            sent = {**looks[view], "references": [
                {**looks[other]["references"][0], "id": other}
                for other in character.views
                if other != view
            ]}  # fmt: skip
            every = [case for case in cases.cases(character) if case.view == view]
            seen += _seen(studio, json.dumps(sent), character, every, _plate, _cover)
    return seen


def _with_passes(studio: Any, home: Path, character: Character) -> list[Seen]:
    """It hangs on no light: judged once, and that counts in each. Corrected to what it would be."""
    from .character import through

    sent = json.dumps(_looks(studio, home, character, cast.REFERENCE, _diffuse))
    every = [case for case in cases.cases(character) if case.light == "day"]
    found = []
    told = through(studio, sent, every, _diffuse, _cover, "lock", diffuse=True)
    for number, made, measured in told:
        case = every[number]
        cover = _cover(case)
        for region in cases.shown(case):
            apart = (float("nan"),) * 2
            inside = cover.pixels[..., cover.channels.index(region)] > 0.98
            if region in case.drift and inside.any():
                truth = _diffuse(replace(case, variant="clean"), "").astype(np.float32)
                before = _diffuse(case, "").astype(np.float32)
                apart = tuple(scores.apart(p, truth, truth, inside) for p in (before, made))
            found += [
                Seen(replace(case, light=light), region, measured[region], *apart)
                for light in lights.LIGHTS
            ]
    return found


def _with_chart(studio: Any, home: Path, character: Character) -> list[Seen]:
    sent = _looks(studio, home, character, cast.REFERENCE, _beside_chart, _with_card, (CHART,))
    every = list(cases.cases(character))
    text = json.dumps(sent)
    seen = _seen(studio, text, character, every, _beside_chart, _with_card)
    return seen


def _looks(
    studio: Any,
    home: Path,
    character: Character,
    view: str,
    plate: Plate | None = None,
    cover: Cover | None = None,
    fixed: tuple[str, ...] = (),
) -> dict[str, Any]:
    """What the product sends of a character whose one reference is a view in its own light."""
    from backlot import Frame
    from backlot.character import folder, references
    from backlot.character.sending import sent

    case = Case(character, view, "clean", "day")
    at = home / f"{character.name}.{view}.{(plate or _plate).__name__}"
    made = folder.new(at, character.name, list(character.cloths), fixed=fixed)
    frame = Frame((plate or _plate)(case, "reference"), number=0)
    references.add(made, frame, (cover or _cover)(case), shot="reference")
    return dict(json.loads(sent(studio, at, "check")))


def _seen(
    studio: Any, sent: str, character: Character, every: Sequence[Case], plate: Plate, cover: Cover
) -> list[Seen]:
    from .character import through

    found = []
    for number, _, measured in through(studio, sent, every, plate, cover, "check"):
        case = every[number]
        found += [Seen(case, region, measured[region]) for region in cases.shown(case)]
    return found


def _plate(case: Case, light: str) -> Any:
    if not light:
        return case.plate()
    return lights.plate(case.picture(light), f"{case.character.name} {case.view} {light}")


def _cover(case: Case) -> Any:
    return cases.mattes(case.path, tuple(case.character.cloths))


def _diffuse(case: Case, light: str) -> Any:
    import OpenImageIO as oiio  # noqa: N813

    source = oiio.ImageBuf(str(case.path))
    names = list(source.spec().channelnames)
    at = [names.index(f"ViewLayer.DiffCol.{channel}") for channel in "RGB"]
    return lights.scene(source.get_pixels(oiio.FLOAT)[..., at]).astype(np.float16)


def _card(case: Case) -> Path:
    name = f"{'frozen.' if case.character.frozen else ''}{case.view}.exr"
    return cases.folder() / CHART / name


@cache
def _card_cover(path: Path) -> Any:
    cover = cases.mattes(path, (CHART,))
    return cover.pixels[..., cover.channels.index(CHART)].astype(np.float32)


def _beside_chart(case: Case, light: str) -> Any:
    card, over = cases.lit(_card(case), light or case.light), _card_cover(_card(case))[..., None]
    picture = case.picture(light) * (1 - over) + card * over
    return lights.plate(picture, f"{case.path.parent.name}.{case.path.stem}.{light or case.light}")


def _with_card(case: Case) -> Any:
    cover, over = _cover(case), _card_cover(_card(case))[..., None]
    pixels = np.concatenate([cover.pixels * (1 - over), over], axis=-1)
    whole = cover.channels.index("A")
    pixels[..., whole] = np.maximum(pixels[..., whole], over[..., 0])
    channels = (*cover.channels, CHART)
    return cover.with_pixels(pixels.astype(np.float16), channels=channels)
