"""Where the interpreter of a lane keeps compiled modules, if it may keep none beside their sources.

Under ``PYTHONDONTWRITEBYTECODE``, which many container images set, a lane would compile its framework anew at each
start, and that takes longer than all else that it does then. It keeps the result in a folder of the user's cache.

The text of this module is sent to the interpreter, and runs there before anything else is imported: it needs no more
than the standard library of Python 3.8.
"""

import hashlib
import importlib.util
import os
import shutil
import sys

PARENT = "conformance-bytecode"
SOURCE = "compiled-from"
"""File in each folder with the path of the framework that it belongs to."""
VERSIONS = ("version.py", os.path.join("version", "__init__.py"))
"""Where a framework says which release, and which build of it, it is."""


def keep(framework: str) -> "str | None":
    """Let this interpreter keep what it compiles; gives the folder, or ``None`` where all stays as it was.

    It stays where bytecode is written anyway, where a person has named a folder (``PYTHONPYCACHEPREFIX``), where the
    framework has been compiled beside its sources, and where no folder of the cache can be written to.
    """
    if not sys.dont_write_bytecode or sys.pycache_prefix is not None:
        return None
    try:
        spec = importlib.util.find_spec(framework)
        if spec is None or spec.origin is None or (spec.cached and os.path.exists(spec.cached)):
            return None
        folder = prepared(framework, os.path.dirname(spec.origin))
    except (OSError, ImportError, ValueError):
        return None
    if folder is not None:
        sys.pycache_prefix, sys.dont_write_bytecode = folder, False
    return folder


def prepared(framework: str, source: str) -> "str | None":
    """The folder of one release of a framework for this Python, made where there is none yet.

    ``None`` where others may write to it, as bytecode is run without a look at it.
    """
    parent = os.path.join(cache(), PARENT)
    kind = f"{framework}-{sys.implementation.cache_tag}-"
    folder = os.path.join(parent, kind + release(source))
    if not os.path.isabs(folder):
        return None
    os.makedirs(parent, 0o700, exist_ok=True)
    is_new = not os.path.isdir(folder)
    os.makedirs(folder, 0o700, exist_ok=True)
    if not (own(parent) and own(folder)):
        return None
    if is_new:
        with open(os.path.join(folder, SOURCE), "w", encoding="utf-8") as file:
            file.write(source)
        remove_others(parent, kind, folder, source)
    return folder


def cache() -> str:
    """The user's folder of caches (XDG Base Directory Specification: a relative path counts for none)."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return named if os.path.isabs(named) else os.path.join(os.path.expanduser("~"), ".cache")


def release(source: str) -> str:
    """A digest of where a framework lies and of which release it is."""
    found = hashlib.sha256(source.encode("utf-8", "surrogateescape"))
    for name in VERSIONS:
        path = os.path.join(source, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                found.update(file.read())
    return found.hexdigest()[:16]


def own(folder: str) -> bool:
    """Whether a folder is this user's, and nobody else may write to it."""
    if not os.access(folder, os.W_OK):
        return False
    about = os.stat(folder)
    return not hasattr(os, "getuid") or (about.st_uid == os.getuid() and not about.st_mode & 0o022)


def remove_others(parent: str, kind: str, folder: str, source: str) -> None:
    """Remove the folders of the same framework of environments that are gone, and of earlier releases in this one."""
    for name in os.listdir(parent):
        other = os.path.join(parent, name)
        if not name.startswith(kind) or other == folder:
            continue
        try:
            with open(os.path.join(other, SOURCE), encoding="utf-8") as file:
                of = file.read()
        except OSError:  # another lane is about to write it
            continue
        if of == source or not os.path.isdir(of):
            shutil.rmtree(other, ignore_errors=True)
