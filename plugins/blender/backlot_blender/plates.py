# SPDX-License-Identifier: GPL-3.0-or-later
"""What a compositor node gets, written to disk: plates for the companion to read."""

import os

import bpy

from . import compat
from .host import LinkError, stamps

_LAYERS = "layers"
_SETTINGS = ("use_compositing", "use_sequencer", "use_file_extension", "use_render_cache")


class Render:
    """Renders frames of a scene with a File Output node on the sockets that are wanted.

    wanted: name -> (output socket, whether its alpha is wanted). only: name -> the frames that are
    kept of it, where they are not all. The scene is left as it was by `close`, which must be
    called.
    """

    rendering = False
    """Whether any plates are being rendered: handlers of ours then look away."""

    def __init__(self, scene, tree, wanted, frames, folder, only=None):
        os.makedirs(folder, exist_ok=True)
        self._scene, self._tree = scene.name, tree
        self._frames = list(frames)
        self._folder = folder
        self._only = only or {}
        layers = {name: compat.render_layer_of(output) for name, (output, _) in wanted.items()}
        self._layers = {name: layer for name, layer in layers.items() if layer}
        self._names = [name for name in wanted if name not in self._layers]
        node = compat.file_output(tree, folder, {name: wanted[name][1] for name in self._names})
        for name, socket in zip(self._names, node.inputs, strict=False):
            tree.links.new(wanted[name][0], socket)
        self._node = node.name
        render = scene.render
        self._before = {name: getattr(render, name) for name in _SETTINGS if hasattr(render, name)}
        self._frame = scene.frame_current
        self._closed = False

    def step(self):
        """Render the next frame; returns how many are left. Raises: LinkError."""
        scene = bpy.data.scenes.get(self._scene)
        if scene is None:
            raise LinkError("not-found", "The scene was removed.", "Process again.")
        number = self._frames.pop(0)
        scene.render.use_compositing, scene.render.use_sequencer = True, False
        scene.frame_set(number)
        Render.rendering = True
        try:
            bpy.ops.render.render(write_still=False, scene=scene.name)
        except RuntimeError as error:
            raise LinkError(
                "invalid-input",
                f"Frame {number} could not be rendered: {str(error).strip()}",
                "Render it by hand to see what Blender says.",
            ) from error
        finally:
            Render.rendering = False
        for name in self._names:
            found = compat.written_by_file_output(self._folder, name, number)
            if found is None:
                raise LinkError(
                    "invalid-input",
                    f"Frame {number} was rendered, but nothing came to {name}.",
                    "See that compositing is on and that the picture before the node is not empty.",
                )
            if number in self._only.get(name, (number,)):
                os.replace(found, self._file(name, number))
            else:
                os.remove(found)
        if self._layers:
            with compat.writing_exr(scene.render.image_settings, layers=True):
                image = bpy.data.images["Render Result"]
                image.save_render(self._file(_LAYERS, number), scene=scene)
        return len(self._frames)

    def plates(self, name):
        """One input of a job, as the companion takes it."""
        layer = self._layers.get(name)
        if layer:
            return {"files": self._file(_LAYERS), "layer": layer}
        return {"files": self._file(name)}

    def _file(self, name, number=None):
        frame = "####" if number is None else f"{number:04d}"
        return os.path.join(self._folder, f"{name}.{frame}.exr")

    def close(self):
        """Put the scene back as it was."""
        if self._closed:
            return
        self._closed = True
        scene = bpy.data.scenes.get(self._scene)
        if scene is None:
            return
        node = self._tree.nodes.get(self._node)
        if node is not None:
            self._tree.nodes.remove(node)
        for name, value in self._before.items():
            setattr(scene.render, name, value)
        scene.frame_set(self._frame)


def upstream(node):
    """What comes before a node, as plain values that change when it does.

    Node by node: kind, its own properties, unlinked inputs, and the files of images. What a 3D
    scene renders to cannot be known this way.
    """
    seen, told = set(), []
    waiting = [link.from_node for socket in node.inputs for link in socket.links]
    while waiting:
        each = waiting.pop()
        if each.name in seen:
            continue
        seen.add(each.name)
        told.append(_node_values(each))
        waiting += [link.from_node for socket in each.inputs for link in socket.links]
    return sorted(told, key=lambda values: values[0])


def _node_values(node):
    values = [node.name, node.bl_idname, node.mute]
    base = bpy.types.Node.bl_rna.properties
    for known in node.bl_rna.properties:
        # The layer and view of an image that has none cannot be asked for without a warning.
        if known.identifier in base or known.is_readonly or known.identifier in ("layer", "view"):
            continue
        if known.type in ("INT", "FLOAT", "BOOLEAN", "ENUM", "STRING"):
            values.append(_plain(getattr(node, known.identifier)))
    for socket in node.inputs:
        if not socket.links and hasattr(socket, "default_value"):
            values.append(_plain(socket.default_value))
    image = getattr(node, "image", None)
    if image is not None:
        values.append(image.name)
        values.extend(stamps([bpy.path.abspath(image.filepath)]) if image.filepath else [])
    return values


def _plain(value):
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, set):
        return sorted(value)
    try:
        return [_plain(each) for each in value]
    except TypeError:
        return getattr(value, "name", "")
