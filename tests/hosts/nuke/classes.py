"""Node classes with their inputs and knobs, and the types of user knobs, as far as we use them."""

from . import knobs as k

COMMON = (
    ("name", k.String_Knob, ""),
    ("label", k.EvalString_Knob, ""),
    ("tile_color", k.Int_Knob, 0),
    ("note_font_size", k.Int_Knob, 11),
    ("selected", k.Boolean_Knob, 0),
    ("hide_input", k.Boolean_Knob, 0),
    ("disable", k.Boolean_Knob, 0),
    ("postage_stamp", k.Boolean_Knob, 0),
    ("xpos", k.Int_Knob, 0),
    ("ypos", k.Int_Knob, 0),
)
_ERRORS = ("error", "black", "checkerboard", "nearest frame")
_BOX = (
    ("type", k.Enumeration_Knob, ("to format", "to box", "scale")),
    ("box_width", k.Int_Knob, 200), ("box_height", k.Int_Knob, 200),
    ("box_fixed", k.Boolean_Knob, 0),
    ("resize", k.Enumeration_Knob, ("none", "width", "height", "fit", "fill", "distort")),
)  # fmt: skip

# Class: (most inputs, knobs). A tuple as default of an enumeration is its menu.
CLASSES = {
    "Read": (0, (
        ("file", k.File_Knob, ""), ("file_type", k.String_Knob, ""),
        ("first", k.Int_Knob, 1), ("last", k.Int_Knob, 1),
        ("origfirst", k.Int_Knob, 1), ("origlast", k.Int_Knob, 1),
        ("origset", k.Boolean_Knob, 0), ("raw", k.Boolean_Knob, 0),
        ("colorspace", k.String_Knob, "default"),
        ("on_error", k.Enumeration_Knob, _ERRORS), ("reload", k.PyScript_Knob, ""),
    )),
    "Write": (1, (
        ("file", k.File_Knob, ""), ("file_type", k.String_Knob, ""),
        ("channels", k.ChannelMask_Knob, "rgb"), ("raw", k.Boolean_Knob, 0),
        ("datatype", k.Enumeration_Knob, ("16 bit half", "32 bit float")),
        ("compression", k.Enumeration_Knob,
         ("none", "Zip (1 scanline)", "Zip (16 scanlines)", "PIZ Wavelet (32 scanlines)")),
        ("autocrop", k.Boolean_Knob, 0), ("create_directories", k.Boolean_Knob, 0),
        ("use_limit", k.Boolean_Knob, 0), ("first", k.Int_Knob, 1), ("last", k.Int_Knob, 1),
        ("colorspace", k.String_Knob, "default"), ("views", k.String_Knob, ""),
    )),
    "Keymix": (3, (("channels", k.ChannelMask_Knob, "all"),
                   ("maskChannel", k.Channel_Knob, "rgba.alpha"),
                   ("invertMask", k.Boolean_Knob, 0), ("mix", k.Double_Knob, 1),
                   ("bbox", k.Enumeration_Knob, ("union", "B side", "A side")))),
    "Merge2": (2, (("operation", k.Enumeration_Knob, ("over", "plus", "multiply", "copy")),
                   ("mix", k.Double_Knob, 1))),
    "Copy": (2, (("from0", k.Channel_Knob, "rgba.alpha"), ("to0", k.Channel_Knob, "rgba.alpha"))),
    "Shuffle": (1, (("in", k.Channel_Knob, "rgba"), ("out", k.Channel_Knob, "rgba"),
                    ("red", k.String_Knob, "red"), ("green", k.String_Knob, "green"),
                    ("blue", k.String_Knob, "blue"), ("alpha", k.String_Knob, "alpha"))),
    "Reformat": (1, _BOX),
    "Crop": (1, (("box", k.Array_Knob, (0, 0, 100, 100)), ("reformat", k.Boolean_Knob, 0))),
    "Switch": (10, (("which", k.Double_Knob, 0),)),
    "Constant": (0, (("color", k.Array_Knob, (0, 0, 0, 0)), ("format", k.String_Knob, ""),
                     ("channels", k.ChannelMask_Knob, "rgba"))),
    "CheckerBoard2": (0, (("format", k.String_Knob, ""),)),
    "Expression": (1, (("expr0", k.String_Knob, ""), ("expr1", k.String_Knob, ""),
                       ("expr2", k.String_Knob, ""), ("expr3", k.String_Knob, ""))),
    "Multiply": (1, (("channels", k.ChannelMask_Knob, "rgb"), ("value", k.Double_Knob, 1))),
    "Dilate": (1, (("channels", k.ChannelMask_Knob, "all"), ("size", k.Double_Knob, 0))),
    "Remove": (1, (("operation", k.Enumeration_Knob, ("remove", "keep")),
                   ("channels", k.ChannelMask_Knob, "all"))),
    "Dot": (1, ()), "NoOp": (1, ()),
    "Input": (0, (("number", k.Int_Knob, 0),)), "Output": (1, ()),
    "Group": (10, ()),
    "Root": (0, (
        ("first_frame", k.Int_Knob, 1), ("last_frame", k.Int_Knob, 100), ("fps", k.Double_Knob, 24),
        ("format", k.String_Knob, "64 48 0 0 64 48 1 test"), ("proxy", k.Boolean_Knob, 0),
        ("colorManagement", k.Enumeration_Knob, ("Nuke", "OCIO")),
        ("OCIO_config", k.String_Knob, "nuke-default"),
        ("customOCIOConfigPath", k.File_Knob, ""), ("workingSpaceLUT", k.String_Knob, "linear"),
        ("project_directory", k.EvalString_Knob, ""),
    )),
}  # fmt: skip
USER = {
    "1": k.String_Knob, "2": k.File_Knob, "3": k.Int_Knob, "4": k.Enumeration_Knob,
    "6": k.Boolean_Knob, "7": k.Double_Knob, "20": k.Tab_Knob, "22": k.PyScript_Knob,
    "26": k.Text_Knob, "41": k.Link_Knob,
}  # fmt: skip
