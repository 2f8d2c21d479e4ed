"""The set of the example shots: a courtyard with windows, pillars, lamps, and a figure.

It has two dressings. Of plaster and slabs it compresses well, and is what this repository holds; of
bricks, planks and worn paint it is hard on registration and sampling, and is what bounds are
measured on.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy


@dataclass
class World:
    """What the shots move and switch."""

    camera: Any
    sun: Any
    sun_energy: float
    figure: Any
    limbs: list[Any]
    movers: list[Any]
    background: list[Any]

    def swing(self, step: float) -> None:
        """Arms and legs; `step` -1 to 1."""
        for limb, sign in zip(self.limbs, (1, -1, -1, 1), strict=True):
            limb.rotation_euler = (0, 0.5 * step * sign, 0)

    def move(self, along: float | None) -> None:
        """The ball and the board behind the figure; None: far away."""
        ball, board = self.movers
        if along is None:
            ball.location, board.location = (0, -50, 0), (3, -50, 0)
            return
        ball.location = (1.6 - 3.2 * along, 6.2, 0.9 + 0.7 * math.sin(along * 9) ** 2)
        board.location = (-1.8 + 2.6 * along, 6.8, 1.3)
        board.rotation_euler = (0, 0.8 * along, 0)


@dataclass(frozen=True)
class Dressing:
    """What surfaces are made of."""

    wall: Callable[[], Any]
    floor: Callable[[], Any]
    paint: Callable[[str, Any, float], Any]
    """Of a name, a tone (linear Rec.709) and how fine its pattern is, in cycles a metre."""
    lens: float
    """The pixel filter's width (Blackman-Harris), in pixels."""
    lamp: float
    """A lamp's radius in metres."""


def build(width: int, samples: int, dressing: str) -> World:
    """A fresh scene, `width` pixels wide at 16:9; dressing: one of `DRESSINGS`."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    dress = DRESSINGS[dressing]
    _settings(width, samples, dress)
    background = _set_pieces(dress)
    figure, limbs = _figure(dress)
    movers = [
        _ball("ball", 0.35, (0, -50, 0), dress.paint("ball", (0.7, 0.12, 0.05), 9.0)),
        _box("board", (0.9, 0.05, 0.7), (3, -50, 0), dress.paint("board", (0.1, 0.3, 0.6), 5.0)),
    ]
    sun = bpy.data.lights.new("sun", "SUN")
    sun.energy, sun.angle = 4.0, math.radians(0.5)
    holder = _link(bpy.data.objects.new("sun", sun))
    holder.rotation_euler = (math.radians(48), math.radians(8), math.radians(35))
    camera = _link(bpy.data.objects.new("camera", bpy.data.cameras.new("camera")))
    camera.data.lens, camera.data.sensor_width = 35.0, 36.0
    camera.rotation_mode = "XYZ"
    bpy.context.scene.camera = camera
    return World(camera, sun, sun.energy, figure, limbs, movers, [*background, *movers])


def render_clean(world: World, path: Path) -> None:
    """The set without the figure, and what the renderer knows of depth and motion."""
    _show(world, figure=False)
    _write(path, passes=True)


def render_figure(world: World, path: Path) -> None:
    """The figure in the set's light, premultiplied, over nothing."""
    _show(world, figure=True)
    bpy.context.scene.render.film_transparent = True
    _write(path, alpha=True)
    bpy.context.scene.render.film_transparent = False


def _settings(width: int, samples: int, dress: Dressing) -> None:
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = width, width * 9 // 16
    scene.render.resolution_percentage = 100
    scene.render.use_persistent_data = True
    scene.render.motion_blur_shutter = 0.5
    scene.view_settings.view_transform = "Raw"
    cycles = scene.cycles
    cycles.device, cycles.samples, cycles.seed = "CPU", samples, 1
    cycles.use_adaptive_sampling = False
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_input_passes, cycles.denoising_prefilter = "RGB_ALBEDO_NORMAL", "ACCURATE"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 2, 1, 1
    cycles.filter_width = dress.lens
    world = bpy.data.worlds.new("sky")
    scene.world = world
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = (0.55, 0.7, 1.0, 1)
    world.node_tree.nodes["Background"].inputs[1].default_value = 0.6


def _set_pieces(dress: Dressing) -> list[Any]:
    """Wall, windows, floor, pillars and boxes at several depths, lamps far above 1."""
    rng = random.Random(7)
    made = [
        _box("wall", (14, 0.2, 6), (0, 8.6, 2.5), dress.wall()),
        _box("floor", (16, 12, 0.1), (0, 5, -0.05), dress.floor()),
        _box("side", (0.2, 9, 6), (-5.4, 6, 2.5), dress.paint("side", (0.55, 0.42, 0.3), 3.0)),
    ]
    for n, x in enumerate((-3.6, -1.1, 1.5, 4.1)):
        frame = dress.paint(f"frame{n}", (0.75, 0.72, 0.62), 1.0)
        made += [
            _box(f"glass{n}", (1.2, 0.05, 1.5), (x, 8.47, 2.2), _glass(dress, n)),
            _box(f"sill{n}", (1.5, 0.3, 0.12), (x, 8.4, 1.38), frame),
            _box(f"post{n}", (0.08, 0.12, 1.5), (x, 8.42, 2.2), frame),
            _box(f"bar{n}", (1.2, 0.1, 0.08), (x, 8.43, 2.35), frame),
        ]
    places = [(-2.6, 6.3), (-0.5, 7.2), (1.1, 6.0), (2.9, 7.0), (-1.6, 5.4), (2.1, 5.2), (0.2, 7.9)]
    for n, (x, y) in enumerate(places):
        tall = rng.uniform(0.5, 2.6)
        tone = [rng.uniform(0.15, 0.7) for _ in range(3)]
        size = (rng.uniform(0.25, 0.5), rng.uniform(0.25, 0.5), tall)
        painted = dress.paint(f"pillar{n}", tone, 6.0)
        made.append(_box(f"pillar{n}", size, (x, y, tall / 2), painted))
    for n, x in enumerate((-2.3, 0.2, 2.8)):
        made.append(_ball(f"lamp{n}", dress.lamp, (x, 8.2, 3.1), _lamp(n)))
    return made


def _figure(dress: Dressing) -> tuple[Any, list[Any]]:
    """Person-like; rendered by itself, so that the light of the set does not know of it."""
    root = _link(bpy.data.objects.new("figure", None))
    coat = dress.paint("coat", (0.12, 0.2, 0.5), 14.0)
    skin = dress.paint("skin", (0.75, 0.45, 0.33), 2.0)
    dark = dress.paint("dark", (0.05, 0.05, 0.07), 10.0)
    parts = [
        _ball("head", 0.14, (0, 0, 1.62), skin),
        _ball("hair", 0.145, (0, 0.03, 1.66), dark),
        _box("torso", (0.42, 0.26, 0.6), (0, 0, 1.15), coat),
    ]
    limbs = [
        _limb("leg0", 0.09, 0.85, (-0.11, 0, 0.87), dark),
        _limb("leg1", 0.09, 0.85, (0.11, 0, 0.87), dark),
        _limb("arm0", 0.06, 0.6, (-0.27, 0, 1.42), coat),
        _limb("arm1", 0.06, 0.6, (0.27, 0, 1.42), coat),
    ]
    for part in parts + limbs:
        part.parent = root
    return root, limbs


def _show(world: World, figure: bool) -> None:
    """Either the figure or the set; they are put together afterwards."""
    for thing in world.figure.children:
        thing.hide_render = not figure
    for thing in world.background:
        thing.hide_render = figure


def _write(path: Path, alpha: bool = False, passes: bool = False) -> None:
    """Render into a multilayer file; passes: depth, and vectors unless there is motion blur."""
    scene = bpy.context.scene
    layer = bpy.context.view_layer
    layer.use_pass_z = passes
    layer.use_pass_vector = passes and not scene.render.use_motion_blur
    picture = scene.render.image_settings
    picture.file_format = "OPEN_EXR_MULTILAYER"
    picture.color_mode = "RGBA" if alpha else "RGB"
    picture.color_depth, picture.exr_codec = "32", "ZIP"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


# ---- things -------------------------------------------------------------------------------


def _link(thing: Any) -> Any:
    bpy.context.scene.collection.objects.link(thing)
    return thing


def _box(name: str, size: tuple[float, float, float], at: tuple[float, ...], material: Any) -> Any:
    bpy.ops.mesh.primitive_cube_add(size=1, location=at)
    thing = bpy.context.object
    thing.name, thing.scale = name, size
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
    thing.data.materials.append(material)
    return thing


def _ball(name: str, radius: float, at: tuple[float, ...], material: Any) -> Any:
    bpy.ops.mesh.primitive_uv_sphere_add(radius=radius, location=at, segments=32, ring_count=16)
    thing = bpy.context.object
    thing.name = name
    bpy.ops.object.shade_smooth()
    thing.data.materials.append(material)
    return thing


def _limb(name: str, radius: float, length: float, at: tuple[float, ...], material: Any) -> Any:
    """A cylinder that hangs from its joint."""
    bpy.ops.mesh.primitive_cylinder_add(radius=radius, depth=length, location=(0, 0, -length / 2))
    thing = bpy.context.object
    bpy.ops.object.transform_apply(location=True, rotation=False, scale=False)
    thing.name, thing.location = name, at
    thing.data.materials.append(material)
    return thing


# ---- materials ----------------------------------------------------------------------------


def _material(name: str) -> tuple[Any, Any, Any]:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    nodes = material.node_tree.nodes
    shader = nodes["Principled BSDF"]
    shader.inputs["Roughness"].default_value = 0.8
    shader.inputs["Specular IOR Level"].default_value = 0.1
    return material, nodes, material.node_tree.links.new


def _coordinates(nodes: Any) -> Any:
    return nodes.new("ShaderNodeTexCoord").outputs["Object"]


def _paint(name: str, tone: Any, scale: float) -> Any:
    """A tone, worn: noise at two scales."""
    material, noise, _ = _toned(name, tone, dark=0.45, bright=1.25)
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = scale, 5.0
    return material


def _wash(name: str, tone: Any, scale: float) -> Any:
    """A tone, washed: one soft noise, coarse and of little contrast."""
    material, noise, ramp = _toned(name, tone, dark=0.7, bright=1.15)
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = 0.27 * scale, 1.0
    ramp.color_ramp.interpolation = "EASE"
    return material


def _toned(name: str, tone: Any, dark: float, bright: float) -> tuple[Any, Any, Any]:
    """A material between two shades of a tone, and the noise and the ramp that say which."""
    material, nodes, link = _material(name)
    noise, ramp = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeValToRGB")
    ends = ramp.color_ramp.elements
    ends[0].position, ends[1].position = 0.3, 0.7
    ends[0].color = (*(dark * v for v in tone), 1)
    ends[1].color = (*(bright * v for v in tone), 1)
    link(_coordinates(nodes), noise.inputs["Vector"])
    link(noise.outputs["Fac"], ramp.inputs["Fac"])
    link(ramp.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    return material, noise, ramp


def _plaster() -> Any:
    return _wash("plaster", (0.6, 0.44, 0.3), 2.0)


def _slabs() -> Any:
    material, nodes, link = _material("slabs")
    slab = nodes.new("ShaderNodeTexBrick")
    slab.inputs["Color1"].default_value = (0.36, 0.33, 0.29, 1)
    slab.inputs["Color2"].default_value = (0.44, 0.4, 0.35, 1)
    slab.inputs["Mortar"].default_value = (0.25, 0.22, 0.19, 1)
    slab.inputs["Scale"].default_value = 0.32
    slab.inputs["Mortar Size"].default_value = 0.012
    link(_coordinates(nodes), slab.inputs["Vector"])
    link(slab.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    return material


def _bricks() -> Any:
    material, nodes, link = _material("bricks")
    turn, brick = nodes.new("ShaderNodeMapping"), nodes.new("ShaderNodeTexBrick")
    turn.inputs["Rotation"].default_value = (math.radians(90), 0, 0)
    brick.inputs["Color1"].default_value = (0.42, 0.13, 0.08, 1)
    brick.inputs["Color2"].default_value = (0.6, 0.27, 0.16, 1)
    brick.inputs["Mortar"].default_value = (0.6, 0.57, 0.5, 1)
    brick.inputs["Scale"].default_value = 2.2
    noise, mix = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeMixRGB")
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = 1.7, 6.0
    mix.blend_type = "OVERLAY"
    mix.inputs["Fac"].default_value = 0.45
    link(_coordinates(nodes), turn.inputs["Vector"])
    link(turn.outputs["Vector"], brick.inputs["Vector"])
    link(_coordinates(nodes), noise.inputs["Vector"])
    link(brick.outputs["Color"], mix.inputs["Color1"])
    link(noise.outputs["Color"], mix.inputs["Color2"])
    link(mix.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    return material


def _planks() -> Any:
    material, nodes, link = _material("planks")
    brick, noise = nodes.new("ShaderNodeTexBrick"), nodes.new("ShaderNodeTexNoise")
    brick.inputs["Color1"].default_value = (0.33, 0.2, 0.1, 1)
    brick.inputs["Color2"].default_value = (0.46, 0.32, 0.18, 1)
    brick.inputs["Mortar"].default_value = (0.05, 0.03, 0.02, 1)
    brick.inputs["Scale"].default_value = 1.2
    brick.inputs["Mortar Size"].default_value = 0.01
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = 6.0, 4.0
    mix = nodes.new("ShaderNodeMixRGB")
    mix.blend_type = "OVERLAY"
    mix.inputs["Fac"].default_value = 0.5
    link(_coordinates(nodes), brick.inputs["Vector"])
    link(_coordinates(nodes), noise.inputs["Vector"])
    link(brick.outputs["Color"], mix.inputs["Color1"])
    link(noise.outputs["Color"], mix.inputs["Color2"])
    link(mix.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    return material


def _glass(dress: Dressing, number: int) -> Any:
    material = dress.paint(f"glass{number}", (0.08, 0.12, 0.16), 1.5)
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Roughness"].default_value = 0.5
    return material


def _lamp(number: int) -> Any:
    material, nodes, _ = _material(f"lamp{number}")
    shader = nodes["Principled BSDF"]
    shader.inputs["Emission Color"].default_value = (1.0, 0.75, 0.45, 1)
    shader.inputs["Emission Strength"].default_value = 40.0 + 20 * number
    return material


DRESSINGS = {
    "plaster": Dressing(_plaster, _slabs, _wash, lens=2.5, lamp=0.06),
    "brick": Dressing(_bricks, _planks, _paint, lens=1.5, lamp=0.09),
}
