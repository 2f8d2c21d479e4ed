"""Render the example shots as Blender's own multilayer files; runs inside Blender's Python.

`make_shots.py` calls this and makes the plain files of it.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import bpy
from mathutils import Euler

sys.path.insert(0, str(Path(__file__).parent))

import scene

FIRST, COUNT = 1001, 24


@dataclass(frozen=True)
class Shot:
    """What moves. Angles in degrees, lengths in metres; `along` runs from 0 to 1 over the shot."""

    name: str
    walk: tuple[float, float] = (-1.9, 1.9)
    depth: float = 4.2
    pan: float = 0.0
    dolly: float = 0.0
    push: float = 0.0
    shake: float = 0.0
    flicker: float = 0.0
    blur: bool = False
    movers: bool = False


SHOTS = (
    Shot("static"),
    Shot("pan", pan=14.0),
    Shot("handheld", walk=(-1.2, 1.2), shake=1.0),
    Shot("flicker", flicker=1.0),
    Shot("dolly", walk=(-0.1, 0.1), dolly=1.6),
    Shot("dynamic", walk=(-0.6, 0.6), movers=True),
    Shot("covered", walk=(0.7, 0.75), depth=7.4, push=0.8),
    Shot("whip", walk=(-0.9, 0.9), pan=10.0, shake=1.5, blur=True),
)


def wobble(seed: int, at: float) -> float:
    """A smooth random course, about -1 to 1; `at` in frames."""
    rng = random.Random(seed)
    waves = [(rng.uniform(0.08, 0.6), rng.uniform(0, 6.3), rng.uniform(0.3, 1)) for _ in range(4)]
    return sum(a * math.sin(w * at + p) for w, p, a in waves) / 2


def pose(shot: Shot, world: scene.World, number: int) -> None:
    """Key everything that moves at one frame, and before and after it for motion blur."""
    for at in (number - 1, number, number + 1):
        along = (at - FIRST) / (COUNT - 1)
        frame = at - FIRST
        camera = world.camera
        camera.location = (
            shot.dolly * (along - 0.5) + 0.05 * shot.shake * wobble(1, frame),
            shot.push * along + 0.04 * shot.shake * wobble(2, frame),
            1.5 + 0.05 * shot.shake * wobble(3, frame),
        )
        turn = (
            math.radians(90 + 0.9 * shot.shake * wobble(4, frame)),
            math.radians(0.6 * shot.shake * wobble(5, frame)),
            math.radians(shot.pan * (0.5 - along) + 1.2 * shot.shake * wobble(6, frame)),
        )
        camera.rotation_euler = Euler(turn)
        start, end = shot.walk
        world.figure.location = (start + (end - start) * along, shot.depth, 0)
        step = math.sin(along * 20) if end - start > 1 else 0.2 * math.sin(along * 6)
        world.swing(step)
        world.move(along if shot.movers else None)
        for thing in (camera, world.figure, *world.limbs, *world.movers):
            thing.keyframe_insert("location", frame=at)
            thing.keyframe_insert("rotation_euler", frame=at)


def render(shot: Shot, folder: Path, width: int, samples: int, dressing: str) -> None:
    """All frames of a shot; frames that are there already are not made again."""
    folder.mkdir(parents=True, exist_ok=True)
    world = scene.build(width, samples, dressing)
    for number in range(FIRST - 1, FIRST + COUNT + 1):
        pose(shot, world, number)
    bpy.context.scene.render.use_motion_blur = shot.blur
    cameras = []
    for number in range(FIRST, FIRST + COUNT):
        bpy.context.scene.frame_set(number)
        light(shot, world, number)
        cameras.append(camera_at(world, number))
        if (folder / f"clean.{number}.exr").exists():
            continue
        scene.render_figure(world, folder / f"figure.{number}.raw.exr")
        scene.render_clean(world, folder / f"clean.{number}.raw.exr")
        print(f"rendered {folder} {number}", flush=True)
    (folder / "camera.json").write_text(json.dumps(cameras, indent=1) + "\n")


def light(shot: Shot, world: scene.World, number: int) -> None:
    """The sun on this frame; light is not keyed."""
    rng = random.Random(number)
    change = 0.3 * math.sin(0.9 * (number - FIRST)) + 0.15 * rng.uniform(-1, 1)
    world.sun.energy = world.sun_energy * (1 + shot.flicker * change)


def camera_at(world: scene.World, number: int) -> dict[str, object]:
    camera = world.camera
    return {
        "frame": number,
        "matrix_world": [[round(v, 9) for v in row] for row in camera.matrix_world],
        "focal_mm": camera.data.lens,
        "sensor_mm": camera.data.sensor_width,
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--shots", nargs="*", default=[shot.name for shot in SHOTS])
    parser.add_argument("--width", type=int, default=960)
    parser.add_argument("--samples", type=int, default=24)
    parser.add_argument("--dressing", choices=scene.DRESSINGS, default="plaster")
    arguments = parser.parse_args()
    for shot in SHOTS:
        if shot.name in arguments.shots:
            folder = arguments.out / shot.name
            render(shot, folder, arguments.width, arguments.samples, arguments.dressing)
            print(f"{shot.name}: done", flush=True)


if __name__ == "__main__":
    main()
