"""The variables of a build: the little of bitbake's language that the toy's layers and kas use."""

import os
import re

ASSIGNMENT = re.compile(
    r'(?:export\s+)?([A-Za-z0-9_.+${}-]+?)((?::(?:append|prepend|remove))?)'
    r'\s*(\?\?=|\?=|:=|\+=|=\+|\.=|=\.|=)\s*(["\'])(.*)\4\s*$'
)
INCLUSION = re.compile(r'(include|require)\s+(\S+)\s*$')
INHERITANCE = re.compile(r'(?:inherit|INHERIT\s*\+=)\s+"?([^"]+)"?\s*$')
REFERENCE = re.compile(r'\$\{([A-Za-z0-9_.+-]+)\}')


class ParseError(Exception):
    """A file that the toy does not understand."""


class Variables:
    """A set of variables. `?=` and `??=` yield to what was set, `:append` and its kin are applied last."""

    def __init__(self, values=()):
        self.values = dict(values)
        self.weak = {}
        self.operations = {}
        self.classes = []

    def copy(self):
        """Another set that starts equal."""
        twin = Variables(self.values)
        twin.weak = dict(self.weak)
        twin.operations = {name: list(all_of_it) for name, all_of_it in self.operations.items()}
        twin.classes = list(self.classes)
        return twin

    def names(self):
        """Every name that has a value."""
        return sorted({*self.values, *self.weak, *self.operations})

    def get(self, name, default="", keep=()):
        """The expanded value. References to names in `keep` are left as they are."""
        return self.expand(self.raw(name, default), keep, (name,))

    def raw(self, name, default=""):
        """The value as it was written, with appends, prepends and removals applied."""
        value = self.values.get(name, self.weak.get(name, default))
        for operation, text in self.operations.get(name, ()):
            if operation == ":append":
                value += text
            elif operation == ":prepend":
                value = text + value
        for operation, text in self.operations.get(name, ()):
            if operation == ":remove":
                gone = text.split()
                value = " ".join(word for word in value.split() if word not in gone)
        return value

    def expand(self, text, keep=(), open_names=()):
        """Replaces `${NAME}` where NAME is set; what is unknown or names itself stays as bitbake leaves it."""
        def replace(match):
            name = match.group(1)
            known = name in self.values or name in self.weak or name in self.operations
            if name in keep or name in open_names or not known:
                return match.group(0)
            return self.expand(self.raw(name), keep, (*open_names, name))
        return REFERENCE.sub(replace, text)

    def assign(self, name, modifier, operator, text):
        """One line of a configuration file."""
        if modifier:
            self.operations.setdefault(name, []).append((modifier, text))
        elif operator == "??=":
            self.weak[name] = text
        elif operator == "?=":
            self.values.setdefault(name, text)
        elif operator in ("=", ":="):
            self.values[name] = text if operator == "=" else self.expand(text)
        else:
            before = self.values.get(name, self.weak.get(name, ""))
            self.values[name] = {
                "+=": f"{before} {text}", "=+": f"{text} {before}",
                ".=": f"{before}{text}", "=.": f"{text}{before}",
            }[operator]

    def parse(self, path, search=()):
        """Reads a file. What it includes is looked for in the directories of `search`."""
        with open(path, encoding="utf-8") as file:
            text = file.read().replace("\\\n", " ")
        for number, line in enumerate(text.split("\n"), 1):
            self.parse_line(line.strip(), f"{path}:{number}", search)

    def parse_line(self, line, place, search):
        """One logical line."""
        if not line or line.startswith("#"):
            return
        inherited = INHERITANCE.match(line)
        if inherited:
            self.classes += inherited.group(1).split()
            return
        included = INCLUSION.match(line)
        if included:
            name = self.expand(included.group(2))
            found = find(name, search)
            if found:
                self.parse(found, search)
            elif included.group(1) == "require":
                raise ParseError(f"ParseError at {place}: Could not include required file {name}")
            return
        assigned = ASSIGNMENT.match(line)
        if not assigned:
            raise ParseError(f"ParseError at {place}: unparsed line: '{line}'")
        name, modifier, operator, _, text = assigned.groups()
        self.assign(self.expand(name), modifier, operator, text)


def find(name, search):
    """The first file of that name in the directories."""
    for directory in search:
        path = os.path.join(directory, name)
        if os.path.isfile(path):
            return path
    return None
