"""What the simulator claims about Resolve, and how well each claim is founded.

status: "documented" in the published reference; "measured" by others in a running Resolve;
"assumed" where neither exists. Sources are the letters of the project's reference on Resolve:
A samuelgursky/davinci-resolve-mcp, B Blackmagic's 21.1 texts, C a 21.1 measurement on Windows,
D monet-resolve's gap list on macOS, E ynput/ayon-resolve, F octavioah/resolve-nuke-bridge,
N public texts without a known repository.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Behaviour:
    number: int
    says: str
    status: str
    source: str
    modelled: bool = True


LEDGER = tuple(
    Behaviour(*row)
    for row in (
        (1, "A method the version lacks is None; hasattr is True for any name", "measured", "A E"),
        (2, "Arguments are positional only", "documented", "A"),
        (3, "Markers count from the timeline's start, items absolutely", "measured", "A D"),
        (4, "AppendToTimeline's endFrame is exclusive, MarkOut inclusive", "measured", "A E F"),
        (5, "An append over an existing item is dropped, a ghost item comes back", "measured", "A"),
        (6, "A ghost item answers None to everything", "measured", "A E"),
        (7, "An empty track lists as None, no selection is None", "measured", "C D"),
        (8, "Wrong page: DeleteClips False on Fairlight, AddRenderJob '' off Deliver", "measured",
         "A C"),
        (9, "A locked track refuses", "measured", "A"),
        (10, "ImportMedia goes to the current folder", "measured", "A"),
        (11, "A sequence is one item whose Start is its first file number", "measured", "F E"),
        (12, "Formats and codecs are label -> id maps; ids are what is set", "documented", "A N"),
        (13, "Render settings are inherited and cannot be read; unknown keys are swallowed",
         "measured", "A C"),
        (14, "Rendering is asynchronous; its status words follow the UI language", "measured",
         "B N"),
        (15, "A render shows all enabled tracks composited", "measured", "E"),
        (16, "Handles end where the media ends", "documented", "A"),
        (17, "Mixed rates floor; drop-frame and start timecode are in frame numbers", "measured",
         "A D"),
        (18, "Takes: 0 until the first AddTake, then the original is take 1", "assumed", "A E"),
        (19, "Input Color Space can be set in davinciYRGBColorManagedv2 only", "measured", "E"),
        (20, "A colour-managed project renders through source, timeline and output space",
         "assumed", "F"),
        (21, "Ids stay; ReplaceClip changes every use", "measured", "D"),
        (22, "A second marker on a frame is refused", "assumed", "A"),
        (23, "Calls block behind a dialog; a lost host answers None", "measured", "C E"),
        (24, "A still after a playhead move may be the old frame", "measured", "N", False),
        (25, "Appends that answered with an error are gone after a save", "measured", "A"),
        (26, "The user edits while we work", "measured", "N"),
        (27, "Fusion compositions: AddTool, ConnectInput, an unrooted graph fails the render",
         "measured", "A"),
        (28, "The free edition gives no scripting from outside", "documented", "B"),
        (29, "Camera raw has a path that nothing else can read", "measured", "N"),
        (30, "Alpha counts by clip property, and is rendered only where asked", "assumed", "A B"),
        (31, "A fresh timeline takes no clips until it was made current", "measured", "D"),
        (32, "CreateEmptyTimeline makes the new timeline current", "measured", "F"),
        (33, "Without a window there is no page; render jobs are added all the same", "assumed",
         "A"),
        (34, "Without a window no take is added (A measured that it differs there, not how)",
         "assumed", "A"),
        (36, "A job in the queue tells its marks, folder and name (N saw the marks)", "measured",
         "N"),
        (35, "ImportFusionComp adds a composition and opens it; Load opens by name", "documented",
         "A"),
    )
)  # fmt: skip
