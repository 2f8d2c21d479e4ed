"""The one link of this Nuke: started when it is needed, drained on the main thread."""

import os

import nuke

from .host import Link, LinkError, find_command
from .main_thread import Ticker
from .node import HERE, config_path

_WHERE = os.path.join(HERE, "where.txt")


class Session:
    """link: None until something is asked. runs: what is going on, by node identity."""

    def __init__(self):
        self.link = None
        self.runs = {}
        self.details = {}
        self.licences = {}
        self.weights = {}
        self._config = ""
        self._ticker = Ticker(self._tick)

    def connected(self):
        """The link, started anew when the companion or the OCIO config is another than before.

        Raises: LinkError.
        """
        other = self.link is not None and (not self.link.alive or self._config != config_path())
        if other and not self.runs:
            self.close()
        if self.link is None or not self.link.alive:
            self._config = config_path()
            environment = dict(os.environ)
            if self._config:
                environment["OCIO"] = self._config
            client = "nuke " + nuke.NUKE_VERSION_STRING
            self.link = Link(find_command(_chosen()), client, environment)
            try:
                self.link.hello()
            except LinkError:
                self.close()
                raise
            self.link.ask("models", {}, self.told_models)
        return self.link

    def told_models(self, told, error):
        """Keep licences and hashes of the weights."""
        for model in (told or {}).get("models", ()):
            self.licences[model["name"]] = model["licence_weights"]
            self.weights[model["name"]] = model["sha256"][:12]

    def made_with(self, engine):
        """An engine as it was told, with the licence of its weights where there are any."""
        for name, licence in self.licences.items():
            if name in engine:
                return "{}, weights {}".format(engine, licence)
        return engine

    def weights_of(self, engine):
        """name:hash of the weights that an engine names; "" where it has none."""
        for name, digest in self.weights.items():
            if name in engine:
                return "{}:{}".format(name, digest)
        return ""

    def replaced(self, weights):
        """Whether weights, as `weights_of` gave them, are others now, as far as it was told."""
        name, _, digest = weights.partition(":")
        return bool(digest) and self.weights.get(name, digest) != digest

    def follow(self):
        """Hear of what happens: by ticks where there is a window. Else the caller waits."""
        if nuke.GUI:
            self._ticker.start()

    def close(self):
        if self.link is not None:
            self.link.close()
            self.link.drain()
            self.link = None

    def _tick(self):
        if self.link is not None:
            self.link.drain()
        for run in list(self.runs.values()):
            run.look()
        return bool(self.runs) or (self.link is not None and self.link.busy)


def _chosen():
    try:
        with open(_WHERE, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def check_licence():
    """Raises: LinkError under a licence that limits Python."""
    for key, name in (("indie", "Nuke Indie"), ("nc", "Nuke Non-commercial")):
        if nuke.env.get(key):
            raise LinkError(
                "unsupported",
                "{} limits what Python may do, so Backlot cannot make frames here.".format(name),
                "Results that were made elsewhere render. Use a full licence, or the command line.",
            )


session = Session()
