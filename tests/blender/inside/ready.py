"""Start of every script inside Blender: the built package installed and enabled, nothing else.

argv after "--": the zip, the Python of Backlot, a scratch folder. Ends the process with `leave`,
because a script's error must not leave Blender waiting, and some versions hang at their end.
"""

import os
import sys
import traceback

import bpy

ARGUMENTS = sys.argv[sys.argv.index("--") + 1 :]
PACKAGE, BACKLOT, FOLDER = ARGUMENTS[:3]


def path(*parts):
    return os.path.join(FOLDER, *parts)


def install():
    """The add-on's module, as this Blender installs it."""
    if bpy.app.version >= (4, 2, 0):
        bpy.ops.extensions.package_install_files(
            filepath=PACKAGE, repo="user_default", enable_on_install=True
        )
        name = "bl_ext.user_default.backlot_blender"
    else:
        bpy.ops.preferences.addon_install(filepath=PACKAGE, overwrite=True)
        name = "backlot_blender"
        bpy.ops.preferences.addon_enable(module=name)
    assert name in bpy.context.preferences.addons, "the add-on is not enabled"
    bpy.context.preferences.addons[name].preferences.backlot = BACKLOT
    return sys.modules[name]


def part(name):
    """A module of the installed package."""
    for base in ("bl_ext.user_default.backlot_blender", "backlot_blender"):
        if base in sys.modules:
            return sys.modules[base + "." + name]
    raise AssertionError("the add-on is not there")


def main(*tests, with_add_on=True):
    """Run each, say its name when it passed, and end the process."""
    code = 0
    try:
        if with_add_on:
            install()
        for test in tests:
            test()
            print("passed", test.__name__, flush=True)
    except BaseException:
        traceback.print_exc()
        code = 3
    try:
        if with_add_on:
            part("session").close()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
