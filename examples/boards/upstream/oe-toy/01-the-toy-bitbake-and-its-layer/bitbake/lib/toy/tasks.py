"""Recipes as tasks with signatures. Runs nothing."""

import hashlib
import os

from conf import REFERENCE, ParseError
from layers import signed_variables


class Recipe:
    """A recipe with its appends and classes, parsed on top of a configuration."""

    def __init__(self, layers, configuration, name):
        self.name = name
        self.path = layers.recipes.get(name)
        if not self.path:
            raise ParseError(f"Nothing PROVIDES '{name}'. Close matches: none in a toy")
        self.variables = configuration.copy()
        self.variables.classes = []
        self.files = [self.path, *layers.appends(name)]
        self.variables.values["PN"] = name
        self.variables.values["PV"] = os.path.basename(self.path)[:-3].partition("_")[2] or "1.0"
        for path in self.files:
            self.variables.parse(path, layers.paths)
        for inherited in self.variables.classes:
            path = layers.class_file(inherited)
            self.files.append(path)
            self.variables.parse(path, layers.paths)
        self.version = self.variables.get("PV")
        self.is_image = "image" in self.variables.classes

    def label(self):
        """What messages call it."""
        return f"{self.name}-{self.version}-r0"

    def depends(self):
        """The recipes that must be there first."""
        words = self.variables.get("IMAGE_INSTALL" if self.is_image else "DEPENDS").split()
        return sorted(set(words))


class Task:
    """One task of one recipe."""

    def __init__(self, recipe, name, signature):
        self.recipe = recipe
        self.name = name
        self.signature = signature

    def __str__(self):
        return f"{self.recipe.path}:{self.name}"


class TaskGraph:
    """All tasks that some targets need, dependencies first."""

    def __init__(self, layers, configuration):
        self.layers = layers
        self.configuration = configuration
        self.tasks = []
        self.signatures = {}

    def add(self, name, last_task):
        """Adds a target; returns the task that was asked for."""
        recipe = Recipe(self.layers, self.configuration, name)
        needed = {word: self.package(word) for word in recipe.depends()}
        if not recipe.is_image:
            self.package(name)
            return self.tasks[-1]
        everything = signed_variables(recipe.variables)
        signature = digest(contents(recipe), everything, sorted(needed.items()))
        steps = {"populate_sdk": ["do_populate_sdk"]}.get(last_task, ["do_rootfs", "do_image"])
        self.tasks += [Task(recipe, step, digest(step, signature)) for step in steps]
        recipe.needed = needed
        return self.tasks[-1]

    def package(self, name):
        """Adds the tasks of a recipe that is no image; returns its signature."""
        if name in self.signatures:
            return self.signatures[name]
        self.signatures[name] = ""
        recipe = Recipe(self.layers, self.configuration, name)
        needed = [(word, self.package(word)) for word in recipe.depends()]
        signature = digest(contents(recipe), mentioned(recipe), needed)
        self.signatures[name] = signature
        for step in ("do_fetch", "do_compile"):
            self.tasks.append(Task(recipe, step, digest(step, signature)))
        return signature


def contents(recipe):
    """What the files of a recipe say: its own, its appends', its classes', and those beside them."""
    found = []
    for path in recipe.files:
        found.append((os.path.basename(path), read(path)))
        beside = os.path.join(os.path.dirname(path), "files")
        if path.endswith((".bb", ".bbappend")) and os.path.isdir(beside):
            found += [(name, read(os.path.join(beside, name))) for name in sorted(os.listdir(beside))]
    return found


def mentioned(recipe):
    """The variables that a recipe refers to: only they make it differ from board to board."""
    names = {name for path in recipe.files for name in REFERENCE.findall(read(path))}
    return [(name, recipe.variables.get(name, keep=("TOPDIR",))) for name in sorted(names)]


def read(path):
    """A file's text."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def digest(*parts):
    """The signature of some values; `repr` sets them apart."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()
