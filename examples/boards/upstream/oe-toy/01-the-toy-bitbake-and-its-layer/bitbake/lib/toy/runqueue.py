"""Runs tasks: stamps, shared state, downloads, logs, and the switches that make a build misbehave."""

import glob
import os
import subprocess
import sys
import time

import deploy
from deploy import write


class TaskFailed(Exception):
    """A task that did not succeed."""


class RunQueue:
    """The tasks of one invocation."""

    def __init__(self, variables, tasks):
        self.variables = variables
        self.tasks = tasks
        self.tmpdir = variables.get("TMPDIR")
        self.pause = float(variables.get("TOY_SECONDS", "0.05")) / max(len(tasks), 1)

    def run(self):
        """Runs what is not done, restoring from shared state what is there."""
        time.sleep(float(self.variables.get("TOY_SILENT", "0")))
        misbehave(self.variables)
        waiting = [task for task in self.tasks if not self.is_done(task)]
        done = len(self.tasks) - len(waiting)
        cached = [task for task in waiting if os.path.exists(self.state(task))]
        for number, task in enumerate(cached, 1):
            print(f"NOTE: Running setscene task {number} of {len(cached)} ({task}_setscene)")
            self.finish(task)
        running = [task for task in waiting if task not in cached]
        for number, task in enumerate(running, done + len(cached) + 1):
            print(f"NOTE: Running task {number} of {len(self.tasks)} ({task})")
            self.run_one(task)
        return len(running)

    def run_one(self, task):
        """Runs one task and shares its result."""
        label = f"recipe {task.recipe.label()}: task {task.name}"
        print(f"NOTE: {label}: Started")
        time.sleep(self.pause)
        self.fail_if_asked(task)
        if task.name == "do_fetch":
            fetch(self.variables, task.recipe)
        write(self.state(task), f"{task.recipe.label()} {task.name} {task.signature}\n")
        self.finish(task)
        print(f"NOTE: {label}: Succeeded")

    def finish(self, task):
        """Leaves what the task leaves in the build directory."""
        if self.variables.get("TOY_NO_OUTPUT", "") != "1":
            deploy.deploy(self.variables, task)
        stamp = self.stamp(task)
        # A stamp of another signature would vouch for what was just replaced.
        for other in glob.glob(f"{stamp.rpartition('.')[0]}.*"):
            os.remove(other)
        write(stamp, "")

    def is_done(self, task):
        """Whether this build directory has it already."""
        return os.path.exists(self.stamp(task)) and deploy.is_deployed(self.variables, task)

    def stamp(self, task):
        """The file that says so."""
        multiconfig = self.variables.get("BB_CURRENT_MC")
        name = f"{task.recipe.label()}.{task.name}.{task.signature[:32]}"
        return os.path.join(self.tmpdir, "stamps", multiconfig, name)

    def state(self, task):
        """The file in the shared state cache."""
        name = f"sstate:{task.recipe.name}:{task.recipe.version}:{task.signature}_{task.name[3:]}.tgz"
        return os.path.join(self.variables.get("SSTATE_DIR"), task.signature[:2], name)

    def fail_if_asked(self, task):
        """`TOY_FAIL`, in bitbake's words."""
        asked = self.variables.get("TOY_FAIL", "")
        unless = self.variables.get("TOY_FAIL_UNLESS", "")
        if asked not in (task.name, f"{task.recipe.name}:{task.name}"):
            return
        if unless and os.path.exists(unless):
            return
        machine = self.variables.get("MACHINE")
        log = os.path.join(
            self.tmpdir, "work", machine, task.recipe.name, task.recipe.version, "temp",
            f"log.{task.name}.{os.getpid()}")
        message = "the toy was asked to fail here"
        write(log, f"DEBUG: Executing shell function {task.name}\n{message}\n"
                   f"WARNING: exit code 1 from a shell command.\n")
        print(f"ERROR: {task.recipe.label()} {task.name}: {message}", file=sys.stderr)
        print(f"ERROR: Logfile of failure stored in: {log}", file=sys.stderr)
        print("Log data follows:")
        print(f"| DEBUG: Executing shell function {task.name}")
        print(f"| {message}")
        print(f"NOTE: recipe {task.recipe.label()}: task {task.name}: Failed")
        print(f"ERROR: Task ({task}) failed with exit code '1'", file=sys.stderr)
        raise TaskFailed(str(task))


def fetch(variables, recipe):
    """Puts what stands for the sources into the download directory."""
    path = os.path.join(variables.get("DL_DIR"), f"{recipe.name}-{recipe.version}.tar.gz")
    if not os.path.exists(path):
        write(path, f"the sources of {recipe.name} {recipe.version}, so to say\n")


def misbehave(variables):
    """`TOY_TOUCH` and `TOY_SERVER`."""
    touched = variables.get("TOY_TOUCH", "")
    if touched:
        with open(os.path.join(variables.get("TOPDIR"), touched), "a", encoding="utf-8") as file:
            file.write("# written while it was being built\n")
    seconds = variables.get("TOY_SERVER", "")
    if seconds:
        # The path in its arguments tells whose it is, as with bitbake's own server.
        subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", f"import time; time.sleep({float(seconds)})",
             os.path.join(variables.get("TOPDIR"), "bitbake-cookerdaemon.log")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
