"""The layers of a build: what `bblayers.conf` names, and the configurations and recipes found there."""

import glob
import os

from conf import ParseError, Variables, find

# What the host, the directories and the toy's own switches bring in changes no image.
UNSIGNED = {
    "TOPDIR", "TMPDIR", "COREBASE", "SSTATE_DIR", "SSTATE_MIRRORS", "DL_DIR", "BBPATH", "BBLAYERS",
    "BBMULTICONFIG", "BB_NUMBER_THREADS", "PARALLEL_MAKE", "LAYERDIR", "BB_CURRENT_MC",
}
UNSIGNED_PREFIXES = ("TOY_", "BBFILE", "LAYERSERIES_", "DEPLOY_DIR")


class Layers:
    """All layers, in the order of `BBLAYERS`, and the recipes in them."""

    def __init__(self, topdir, environment):
        self.topdir = topdir
        base = Variables({"TOPDIR": topdir})
        for name in environment.get("BB_ENV_PASSTHROUGH_ADDITIONS", "").split():
            if name in environment:
                base.values[name] = environment[name]
        base.parse(os.path.join(topdir, "conf", "bblayers.conf"))
        self.paths = [os.path.normpath(path) for path in base.get("BBLAYERS").split()]
        for path in self.paths:
            layer = os.path.join(path, "conf", "layer.conf")
            if not os.path.isfile(layer):
                raise ParseError(f"Unable to parse {layer}: no such file")
            base.values["LAYERDIR"] = path
            base.parse(layer)
        self.base = base
        self.recipes = {}
        for path in self.paths:
            for recipe in sorted(glob.glob(os.path.join(path, "recipes-*", "*", "*.bb"))):
                self.recipes[os.path.basename(recipe)[:-3].partition("_")[0]] = recipe

    def configuration(self, multiconfig=""):
        """The variables of the whole build, read in bitbake's order."""
        variables = self.base.copy()
        search = [self.topdir, *self.paths]
        variables.values["BB_CURRENT_MC"] = multiconfig or "default"
        root = find("conf/bitbake.conf", search)
        if not root:
            raise ParseError("Unable to find conf/bitbake.conf in any layer")
        variables.parse(root, search)
        return variables

    def appends(self, name):
        """The `.bbappend` files for a recipe."""
        return [
            append for path in self.paths
            for append in sorted(glob.glob(os.path.join(path, "recipes-*", "*", f"{name}.bbappend")))
        ]

    def class_file(self, name):
        """The file of a class."""
        path = find(f"classes/{name}.bbclass", self.paths)
        if not path:
            raise ParseError(f"Could not inherit file classes/{name}.bbclass")
        return path


def signed_variables(variables):
    """The variables that go into an image, with the build directory left unnamed."""
    return [
        (name, variables.get(name, keep=("TOPDIR",))) for name in variables.names()
        if name not in UNSIGNED and not name.startswith(UNSIGNED_PREFIXES)
    ]
