"""A toy bitbake: its arguments, its lock, its first and last words."""

import fcntl
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from bb import __version__
from conf import ParseError
from layers import Layers
from runqueue import RunQueue, TaskFailed
from tasks import TaskGraph


def parse_arguments(arguments):
    """The task and the targets. An option that the toy does not know is an error: it would do the wrong thing."""
    task, targets = "build", []
    words = iter(arguments)
    for word in words:
        if word in ("-c", "--cmd"):
            task = next(words, "")
        elif word.startswith("-"):
            raise ParseError(f"no such option in a toy: {word}")
        else:
            targets.append(word)
    if not targets:
        raise ParseError("Nothing to do. Use 'bitbake world' to build everything, or 'bitbake NAME'")
    return task.removeprefix("do_"), targets


def take_lock(topdir):
    """One bitbake for a build directory. Held until the process ends."""
    lock = open(os.path.join(topdir, "bitbake.lock"), "a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ParseError(f"Only one copy of bitbake should be run against a build directory: {topdir}") from None
    return lock


def build(topdir, arguments):
    """Builds the targets."""
    task, targets = parse_arguments(arguments)
    layers = Layers(topdir, os.environ)
    by_multiconfig = {}
    for target in targets:
        prefix, _, name = target.rpartition(":")
        by_multiconfig.setdefault(prefix.partition(":")[2], []).append(name)
    ran = attempted = 0
    for multiconfig, names in by_multiconfig.items():
        variables = layers.configuration(multiconfig)
        if multiconfig and multiconfig not in variables.get("BBMULTICONFIG").split():
            raise ParseError(f"mc:{multiconfig}:{names[0]} names a multiconfig that BBMULTICONFIG does not have")
        describe(variables, layers, multiconfig)
        graph = TaskGraph(layers, variables)
        for name in names:
            graph.add(name, task)
        queue = RunQueue(variables, graph.tasks)
        ran += queue.run()
        attempted += len(graph.tasks)
    print(f"NOTE: Tasks Summary: Attempted {attempted} tasks of which {attempted - ran} didn't need to be rerun "
          "and all succeeded.")


def describe(variables, layers, multiconfig):
    """What bitbake prints before it begins."""
    print("\nBuild Configuration:" if not multiconfig else f"\nBuild Configuration (mc:{multiconfig}):")
    for name, value in [
        ("BB_VERSION", f"{__version__} (a toy)"), ("MACHINE", variables.get("MACHINE")),
        ("DISTRO", variables.get("DISTRO")), ("DISTRO_VERSION", variables.get("DISTRO_VERSION")),
        ("BB_NUMBER_THREADS", variables.get("BB_NUMBER_THREADS")),
        ("PARALLEL_MAKE", variables.get("PARALLEL_MAKE")),
    ]:
        print(f'{name:<20} = "{value}"')
    for path in layers.paths:
        print(f'{"layer":<20} = "{path}"')
    warning = variables.get("MACHINE_WARNING")
    if warning:
        print(f"WARNING: {variables.get('MACHINE')}: {warning}")


def main():
    """Returns the exit status."""
    sys.stdout.reconfigure(line_buffering=True)
    if "--version" in sys.argv[1:]:
        print(f"BitBake Build Tool Core version {__version__}, a toy")
        return 0
    topdir = os.getcwd()
    if not os.path.isfile(os.path.join(topdir, "conf", "bblayers.conf")):
        print("ERROR: there is no conf/bblayers.conf here: start in a build directory", file=sys.stderr)
        return 1
    try:
        lock = take_lock(topdir)
        build(topdir, sys.argv[1:])
        lock.close()
        return 0
    except ParseError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        print("\nSummary: There was 1 ERROR message, returning a non-zero exit code.")
    except TaskFailed as failed:
        print("NOTE: Tasks Summary: 1 failed.")
        print(f"\nSummary: 1 task failed:\n  {failed}")
        print("Summary: There was 1 ERROR message, returning a non-zero exit code.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
