"""The sources that a lane runs: their digest, and an archive of them for another machine.

``packages`` maps each package that a lane imports to the folder that it lies in: :func:`conformance.home.packages`.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path


def files(packages: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Name and path of every source file."""
    for package, root in packages.items():
        for path in sorted(Path(root, package).rglob("*.py")):
            if "_gate" not in path.relative_to(root).parts:  # data of an installed package, which lies below it
                yield path.relative_to(root).as_posix(), path


def digest(packages: Mapping[str, str]) -> str:
    """A digest of all sources."""
    found = hashlib.sha256()
    for name, path in files(packages):
        found.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def archive(packages: Mapping[str, str]) -> bytes:
    """A zip file of all sources, from which a lane on another machine imports them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, path in files(packages):
            made.write(path, name)
    return buffer.getvalue()
