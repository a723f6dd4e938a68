"""Files from strangers: no call in them is made, and damage is one clear sentence instead of other weights."""

from __future__ import annotations

import colorsys
import io
import pickle
import struct
import sys
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.transfer import TransferError, read_tree, unpickle, write_tree

TREE = {"w": np.arange(12, dtype="f4").reshape(3, 4), "nested.name": np.array([0.5, -0.0])}


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


# What strangers' files ask for here is harmless: a number, a tuple of numbers, or a function that is only named.
NUMBER, FUNCTION, COPY = b"cfractions\nFraction\n", b"ccolorsys\nrgb_to_hsv\n", b"ccopyreg\n__newobj__\n"
HALF = b"K\x01K\x02"
CALLS = {
    "GLOBAL and REDUCE": b"\x80\x02" + NUMBER + HALF + b"\x86R.",
    "STACK_GLOBAL": b"\x80\x04" + text("fractions") + text("Fraction") + b"\x93" + HALF + b"\x86R.",
    "STACK_GLOBAL of memoized text": b"\x80\x04" + text("fractions") + b"q\x000" + text("Fraction") + b"q\x010"
    b"h\x00h\x01\x93" + HALF + b"\x86R.",
    "dotted STACK_GLOBAL": b"\x80\x04" + text("fractions") + text("Fraction.from_float") + b"\x93"
    + b"G?\xe0\0\0\0\0\0\0" + b"\x85R.",
    "protocol 0": b"cfractions\nFraction\n(I1\nI2\ntR.",
    "INST": b"(" + HALF + b"ifractions\nFraction\n.",
    "OBJ": b"\x80\x02(" + NUMBER + HALF + b"o.",
    "NEWOBJ": b"\x80\x02" + NUMBER + HALF + b"\x86\x81.",
    "NEWOBJ_EX": b"\x80\x04" + NUMBER + HALF + b"\x86}\x92.",
    "NEWOBJ by a name": b"\x80\x02" + COPY + NUMBER + HALF + b"\x87R.",
    "BUILD": b"\x80\x02" + NUMBER + HALF + b"\x86RN}" + text("_numerator") + b"K\x01s\x86b.",
    "a function": b"\x80\x02" + FUNCTION + b"K\x01K\x00K\x00\x87R.",
    "a function that is only named": b"\x80\x02" + FUNCTION + b".",
    "hidden after arrays": pickle.dumps(TREE, 2)[:-1] + b"0" + NUMBER + HALF + b"\x86R.",
    "hidden in a dict": b"\x80\x02}(" + text("w") + NUMBER + HALF + b"\x86Ru.",
    # The state of an object array is a list of pickled objects.
    "in an array of objects": pickle.dumps(np.array([7], object), 2).replace(b"K\x07a", NUMBER + HALF + b"\x86Ra"),
}  # fmt: skip
EXTENSIONS = {"EXT1": b"\x82\x01.", "EXT2": b"\x83\x01\x01.", "EXT4": b"\x84\x01\x01\x01\x00."}


def in_archive(payload: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model/data.pkl", payload)
        archive.writestr("model/byteorder", "little")
        archive.writestr("model/data/0", bytes(48))
        archive.writestr("model/version", "3\n")
    return buffer.getvalue()


@pytest.mark.parametrize("name", CALLS)
def test_pickle_load_would_make_each_call(name: str) -> None:
    """The control: without it, a typing error in a file would pass for a refusal."""
    found = pickle.loads(CALLS[name])
    while isinstance(found, dict | np.ndarray):
        found = found["w"] if isinstance(found, dict) else found[0]
    assert isinstance(found, Fraction | tuple) or found is colorsys.rgb_to_hsv


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("suffix", [".pdparams", ".pth"])
def test_calls_are_refused_and_not_made(tmp_path: Path, name: str, suffix: str, monkeypatch: Any) -> None:
    """A refused name is not even looked up: its module is not imported."""
    for module in ("fractions", "colorsys"):
        monkeypatch.delitem(sys.modules, module)
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(in_archive(CALLS[name]) if suffix == ".pth" else CALLS[name])

    with pytest.raises(TransferError, match=r"weights\.p.* is refused: .* nothing of this one was run"):
        read_tree(path)

    assert not {"fractions", "colorsys"} & sys.modules.keys()


@pytest.mark.parametrize("name", EXTENSIONS)
@pytest.mark.parametrize("suffix", [".pdparams", ".pth"])
def test_registered_extensions_are_refused(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(in_archive(EXTENSIONS[name]) if suffix == ".pth" else EXTENSIONS[name])
    with pytest.raises(TransferError, match=rf"is refused: it uses the pickle operation {name}"):
        read_tree(path)


NDARRAY = b"cnumpy\nndarray\n"
RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n" + NDARRAY + b"K\x00\x85" + b"C\x01b\x87R"
FLOAT = b"cnumpy\ndtype\n" + text("f4") + b"\x89\x88\x87R"
REFUSED = {
    "a call of ndarray": NDARRAY + b"K\x05\x85R.",
    "the state of a class": NDARRAY + b"}" + text("a") + b"K\x01sb.",
    "the state of OrderedDict": b"ccollections\nOrderedDict\n}" + text("a") + b"K\x01sb.",
    "the state of a list": b"]}b.",
    "a class as value": NDARRAY + b".",
    "a dtype as value": FLOAT + b".",
    "an object dtype": b"cnumpy\ndtype\n" + text("O8") + b"\x89\x88\x87R.",
    "a structured dtype": b"cnumpy\ndtype\n" + text("f4,O") + b"\x89\x88\x87R.",
    "an unfinished array": RECONSTRUCT + b".",
    "data outside": b"K\x01Q.",
    "a set": b"\x8f.",
    "another codec": b"c_codecs\nencode\n" + text("a") + text("zip") + b"\x86R.",
    "a key of bytes": b"}C\x01aK\x01s.",
    "a key twice": b"}" + text("a") + b"K\x01s" + text("a") + b"K\x02s.",
    "appending to a dict": b"}K\x01a.",
    "setting an item of a list": b"]K\x01K\x02s.",
    "a list in itself": b"]q\x00h\x00a.",
    "a deep nest": b"]" * 70 + b"a" * 69 + b".",
}
DAMAGED = {
    "nothing": b"",
    "text": b"weights",
    "an empty stack": b"\x80\x02.",
    "two values": b"K\x01K\x01.",
    "an underflow": b"0.",
    "a tuple of too few": b"K\x01\x87.",
    "below a mark": b"K\x01(a.",
    "a memo that is not there": b"h\x05.",
    "a mark that is not there": b"t.",
    "an array too short": RECONSTRUCT + b"(K\x01K\x04\x85" + FLOAT + b"\x89C\x04abcdtb.",
    "a negative shape": RECONSTRUCT + b"(K\x01J\xff\xff\xff\xff\x85" + FLOAT + b"\x89C\x04abcdtb.",
    "a state of the wrong length": RECONSTRUCT + b"K\x01\x85b.",
    "a number without end": b"I" + b"9" * 5000 + b"\n.",
    "text that is not UTF-8": b"X\x01\x00\x00\x00\xff.",
    "a length beyond the file": b"X\xff\xff\xff\x7fab.",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_plain_data_does_not_need_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.pdparams").write_bytes(REFUSED[name])
    with pytest.raises(TransferError, match=r"a\.pdparams (is refused|cannot be read as \.pdparams)"):
        read_tree(tmp_path / "a.pdparams")


def test_a_nest_that_repeats_itself_is_counted_as_often_as_it_would_be_written(
    tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "a.pdparams").write_bytes(b"]K\x01a" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(3)) + b".")
    four = (([1], [1]), ([1], [1]))
    assert read_tree(tmp_path / "a.pdparams") == (four, four)
    monkeypatch.setattr(unpickle, "NODE_LIMIT", 20)
    with pytest.raises(TransferError, match=r"a\.pdparams is refused: .* holds more than 20 values"):
        read_tree(tmp_path / "a.pdparams")


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("suffix", [".pdparams", ".pth"])
def test_damage_is_one_clear_sentence(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(in_archive(DAMAGED[name]) if suffix == ".pth" else DAMAGED[name])
    with pytest.raises(TransferError, match=r"a\.p\w+ (cannot be read as \.p|is refused)"):
        read_tree(path)


def tensor(offset: int, size: bytes, stride: bytes, key: bytes = text("0")) -> bytes:
    """A torch pickle of one tensor over the 12 floats of `in_archive`."""
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + key + text("cpu") + b"K\x0ctQ"
    number = b"J" + struct.pack("<i", offset)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number + size + stride + b"\x89}tR."


def test_torch_tensors_must_lie_within_their_storage(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    path.write_bytes(in_archive(tensor(4, b"K\x02K\x02\x86", b"K\x04K\x01\x86")))
    np.testing.assert_array_equal(read_tree(path), np.zeros((2, 2), "f4"))
    one, negative = b"K\x01\x85", b"J\xff\xff\xff\xff\x85"
    for payload in (
        tensor(12, one, one),
        tensor(-1, one, one),
        tensor(0, b"K\x0d\x85", one),
        tensor(0, b"K\x02\x85", b"K\x0c\x85"),
        tensor(0, b"K\x64\x85", b"K\x00\x85"),  # stride 0: one stored value claims to be a hundred
        tensor(0, b"K\x02\x85", negative),
        tensor(0, negative, one),
        tensor(0, one, b")"),
        tensor(0, one, one, key=text("1")),
        tensor(0, one, one, key=text("a/b")),
        tensor(0, one, one, key=b"K\x00"),
    ):
        path.write_bytes(in_archive(payload))
        with pytest.raises(TransferError, match=r"a\.pth (cannot be read as \.pth|is refused)"):
            read_tree(path)


def test_archives_that_torch_does_not_write(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    for message, names, compression in (
        ("without torch's data.pkl", ["other"], zipfile.ZIP_STORED),
        ("without torch's data.pkl", ["a/data.pkl", "b/data.pkl"], zipfile.ZIP_STORED),
        ("is compressed", ["m/data.pkl"], zipfile.ZIP_DEFLATED),
    ):
        with zipfile.ZipFile(path, "w", compression) as archive:
            for name in names:
                archive.writestr(name, b"N.")
        with pytest.raises(TransferError, match=message):
            read_tree(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", b"N.")
        archive.writestr("m/byteorder", "big")
    with pytest.raises(TransferError, match="big-endian"):
        read_tree(path)


def test_suffixes_that_do_not_fit_the_content(tmp_path: Path) -> None:
    for suffix in (".pth", ".pdparams", ".safetensors"):
        write_tree(tmp_path / f"a{suffix}", TREE)
    contents = {suffix: (tmp_path / f"a{suffix}").read_bytes() for suffix in (".pth", ".pdparams", ".safetensors")}
    for suffix in contents:
        for other, content in contents.items():
            if suffix != other:
                path = tmp_path / f"wrong{suffix}"
                path.write_bytes(content)
                with pytest.raises(TransferError, match=rf"wrong\{suffix} (cannot be read as \{suffix}|is refused)"):
                    read_tree(path)


@pytest.mark.parametrize("suffix", [".pth", ".pdparams", ".safetensors"])
def test_truncated_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_tree(path, TREE)
    content = path.read_bytes()
    complete = content.find(b"\ncrc32=") if suffix == ".pdparams" else len(content)  # then comes the checksum
    for length in [*range(0, len(content), max(1, len(content) // 100)), len(content) - 1]:
        if length != complete:
            path.write_bytes(content[:length])
            with pytest.raises(TransferError, match=r"a\.\w+ cannot be read as \.\w+: .*truncated|is refused"):
                read_tree(path)


@pytest.mark.parametrize("suffix", [".pth", ".pdparams", ".safetensors"])
def test_flipped_bits_never_change_a_value_unnoticed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_tree(path, TREE)
    content = path.read_bytes()
    noticed = 0
    generator = np.random.default_rng(0)
    for position in generator.choice(len(content) * 8, 600, replace=False):
        flipped = bytearray(content)
        flipped[position // 8] ^= 1 << (position % 8)
        path.write_bytes(flipped)
        try:
            tree = read_tree(path)
        except TransferError:
            noticed += 1
        else:  # a bit that no reader looks at, such as a date in a zip archive
            assert {key: (value.dtype, value.tobytes()) for key, value in tree.items()} == {
                key: (value.dtype, value.tobytes()) for key, value in TREE.items()
            }
    assert noticed > 100


def test_flipped_bits_in_a_file_without_checksum_never_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.pdparams"
    content = pickle.dumps({**TREE, "StructuredToParameterName@@": {"w": "linear_0.w_0"}}, 2)
    generator = np.random.default_rng(0)
    for position in generator.choice(len(content) * 8, 600, replace=False):
        flipped = bytearray(content)
        flipped[position // 8] ^= 1 << (position % 8)
        path.write_bytes(flipped)
        try:
            assert_plain(read_tree(path))
        except TransferError:
            continue


def assert_plain(value: Any) -> None:
    if isinstance(value, dict):
        for item in value.values():
            assert_plain(item)
    elif isinstance(value, list | tuple):
        for item in value:
            assert_plain(item)
    else:
        assert isinstance(value, np.ndarray | str | int | float | bool | bytes | None)


def test_a_whole_model_in_a_file_says_what_to_save_instead(tmp_path: Path) -> None:
    import torch

    torch.save(torch.nn.Linear(1, 1), tmp_path / "a.pth")
    with pytest.raises(TransferError, match=r"names torch\.nn\.modules\.linear\.Linear.*Save the state dict instead"):
        read_tree(tmp_path / "a.pth")
