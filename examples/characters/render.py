"""Render the characters as Blender's own multilayer files; runs inside Blender's Python.

One file holds each light by itself (a light group a light), from which `lights.py` makes any light,
and Cryptomatte by material, called as the regions. Drift is in the material when it is rendered, so
highlights, shadows and light thrown back are those of the drifted character.
"""

from __future__ import annotations

import argparse
import math
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import bpy
from mathutils import Vector

sys.path.insert(0, str(Path(__file__).parent))

import figure
from cast import (
    CAST,
    FROZEN_VIEWS,
    REFERENCE,
    VIEWS,
    Character,
    Colour,
    Pose,
    View,
    drifts,
)

GROUPS = ("key", "other", "fill", "rim", "sky")
WIDE, TALL = 208, 304
FRAMES = 14
"""Of each character walking."""
CARD, GREY = 0.16, (0.2, 0.2, 0.2)
"""A chart beside the character: its side, and what it is painted with."""
# Where lamps are against the camera: degrees around the figure, height, distance, size, watts.
LAMPS = {
    "key": (42, 2.5, 3.0, 0.7, 95), "other": (-52, 2.2, 3.0, 0.7, 95),
    "fill": (-15, 2.4, 3.6, 2.2, 130), "rim": (158, 2.5, 2.4, 0.5, 60),
}  # fmt: skip
FROZEN_LAMPS = {
    "key": (30, 2.0, 2.8, 1.0, 90), "other": (-68, 2.7, 3.2, 0.5, 105),
    "fill": (8, 3.0, 3.4, 1.8, 120), "rim": (-150, 2.3, 2.5, 0.6, 60),
}  # fmt: skip


def render(character: Character, folder: Path, samples: int) -> None:
    """All views and variants of a character; files that are there are not made again."""
    folder.mkdir(parents=True, exist_ok=True)
    variants = [{}, *drifts(character)]
    for name, view in character.views.items():
        todo = {}
        for number, variant in enumerate(variants):
            if name == REFERENCE and variant:
                continue
            called = f"{name}.{f'd{number - 1}' if variant else 'clean'}.exr"
            if not (folder / called).exists():
                todo[called] = variant
        if not todo:
            continue
        materials = build(character, view, samples)
        for called, variant in todo.items():
            for region, cloth in character.cloths.items():
                drift = variant.get(region)
                figure.paint(materials[region], cloth.times(drift.gain) if drift else cloth)
            write(folder / called)


def walk(character: Character, folder: Path, samples: int) -> None:
    """A shot: the figure walks on the spot, the camera moves around it; coat or so drifted."""
    folder.mkdir(parents=True, exist_ok=True)
    variant = drifts(character)[0]
    for number in range(FRAMES):
        path = folder / f"walk.{1001 + number}.exr"
        if path.exists():
            continue
        along = number / 24
        step = math.sin(along * 2 * math.pi * 1.1)
        pose = Pose(((10, 28 * step, 20), (10, -28 * step, 20)), 20 * step, turn=15 * along)
        view = replace(character.views["side"], azimuth=35 + 14 * along, pose=pose)
        materials = build(character, view, samples)
        for region, drift in variant.items():
            figure.paint(materials[region], character.cloths[region].times(drift.gain))
        write(path)


def chart(folder: Path, samples: int) -> None:
    """A grey card beside where the figure stands, by itself: one render a view serves all."""
    folder.mkdir(parents=True, exist_ok=True)
    for frozen, views in ((False, VIEWS), (True, FROZEN_VIEWS)):
        for name, view in views.items():
            path = folder / f"{'frozen.' if frozen else ''}{name}.exr"
            if not path.exists():
                _stage(view, frozen, samples)
                bpy.ops.mesh.primitive_plane_add(size=CARD)
                card = bpy.context.object
                card.data.materials.append(_plain("chart", GREY))
                aside = _around(view.azimuth + 90, 0.31, 1.36)
                card.location = aside + _around(view.azimuth, 0.3, 0.0)
                card.rotation_euler = (math.radians(90), 0, math.radians(view.azimuth))
                write(path)


def build(character: Character, view: View, samples: int) -> dict[str, object]:
    """A fresh scene. Returns: the character's materials."""
    _stage(view, character.frozen, samples)
    return figure.build(character, view.pose)


def _stage(view: View, frozen: bool, samples: int) -> None:
    """A fresh scene with settings, set, lamps and camera."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    _settings(samples)
    _set(view)
    around = view.azimuth + view.rig
    for name, lamp in (FROZEN_LAMPS if frozen else LAMPS).items():
        _lamp(name, around, *lamp)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.sensor_fit, camera.data.sensor_height, camera.data.lens = "VERTICAL", 36.0, 50.0
    _aim(camera, _around(view.azimuth, view.distance, view.height), view.aim)
    bpy.context.scene.camera = camera


def write(path: Path) -> None:
    """Render what is built to one file, which appears whole."""
    scene = bpy.context.scene
    scene.cycles.seed = zlib.crc32(f"{path.parent.name}/{path.name}".encode()) & 0xFFFF
    making = path.with_name(f"making.{path.name}")
    scene.render.filepath = str(making)
    bpy.ops.render.render(write_still=True)
    making.rename(path)
    print(f"rendered {path.parent.name} {path.stem}", flush=True)


def _settings(samples: int) -> None:
    scene = bpy.context.scene
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = WIDE, TALL, 100
    render.use_persistent_data = True
    render.threads_mode, render.threads = "FIXED", 2
    render.image_settings.file_format = "OPEN_EXR_MULTILAYER"
    render.image_settings.color_depth, render.image_settings.exr_codec = "16", "ZIP"
    scene.view_settings.view_transform = "Raw"
    cycles.device, cycles.samples = "CPU", samples
    cycles.use_adaptive_sampling = cycles.use_denoising = False
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 3, 2, 2
    cycles.caustics_reflective = False
    layer = bpy.context.view_layer
    layer.use_pass_cryptomatte_material, layer.pass_cryptomatte_depth = True, 4
    layer.use_pass_diffuse_color = True
    for name in GROUPS:
        layer.lightgroups.add(name=name)
    world = bpy.data.worlds.new("sky")
    scene.world = world
    world.use_nodes = True
    nodes, link = world.node_tree.nodes, world.node_tree.links.new
    ramp, split = nodes.new("ShaderNodeMapRange"), nodes.new("ShaderNodeSeparateXYZ")
    ramp.inputs["From Min"].default_value, ramp.inputs["From Max"].default_value = -0.2, 1.0
    ramp.inputs["To Min"].default_value, ramp.inputs["To Max"].default_value = 0.35, 1.5
    link(nodes.new("ShaderNodeTexCoord").outputs["Generated"], split.inputs[0])
    link(split.outputs["Z"], ramp.inputs["Value"])
    link(ramp.outputs[0], nodes["Background"].inputs["Strength"])
    nodes["Background"].inputs["Color"].default_value = (1, 1, 1, 1)
    world.lightgroup = "sky"


def _set(view: View) -> None:
    """Floor, and a wall across the camera's way, 3.2 m behind the figure."""
    bpy.ops.mesh.primitive_plane_add(size=18)
    bpy.context.object.data.materials.append(_plain("floor", view.floor))
    bpy.ops.mesh.primitive_plane_add(size=16)
    wall = bpy.context.object
    wall.data.materials.append(_plain("wall", view.wall))
    wall.location = _around(view.azimuth + 180, 3.2, 2.5)
    wall.rotation_euler = (math.radians(90), 0, math.radians(view.azimuth))


def _plain(name: str, tone: Colour) -> object:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*tone, 1)
    shader.inputs["Roughness"].default_value = 0.8
    return material


def _lamp(
    name: str, around: float, at: float, height: float, far: float, size: float, watts: float
) -> None:
    light = bpy.data.lights.new(name, "AREA")
    light.energy, light.size = watts, size
    lamp = bpy.data.objects.new(name, light)
    lamp.lightgroup = name
    lamp.visible_camera = False
    _aim(lamp, _around(around + at, far, height), 1.1)


def _around(azimuth: float, distance: float, height: float) -> Vector:
    angle = math.radians(azimuth)
    return Vector((math.sin(angle) * distance, -math.cos(angle) * distance, height))


def _aim(thing: bpy.types.Object, place: Vector, height: float) -> None:
    """At the figure's axis."""
    thing.location = place
    thing.rotation_euler = (Vector((0, 0, height)) - place).to_track_quat("-Z", "Y").to_euler()
    bpy.context.scene.collection.objects.link(thing)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--characters", nargs="*", default=[each.name for each in CAST])
    parser.add_argument("--samples", type=int, default=16)
    arguments = parser.parse_args()
    for character in CAST:
        if character.name in arguments.characters:
            render(character, arguments.out / character.name, arguments.samples)
            walk(character, arguments.out / character.name, arguments.samples)
    chart(arguments.out / "chart", arguments.samples)


if __name__ == "__main__":
    main()
