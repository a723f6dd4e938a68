"""The sources that a lane runs: their digest, and an archive of them for another machine."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

PACKAGES = ("conformance", "reference_impl", "suites")
"""What a lane imports."""


def files(roots: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Name and path of every source file; the first root that has a package counts."""
    for package in PACKAGES:
        for root in map(Path, roots):
            if (root / package / "__init__.py").exists():
                for path in sorted((root / package).rglob("*.py")):
                    yield path.relative_to(root).as_posix(), path
                break


def digest(roots: Sequence[str]) -> str:
    """A digest of all sources."""
    found = hashlib.sha256()
    for name, path in files(roots):
        found.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def archive(roots: Sequence[str]) -> bytes:
    """A zip file of all sources, from which a lane on another machine imports them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, path in files(roots):
            made.write(path, name)
    return buffer.getvalue()
