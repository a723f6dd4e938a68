"""Where lanes keep bytecode: a folder for each release in the user's cache, and nothing where that cannot be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.lanes import bytecode

WRITTEN = """
import json, sys
exec(compile(open(sys.argv[1]).read(), "bytecode", "exec"))
folder = keep("small_framework")
import small_framework
print(json.dumps([folder, sys.pycache_prefix, sys.dont_write_bytecode, small_framework.__cached__]))
"""


@pytest.fixture
def framework(tmp_path: Path) -> Path:
    """A folder of packages with a framework of one small module."""
    package = tmp_path / "packages" / "small_framework"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from small_framework import version\n")
    (package / "version.py").write_text("release = '1.0'\n")
    return package


@pytest.fixture
def ask(tmp_path: Path, framework: Path) -> Any:
    """What :func:`bytecode.keep` does in an interpreter of its own: the folder, the settings after it, and where the
    framework's bytecode then lies."""

    def run(*options: str, **variables: str) -> list[Any]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        given = {"PYTHONDONTWRITEBYTECODE": "1", "XDG_CACHE_HOME": str(tmp_path / "cache"), **variables}
        environment = {**kept, "PYTHONPATH": str(framework.parent), **given}
        command = [sys.executable, *options, "-c", WRITTEN, bytecode.__file__]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        found: list[Any] = json.loads(done.stdout)
        return found

    return run


def folders(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / bytecode.PARENT).iterdir())


def test_a_framework_is_compiled_once(tmp_path, framework, ask):
    folder, prefix, dont_write, cached = ask()
    assert Path(folder).parent == tmp_path / "cache" / bytecode.PARENT
    assert prefix == folder and dont_write is False
    assert cached.startswith(folder) and Path(cached).is_file()
    assert Path(folder).stat().st_mode & 0o077 == 0
    made = Path(cached).stat().st_mtime_ns
    assert ask() == [folder, prefix, dont_write, cached] and Path(cached).stat().st_mtime_ns == made
    assert not (framework / "__pycache__").exists()
    assert ask("-B", PYTHONDONTWRITEBYTECODE="")[0] == folder


def test_a_folder_that_a_person_named_and_bytecode_that_is_written_anyway_are_left_alone(tmp_path, framework, ask):
    own = str(tmp_path / "own")
    folder, prefix, dont_write, _ = ask(PYTHONPYCACHEPREFIX=own)
    assert (folder, prefix, dont_write) == (None, own, True)
    folder, prefix, dont_write, cached = ask(PYTHONDONTWRITEBYTECODE="")
    assert (folder, prefix, dont_write) == (None, None, False)
    assert Path(cached).parent == framework / "__pycache__"
    assert ask()[0] is None, "the framework has been compiled beside its sources"
    assert not (tmp_path / "cache").exists()


def test_two_releases_and_two_environments_do_not_share(tmp_path, framework, ask):
    first = ask()[0]
    other = tmp_path / "elsewhere"
    other.mkdir()
    framework.parent.rename(other / "packages")
    (tmp_path / "packages").symlink_to(other / "packages")
    elsewhere = ask(PYTHONPATH=str(other / "packages"))[0]
    assert elsewhere != first and folders(tmp_path / "cache") == sorted(Path(one).name for one in (first, elsewhere))
    (framework / "version.py").write_text("release = '1.1'\n")
    assert ask()[0] not in (first, elsewhere)


def test_folders_of_earlier_releases_and_of_environments_that_are_gone_are_removed(tmp_path, framework, ask):
    first = ask()[0]
    (framework / "version.py").write_text("release = '1.1'\n")
    second = ask()[0]
    assert folders(tmp_path / "cache") == [Path(second).name] != [Path(first).name]
    framework.parent.rename(tmp_path / "moved")
    third = ask(PYTHONPATH=str(tmp_path / "moved"))[0]
    assert folders(tmp_path / "cache") == [Path(third).name]
    begun = Path(third).with_name(Path(third).name + "-begun")  # by a lane that has not said yet whose it is
    begun.mkdir()
    (tmp_path / "moved" / "small_framework" / "version.py").write_text("release = '1.2'\n")
    assert (
        len({Path(ask(PYTHONPATH=str(tmp_path / "moved"))[0]).name, begun.name} & set(folders(tmp_path / "cache"))) == 2
    )


def test_a_cache_that_cannot_be_written_to_changes_nothing(tmp_path, ask):
    (tmp_path / "file").write_text("")
    assert ask(XDG_CACHE_HOME=str(tmp_path / "file"))[:3] == [None, None, True]
    assert ask(XDG_CACHE_HOME="/proc/nothing")[:3] == [None, None, True]


def test_a_cache_that_others_may_write_to_is_not_used(tmp_path, ask):
    folder = Path(ask()[0])
    folder.chmod(0o777)
    assert ask()[:3] == [None, None, True]
    folder.chmod(0o700)
    folder.parent.chmod(0o770)
    assert ask()[:3] == [None, None, True]
    folder.parent.chmod(0o700)
    assert ask()[0] == str(folder)


def test_the_cache_is_where_the_user_s_caches_are(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for named in ("", "relative/path"):
        monkeypatch.setenv("XDG_CACHE_HOME", named)
        assert bytecode.cache() == str(tmp_path / ".cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert bytecode.cache() == str(tmp_path / "caches")


def test_a_framework_that_is_not_there_or_no_package_changes_nothing(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    assert bytecode.keep("no_such_framework") is None
    assert sys.dont_write_bytecode and sys.pycache_prefix is None
