"""Render the characters that Character Lock is measured on: ten people in five views, drifting.

`make bpy`, then `python examples/characters/make_characters.py OUT [--characters ada bo]`.
Everything is procedural. The README says what lies in OUT afterwards; what is there is not rendered
again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from cast import CAST, drifts

HERE = Path(__file__).resolve().parent
BLENDER = HERE.parents[1] / ".cache" / "bpy-4.5.15" / "bin" / "python"


def tell(out: Path) -> None:
    """OUT/drift.json: what changed in which variant, and by how much."""
    told = {
        each.name: {
            f"d{at}": {region: asdict(drift) for region, drift in variant.items()}
            for at, variant in enumerate(drifts(each))
        }
        for each in CAST
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "drift.json").write_text(json.dumps(told, indent=1) + "\n")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--blender", type=Path, default=BLENDER, help="a Python that has bpy 4.5")
    arguments, rest = parser.parse_known_args()
    tell(arguments.out)
    command = [str(arguments.blender), str(HERE / "render.py"), str(arguments.out), *rest]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as blender:
        last: list[str] = []
        for line in blender.stdout or ():
            last = [*last[-20:], line]
            if line.startswith("rendered "):
                print(line, end="", flush=True)
    if blender.returncode:
        print("".join(last), file=sys.stderr)
    sys.exit(blender.returncode)


if __name__ == "__main__":
    main()
