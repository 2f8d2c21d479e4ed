"""A person of simple shapes, posed; each part belongs to a region. Runs inside Blender's Python."""

from __future__ import annotations

import math
from typing import Any

import bmesh
import bpy
from cast import Character, Cloth, Pose
from mathutils import Matrix, Vector

HANG = Vector((0, 0, -1))


def build(character: Character, pose: Pose) -> dict[str, Any]:
    """The figure at the origin, looking along -Y. Returns: its materials by region."""
    materials = {name: _material(name, cloth) for name, cloth in character.cloths.items()}
    root = bpy.data.objects.new("figure", None)
    bpy.context.scene.collection.objects.link(root)
    body = _Body(character, materials, root)
    body.head(pose)
    body.trunk()
    for side, arm in zip((-1, 1), pose.arms, strict=True):
        body.arm(side, arm)
        body.leg(side, side * pose.stride)
    root.rotation_euler = (0, 0, math.radians(pose.turn))
    return materials


class _Body:
    def __init__(self, character: Character, materials: dict[str, Any], root: Any) -> None:
        self._character, self._materials, self._root = character, materials, root
        self._wide = character.girth

    def head(self, pose: Pose) -> None:
        nod = Matrix.Translation((0, 0, 1.5)) @ Matrix.Rotation(math.radians(pose.nod), 4, "X")
        nod = nod @ Matrix.Translation((0, 0, -1.5))
        self._ball("face", (0, 0, 1.61), (0.092, 0.11, 0.13), nod)
        self._ball("face", (0, -0.112, 1.595), (0.016, 0.022, 0.026), nod)
        self._ball("hair", (0, 0.034, 1.65), (0.11, 0.116, 0.118), nod)
        if self._character.cut == "long":
            self._limb("hair", (0, 0.07, 1.66), (0, 0.12, 1.36), 0.1, 0.085, nod)
        elif self._character.cut == "bun":
            self._ball("hair", (0, 0.15, 1.7), (0.055, 0.055, 0.055), nod)
        self._limb("face", (0, 0.01, 1.42), (0, 0, 1.54), 0.055, 0.052)
        if "scarf" in self._materials:
            for at in range(10):
                a, b = (
                    (0.088 * math.cos(t), 0.088 * math.sin(t), 1.455)
                    for t in (at * math.tau / 10, (at + 1) * math.tau / 10)
                )
                self._limb("scarf", a, b, 0.042, 0.042)
            self._limb("scarf", (0.06, -0.12, 1.43), (0.09, -0.17, 1.12), 0.04, 0.045)

    def trunk(self) -> None:
        wide, hem = self._wide, self._character.hem
        flat = Matrix.Diagonal((wide, 0.68 * wide, 1, 1))
        self._limb("coat", (0, 0, 1.0), (0, 0, 1.36), 0.17, 0.205, flat)
        self._ball("coat", (0, 0, 1.37), (0.2 * wide, 0.12 * wide, 0.075))
        self._limb(
            "coat", (0, 0, 1.0), (0, 0, hem), 0.17, 0.2 + 0.12 * (0.9 - hem), flat, ends=False
        )
        self._ball("trousers", (0, 0, 0.88), (0.165 * wide, 0.115 * wide, 0.11))

    def arm(self, side: int, angles: tuple[float, float, float]) -> None:
        out, forward, bend = angles
        shoulder = Vector((side * 0.215 * self._wide, 0, 1.37))
        elbow = shoulder + 0.28 * _aimed(side, out, forward)
        wrist = elbow + 0.25 * _aimed(side, out * 0.6, forward + bend)
        self._limb("coat", shoulder, elbow, 0.062 * self._wide, 0.052)
        self._limb("coat", elbow, wrist, 0.052, 0.046)
        hand = wrist + 0.06 * (wrist - elbow).normalized()
        self._ball("face", hand, (0.042, 0.042, 0.055))

    def leg(self, side: int, forward: float) -> None:
        hip = Vector((side * 0.092 * self._wide, 0, 0.88))
        knee = hip + 0.42 * _aimed(side, 3, forward)
        ankle = knee + 0.4 * _aimed(side, 1, forward - abs(forward) * 0.5)
        self._limb("trousers", hip, knee, 0.1 * self._wide, 0.074)
        self._limb("trousers", knee, ankle, 0.074, 0.062)
        self._ball("shoes", ankle + Vector((0, -0.06, -0.025)), (0.052, 0.13, 0.055))

    def _ball(self, region: str, at: Any, radii: Any, turned: Any = None) -> None:
        mesh = bmesh.new()
        bmesh.ops.create_uvsphere(mesh, u_segments=32, v_segments=20, radius=1.0)
        place = Matrix.Translation(at) @ Matrix.Diagonal((*radii, 1))
        self._add(region, mesh, place if turned is None else turned @ place)

    def _limb(
        self, region: str, start: Any, end: Any, first: float, last: float,
        turned: Any = None, ends: bool = True,
    ) -> None:  # fmt: skip
        """A cone between two points, with a ball at each end."""
        start, end = Vector(start), Vector(end)
        way = end - start
        mesh = bmesh.new()
        bmesh.ops.create_cone(
            mesh, cap_ends=False, segments=32, radius1=first, radius2=last, depth=way.length
        )
        for at, radius in ((-way.length / 2, first), (way.length / 2, last)) if ends else ():
            moved = Matrix.Translation((0, 0, at))
            bmesh.ops.create_uvsphere(
                mesh, u_segments=32, v_segments=16, radius=radius, matrix=moved
            )
        place = (
            Matrix.Translation((start + end) / 2) @ way.to_track_quat("Z", "Y").to_matrix().to_4x4()
        )
        self._add(region, mesh, place if turned is None else turned @ place)

    def _add(self, region: str, made: Any, place: Any) -> None:
        mesh = bpy.data.meshes.new(region)
        made.to_mesh(mesh)
        made.free()
        mesh.shade_smooth()
        mesh.materials.append(self._materials[region])
        thing = bpy.data.objects.new(region, mesh)
        thing.matrix_world = place
        thing.parent = self._root
        bpy.context.scene.collection.objects.link(thing)


def _aimed(side: int, out: float, forward: float) -> Vector:
    a, b = math.radians(out), math.radians(forward)
    return Vector((side * math.sin(a) * math.cos(b), -math.sin(b), -math.cos(a) * math.cos(b)))


def paint(material: Any, cloth: Cloth) -> None:
    """Give a region's material other albedos; its pattern stays where it is."""
    for name, tone in (("tone", cloth.tone), ("second", cloth.second)):
        node = material.node_tree.nodes[name]
        node.outputs[0].default_value = (*tone, 1)


def _material(name: str, cloth: Cloth) -> Any:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    tree = material.node_tree
    shader = tree.nodes["Principled BSDF"]
    shader.inputs["Roughness"].default_value = cloth.roughness
    for called in ("tone", "second"):
        tree.nodes.new("ShaderNodeRGB").name = called
    paint(material, cloth)
    mix = tree.nodes.new("ShaderNodeMixRGB")
    tree.links.new(tree.nodes["tone"].outputs[0], mix.inputs["Color1"])
    tree.links.new(tree.nodes["second"].outputs[0], mix.inputs["Color2"])
    mix.inputs["Fac"].default_value = 0.0
    place = tree.nodes.new("ShaderNodeTexCoord").outputs["Object"]
    pattern = _pattern(tree, cloth, place)
    if pattern is not None:
        tree.links.new(pattern, mix.inputs["Fac"])
    tree.links.new(mix.outputs[0], shader.inputs["Base Color"])
    noise, bump = tree.nodes.new("ShaderNodeTexNoise"), tree.nodes.new("ShaderNodeBump")
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = cloth.scale, 3.0
    bump.inputs["Strength"].default_value = cloth.folds
    bump.inputs["Distance"].default_value = 0.05
    tree.links.new(place, noise.inputs["Vector"])
    tree.links.new(noise.outputs["Fac"], bump.inputs["Height"])
    tree.links.new(bump.outputs[0], shader.inputs["Normal"])
    return material


def _pattern(tree: Any, cloth: Cloth, place: Any) -> Any:
    """A socket that is 1 where the second colour is."""
    if cloth.pattern == "plain":
        return None
    kind = {"stripes": "Wave", "checks": "Checker", "noise": "Noise"}[cloth.pattern]
    node = tree.nodes.new(f"ShaderNodeTex{kind}")
    node.inputs["Scale"].default_value = cloth.scale
    tree.links.new(place, node.inputs["Vector"])
    if cloth.pattern == "checks":
        return node.outputs["Fac"]
    step = tree.nodes.new("ShaderNodeMath")
    step.operation = "LESS_THAN"
    step.inputs[1].default_value = cloth.share
    tree.links.new(node.outputs["Fac"], step.inputs[0])
    return step.outputs[0]
