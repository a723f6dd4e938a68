"""A file is written whole or not at all, and a bad one is refused before a framework is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from conformance.transfer import TransferError, saved, write_tree
from conformance.transfer.stored import Stored
from conformance.transfer.unpickle import Foreign, RefusedError, parse

ROOT = Path(__file__).resolve().parent.parent
SUFFIXES = (".pth", ".pdparams", ".safetensors")
FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from conformance.transfer import TransferError, write_tree
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
path = Path(sys.argv[1])
try:
    write_tree(path, {"a": np.zeros(1 << 20), "b": np.zeros(1 << 20)})
except TransferError as error:
    print(error)
"""


def run(program: str, *arguments: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_one_sentence_and_the_old_file_stays(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("old")
    done = run(FULL, path)
    assert done.stdout.startswith(f"cannot write {path}: File too large; make room there"), done.stderr
    assert (path.read_text(), os.listdir(tmp_path)) == ("old", [path.name])


@pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError, TransferError])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_ends_a_write_in_the_middle_leaves_nothing(tmp_path: Path, suffix: str, failure: Any) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text("old")

    def read() -> Any:
        raise failure("stop")

    tree = {"a": np.zeros(1000), "b": Stored((1000,), np.dtype("f8"), read), "c": np.zeros(1000)}
    with pytest.raises(failure, match="stop"):
        write_tree(path, tree)
    assert (path.read_text(), os.listdir(tmp_path)) == ("old", [path.name])


def whole(path: Path) -> None:
    torch.save({"model": {"w": torch.ones(3)}}, path)


def truncated(path: Path) -> None:
    whole(path)
    path.write_bytes(path.read_bytes()[:-40])


def flipped(path: Path) -> None:
    whole(path)
    content = path.read_bytes()
    place = content.index(np.ones(3, "f4").tobytes())
    path.write_bytes(content[:place] + b"\1" + content[place + 1 :])


def without_shard(path: Path) -> None:
    path.write_text(json.dumps({"weight_map": {"w": "a.safetensors"}}))


def of_no_weights(path: Path) -> None:
    torch.save({"epoch": 1}, path)


def of_processes(path: Path) -> None:
    path.mkdir()
    (path / "0_0.distcp").touch()


def repeated(path: Path) -> None:
    whole(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(next(name for name in archive.namelist() if name.endswith("data/0")), bytes(12))


BAD: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "truncated": ("a.pth", truncated, "a.pth cannot be read as .pth"),
    "a flipped bit": ("a.pth", flipped, "a.pth cannot be read as .pth: Bad CRC-32"),
    "an entry twice": ("a.pth", repeated, "a.pth cannot be read as .pth: it has two entries of one name"),
    "no shard": ("a.safetensors.index.json", without_shard, "a.safetensors, which is not beside it"),
    "no weights": ("a.ckpt", of_no_weights, "a.ckpt has no state dict among its parts"),
    "text": ("a.safetensors", lambda path: path.write_text("weights"), "a.safetensors cannot be read as .safetensors"),
    "a distributed checkpoint": ("a", of_processes, "a is a distributed checkpoint"),
}
COMMAND = """
import sys
import zipfile
from conformance.__main__ import main
status = main(["transfer", "port.py", "--from", sys.argv[1], "--to", "b.pdparams"])
print(status, sorted({"torch", "paddle"} & set(sys.modules)))
"""


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_before_a_framework_is_imported(tmp_path: Path, case: str) -> None:
    name, make, sentence = BAD[case]
    make(tmp_path / name)
    (tmp_path / "port.py").write_text("import torch, paddle\n", "utf-8")
    done = run(COMMAND, name, folder=tmp_path)
    assert done.stdout == "2 []\n", done.stderr
    assert sentence in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "b.pdparams").exists()


def in_lightning(path: Path) -> None:
    torch.save({"pytorch-lightning_version": "2", "state_dict": {"w": torch.ones(3)}, "hyper_parameters": ROOT}, path)


def in_legacy(path: Path) -> None:
    torch.save({"model": {"w": torch.ones(3)}}, path, _use_new_zipfile_serialization=False)


def in_a_program(path: Path) -> None:
    """One array, as paddle.jit.save writes it; no framework is needed for it."""
    parameter = {"#": "p", "A": [0, 1, 1, "w"], "O": {"TT": {"D": [0, [3]]}}}
    program = {"program": {"regions": [{"blocks": [{"ops": [parameter]}]}]}}
    path.with_suffix(".json").write_text(json.dumps(program))
    description = b"\x08\x05\x10\x03"
    path.write_bytes(bytes(16) + len(description).to_bytes(4, "little") + description + np.ones(3, "f4").tobytes())


@pytest.mark.parametrize("make", [in_lightning, in_legacy, in_a_program])
def test_a_flipped_bit_is_a_sentence_or_another_number_and_never_a_crash(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / ("a.pdiparams" if make is in_a_program else "a.ckpt")
    make(path)
    assert list(saved.read(path).weights) == ["w"]
    content, refused = path.read_bytes(), 0
    bits = np.random.default_rng(0).choice(len(content) * 8, min(400, len(content) * 8), replace=False)
    for bit in bits:
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(flipped)
        try:
            saved.read(path)
        except TransferError:
            refused += 1
    assert refused > 50


def text(value: str) -> bytes:
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


GLOBAL, NAMED = b"ccolorsys\nrgb_to_hsv\n", text("colorsys") + text("rgb_to_hsv") + b"\x93"
FOREIGN = {
    "a class": GLOBAL + b".",
    "a class by its text": b"\x80\x04" + NAMED + b".",
    "a call": GLOBAL + b"(K\x00K\x00K\x00tR.",
    "a call by the text": b"\x80\x04" + NAMED + b"(K\x00K\x00K\x00tR.",
    "a new object": b"\x80\x02" + GLOBAL + b")\x81.",
    "a new object with names": b"\x80\x04" + GLOBAL + b")}\x92.",
    "a state": b"\x80\x02" + GLOBAL + b")\x81}" + text("a") + b"K\x01sb.",
    "items": b"\x80\x02" + GLOBAL + b")\x81(" + text("a") + b"K\x01u.",
    "a list": b"\x80\x02" + GLOBAL + b")\x81(K\x01K\x02e.",
}


@pytest.mark.parametrize("form", FOREIGN)
def test_what_is_foreign_stands_for_itself_and_is_not_even_imported(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    assert parse(FOREIGN[form], {}, tolerant=True)[0] == Foreign("colorsys.rgb_to_hsv")
    assert "colorsys" not in sys.modules


@pytest.mark.parametrize(
    "payload",
    [
        b"ccollections\nOrderedDict\n)R}" + text("hook") + GLOBAL + b"sb.",
        b"ccollections\ndefaultdict\n" + GLOBAL + b"\x85R.",
        b"ccollections\nOrderedDict\n)R}" + text("hook") + b"(" + GLOBAL + b"(K\x00K\x00K\x00tRlsb.",
        b"ccollections\nOrderedDict\n)R]q\x00"
        + b"".join(b"h\x00h\x00\x86q\x00" for _ in range(60))
        + GLOBAL
        + b"\x86b.",
    ],
)
def test_what_is_foreign_never_goes_unsaid(payload: bytes) -> None:
    from conformance.transfer.arrays import PLAIN_NAMES

    with pytest.raises(RefusedError, match=r"it names colorsys\.rgb_to_hsv"):
        parse(b"\x80\x02" + payload, PLAIN_NAMES, tolerant=True)


def test_a_checkpoint_that_is_nothing_but_foreign_is_refused(tmp_path: Path) -> None:
    for form in FOREIGN.values():
        (tmp_path / "a.pdparams").write_bytes(form)
        with pytest.raises(TransferError, match=r"a\.pdparams is refused: it names colorsys\.rgb_to_hsv"):
            saved.read(tmp_path / "a.pdparams")
