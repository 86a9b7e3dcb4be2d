"""What a build leaves in its deploy directory: images under their names with time stamps, and links to them."""

import os
import time

from layers import signed_variables


def deploy(variables, task):
    """Writes the files of a task that has any."""
    for path, data in outputs(variables, task):
        if path.endswith(".sh"):
            write(path, data)
            os.chmod(path, 0o755)
        else:
            stamped(path, data)


def is_deployed(variables, task):
    """Whether the files are there."""
    return all(os.path.exists(path) for path, _ in outputs(variables, task))


def outputs(variables, task):
    """The paths and contents of what a task deploys."""
    root = os.path.join(variables.get("TMPDIR"), "deploy")
    machine = variables.get("MACHINE")
    name = task.recipe.name
    if task.name == "do_populate_sdk":
        script = f"#!/bin/sh\n# A toy SDK for {machine}, {task.signature}\necho 'nothing to install'\n"
        return [(os.path.join(root, "sdk", f"{name}-sdk-{machine}.sh"), script.encode())]
    if task.name != "do_image":
        return []
    images = os.path.join(root, "images", machine)
    data = manifest(task).encode()
    found = []
    for kind in task.recipe.variables.get("IMAGE_FSTYPES").split():
        if kind == "wic":
            found.append((os.path.join(images, f"{name}-{machine}.rootfs.wic"), data))
        elif kind == "pvrexport":
            found.append((os.path.join(images, f"{name}-{machine}.pvrexport.tgz"), archive(data)))
        else:
            raise ValueError(f"IMAGE_FSTYPES has {kind}, which the toy cannot make")
    return found


def manifest(task):
    """The disk image. It names all that went in, so that it can be read."""
    variables = task.recipe.variables
    lines = [f"a toy disk image of {task.recipe.label()}", f"signature {task.signature}", ""]
    lines += [f"package {name} {signature}" for name, signature in sorted(task.recipe.needed.items())]
    lines += [""] + [f'{name} = "{value}"' for name, value in signed_variables(variables)]
    return "\n".join(lines) + "\n"


def archive(data):
    """A tar archive with one member, the same bytes at any time. Loaded late: most boards need none."""
    import gzip
    import io
    import tarfile
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        member = tarfile.TarInfo("bsp/manifest")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return gzip.compress(inner.getvalue(), mtime=0)


def stamped(link, data):
    """Writes NAME-<time>.EXT and points NAME.EXT at it, and removes what it pointed at before."""
    directory, name = os.path.split(link)
    first, dot, rest = name.partition(".rootfs.")
    if not dot:
        first, dot, rest = name.partition(".pvrexport.")
    now = time.strftime("%Y%m%d%H%M%S", time.gmtime())
    target = f"{first}{dot[:-1]}-{now}.{rest}"
    before = os.readlink(link) if os.path.islink(link) else None
    write(os.path.join(directory, target), data)
    fresh = f"{link}.{os.getpid()}"
    os.symlink(target, fresh)
    os.replace(fresh, link)
    if before and before != target and os.path.exists(os.path.join(directory, before)):
        os.remove(os.path.join(directory, before))


def write(path, data):
    """Writes a file whole or not at all: other builds share some of these directories."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fresh = f"{path}.{os.getpid()}"
    with open(fresh, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    os.replace(fresh, path)
