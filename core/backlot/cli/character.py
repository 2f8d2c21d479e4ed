"""`backlot character`: make characters, check shots against them, bring back what drifted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .say import emit, guarded, stdout

if TYPE_CHECKING:
    from ..character.folder import Character

_Json = Annotated[
    bool, typer.Option("--json", metavar="", help="Answer as JSON.", show_default=False)
]
_Folder = Annotated[str, typer.Argument(metavar="CHARACTER", help="The character's folder.")]
_Mattes = Annotated[
    str,
    typer.Option(
        metavar="FILES",
        help="Mattes: a file for each region (roto.{region}.####.exr), layers, or Cryptomatte. "
        "Without: those in the plate.",
    ),
]
_Costume = Annotated[str, typer.Option(metavar="NAME", help="Which costume is worn.")]
_Diffuse = Annotated[
    bool,
    typer.Option(
        "--diffuse",
        metavar="",
        help="The plates, and the references, are a renderer's diffuse colour.",
        show_default=False,
    ),
]
_Range = Annotated[str, typer.Option("--range", metavar="FRAMES", help="As 1001-1040.")]


def group() -> typer.Typer:
    """The command `character` with its own sub-commands."""
    app = typer.Typer(
        help="Characters: make, check and lock their look.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for command in (new, suggest, carry, add, consent, list_, show, check, calibrate, lock, report):
        app.command(command.__name__.rstrip("_"))(guarded(command))
    return app


def new(
    folder: _Folder,
    region: Annotated[
        list[str],
        typer.Option(metavar="NAME", help="A region, as face or coat=hero/coat* (Cryptomatte)."),
    ],
    fixed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="What cannot change and tells the light: a chart, a prop."
        ),
    ] = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="Without: the folder's.")] = "",
    notes: Annotated[str, typer.Option(metavar="TEXT", help="Anything to know.")] = "",
    as_json: _Json = False,
) -> int:
    """Make a character's folder. Give it at least three regions of different colours."""
    from ..character import folder as folders

    made = folders.new(folder, name, region, notes, fixed or ())
    _told(made, f"{made.name} is made: {made.folder}", as_json)
    return 0


def add(
    folder: _Folder,
    plate: Annotated[str, typer.Argument(metavar="PLATE", help="A frame, or a sequence.")],
    mattes: _Mattes = "",
    frame: Annotated[int, typer.Option(metavar="NUMBER", help="Which frame of it.")] = -1,
    shot: Annotated[str, typer.Option(metavar="NAME", help="Where it is from.")] = "",
    costume: _Costume = "",
    light: Annotated[str, typer.Option(metavar="TEXT", help="As dusk, or key left.")] = "",
    view: Annotated[str, typer.Option(metavar="TEXT", help="As front, or side.")] = "",
    notes: Annotated[str, typer.Option(metavar="TEXT", help="Anything to know.")] = "",
    as_json: _Json = False,
) -> int:
    """Add a reference: a frame in which the character looks as it should."""
    from ..character import adding

    made = adding.add_frame(
        folder,
        plate,
        mattes,
        frame,
        {"shot": shot, "costume": costume, "light": light, "view": view, "notes": notes},
    )
    if as_json:
        emit({"reference": made.id, "folder": str(made.folder), "regions": list(made.regions)})
    else:
        print(f"{made.id}: {', '.join(made.regions)}")
    return 0


def suggest(
    plate: Annotated[str, typer.Argument(metavar="PLATE", help="A frame, or a sequence.")],
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILE", help="As regions.exr.")],
    matte: Annotated[
        str, typer.Option(metavar="FILES", help="Of the whole character; without: its alpha.")
    ] = "",
    frame: Annotated[int, typer.Option(metavar="NUMBER", help="Which frame of it.")] = -1,
    region: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=PARTS", help="As face=1,4: what a region is made of."),
    ] = None,
    as_json: _Json = False,
) -> int:
    """Find parts of one colour in one matte: look at the picture, name them, get mattes of them."""
    from . import character_work

    return character_work.suggest(plate, matte, frame, out, region or [], as_json)


def carry(
    folder: _Folder,
    plate: Annotated[str, typer.Argument(metavar="PLATE", help="A sequence.")],
    frame: Annotated[int, typer.Option(metavar="NUMBER", help="Which frame has mattes.")],
    out: Annotated[str, typer.Option("--out", "-o", metavar="FILES", help="As m.####.exr.")],
    mattes: _Mattes = "",
    frames: _Range = "",
    as_json: _Json = False,
) -> int:
    """Carry the mattes of one frame along its shot; say where they have to be looked at."""
    from . import character_work

    return character_work.carry(folder, plate, mattes, frame, out, frames, as_json)


def consent(
    folder: _Folder,
    holder: Annotated[str, typer.Option(metavar="NAME", help="Who agreed.")] = "",
    agreement: Annotated[
        str, typer.Option(metavar="FILE", help="What was signed; its hash is kept.")
    ] = "",
    allow: Annotated[
        list[str] | None, typer.Option(metavar="USE", help="check, lock or face-embedding.")
    ] = None,
    production: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Where; without: in all.")
    ] = None,
    begins: Annotated[str, typer.Option("--from", metavar="DAY", help="As 2026-11-21.")] = "",
    ends: Annotated[str, typer.Option("--until", metavar="DAY", help="As 2027-11-21.")] = "",
    revoke: Annotated[str, typer.Option(metavar="DAY", help="Nothing from this day on.")] = "",
    as_json: _Json = False,
) -> int:
    """Write down what the performer, or who holds the rights, agreed to; or that it is revoked."""
    from ..character import adding

    made = adding.record_consent(
        folder, holder, agreement, allow, production, (begins, ends, revoke)
    )
    assert made.consent is not None
    _told(made, f"{made.consent.holder}: {_state(made)}", as_json)
    return 0


def list_(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Where characters are.")] = ".",
    as_json: _Json = False,
) -> int:
    """The characters in a folder."""
    from rich.markup import escape

    from ..character.sending import library
    from .server import table

    found = library(folder)
    if as_json:
        emit({"characters": found})
        return 0
    rows = table("Character", "Regions", "References", "Costumes", "Consent")
    for each in found:
        if "problem" in each:
            rows.add_row(escape(each["name"]), f"[red]{escape(each['problem'])}[/]", "", "", "")
            continue
        cells = (", ".join(each["regions"]), str(each["references"]), ", ".join(each["costumes"]))
        rows.add_row(escape(each["name"]), *cells, each["consent"])
    stdout().print(rows if found else "No characters are here: `backlot character new`.")
    return 0


def show(folder: _Folder, as_json: _Json = False) -> int:
    """All about one character: regions, references, consent."""
    from dataclasses import asdict

    from ..character import faces
    from ..character.folder import load
    from ..character.references import read_all
    from .server import table

    character = load(folder)
    faces.forget_what_ended(character)
    references = read_all(character)
    if as_json:
        listed = [
            {**asdict(each), "folder": str(each.folder), "id": each.id} for each in references
        ]
        emit({**character.fields(), "folder": str(character.folder), "references": listed})
        return 0
    console = stdout()
    console.print(f"[bold]{character.name}[/]  {character.folder}", highlight=False)
    if character.notes:
        console.print(character.notes, markup=False)
    console.print(f"regions: {', '.join(character.regions)}; changed from {character.threshold} dE")
    if fixed := [name for name, region in character.regions.items() if region.fixed]:
        console.print(f"the light is told by: {', '.join(fixed)}")
    console.print(f"consent: {_state(character)}")
    if measured := faces.kept(character):
        console.print(f"face: measured of {measured} references")
    if character.calibration is not None:
        console.print(f"calibrated on {character.calibration.shots} shots")
    if references:
        rows = table("Reference", "Shot", "Frame", "Costume", "Light", "View", "Regions")
        for one in references:
            cells = (one.id, one.shot, str(one.number), one.costume, one.light, one.view)
            rows.add_row(*cells, ", ".join(one.regions))
        console.print(rows)
    return 0


def check(
    folder: _Folder,
    shots: Annotated[
        str, typer.Argument(metavar="SHOTS", help="A plate, a folder, a .csv or an .otio.")
    ],
    out: Annotated[str, typer.Option("--out", "-o", metavar="FOLDER", help="For the results.")],
    mattes: _Mattes = "",
    costume: _Costume = "",
    clip: Annotated[
        float, typer.Option(metavar="VALUE", help="Where the camera clips; 0: nowhere.")
    ] = 0.0,
    diffuse: _Diffuse = False,
    force: Annotated[bool, typer.Option("--force", metavar="", help="Measure all again.")] = False,
    as_json: _Json = False,
) -> int:
    """Check shots. Ends with 0: unchanged, 10: changed, 11: not all could be told."""
    from . import character_work

    return character_work.check(folder, shots, out, mattes, costume, clip, diffuse, force, as_json)


def calibrate(
    folder: _Folder,
    shots: Annotated[
        str, typer.Argument(metavar="SHOTS", help="Shots that are right, as for check.")
    ] = "",
    mattes: _Mattes = "",
    clear: Annotated[bool, typer.Option("--clear", metavar="", help="Take it back.")] = False,
    as_json: _Json = False,
) -> int:
    """Say that these shots are right: the check learns how far off it is in this show's light."""
    from . import character_work

    return character_work.calibrate(folder, shots, mattes, clear, as_json)


def lock(
    folder: _Folder,
    shots: Annotated[
        str, typer.Argument(metavar="SHOTS", help="A plate, a folder, a .csv or an .otio.")
    ],
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FILES", help="As {shot}/locked.####.exr.")
    ],
    mattes: _Mattes = "",
    costume: _Costume = "",
    only: Annotated[str, typer.Option(metavar="REGIONS", help="With commas between.")] = "",
    strength: Annotated[float, typer.Option(metavar="NUMBER", help="0 to 1.")] = 1.0,
    frames: _Range = "",
    clip: Annotated[float, typer.Option(metavar="VALUE", help="Where the camera clips.")] = 0.0,
    diffuse: _Diffuse = False,
    network: Annotated[
        str, typer.Option(metavar="NAME", help="What redraws texture that colour cannot mend.")
    ] = "off",
    redraw: Annotated[
        str, typer.Option(metavar="REGIONS", help="Those that it redraws, drifted or not.")
    ] = "",
    as_json: _Json = False,
) -> int:
    """Bring back what changed, and nothing else; write a CDL of it beside the take."""
    from . import character_work

    given = {"costume": costume, "only": only, "strength": strength, "clip": clip}
    given |= {"diffuse": diffuse, "network": network, "redraw": redraw}
    return character_work.lock(folder, shots, out, mattes, frames, given, as_json)


def report(
    folder: Annotated[str, typer.Argument(metavar="RESULTS", help="What check wrote.")],
    as_json: _Json = False,
) -> int:
    """Make the report of a check again: HTML, contact sheet, JSON and timeline markers."""
    from . import character_work

    return character_work.report(folder, as_json)


def _state(character: Character) -> str:
    from ..character.sending import consent_state

    return consent_state(character)


def _told(character: Character, words: str, as_json: bool) -> None:
    if as_json:
        emit({**character.fields(), "folder": str(character.folder)})
    else:
        print(words)
