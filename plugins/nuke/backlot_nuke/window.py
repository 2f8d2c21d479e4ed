"""The few dialogs, by Nuke's own panel of knobs."""

import nuke
import nukescripts


def add_panel(maker, name, identity):
    """A panel in the list of panes."""
    nukescripts.panels.registerWidgetAsPanel(maker, name, identity)


def ask_take(title, described):
    """The index of the take that was chosen; None when the dialog was closed."""
    panel = nukescripts.PythonPanel("Takes of " + title)
    knob = nuke.Enumeration_Knob("take", "take", described)
    panel.addKnob(knob)
    if not panel.showModalDialog():
        return None
    return described.index(knob.value())
