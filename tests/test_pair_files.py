"""What a pair file may hold, and what each mistake in one is told."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from conformance.porting.pair import PairError, load

GOOD = "torch_model = paddle_model = object\ninputs = ('batch', 2)\n"


@pytest.fixture
def pair(tmp_path):
    """The pair of a file with this text."""

    def read(text: str):
        path = tmp_path / "port.py"
        path.write_text(text, "utf-8")
        return load(path)

    return read


@pytest.mark.parametrize(
    ("described", "shape", "dtype"),
    [
        ("('batch', 3, 4)", (5, 3, 4), "float32"),
        ("{'shape': ('batch', 7), 'dtype': 'int64', 'high': 9}", (5, 7), "int64"),
        ("{'shape': (3, 'batch'), 'low': -2.0, 'high': -1.0}", (3, 5), "float32"),
        ("{'shape': ('batch',), 'dtype': 'bool'}", (5,), "bool"),
        ("lambda rng, batch: rng.random((batch, 1))", (5, 1), "float64"),
    ],
)
def test_inputs_are_drawn_as_described(pair, described, shape, dtype):
    made = pair(GOOD + f"inputs = {described}").arrays("inputs", 5, np.random.default_rng(0))
    assert [(array.shape, str(array.dtype)) for array in made] == [(shape, dtype)]
    again = pair(GOOD + f"inputs = {described}").arrays("inputs", 5, np.random.default_rng(1))
    assert not np.array_equal(made[0], again[0])


def test_several_inputs_are_a_list_and_stay_in_their_range(pair):
    found = pair(GOOD + "inputs = [('batch', 2), {'shape': ('batch', 99), 'low': 3.0, 'high': 4.0}]")
    one, other = found.arrays("inputs", 2, np.random.default_rng(0))
    assert one.shape == (2, 2) and other.shape == (2, 99)
    assert other.min() >= 3.0 and other.max() <= 4.0


def test_integers_reach_both_ends_repeat_a_row_and_end_with_the_padding(pair):
    described = "{'shape': ('batch', 9), 'dtype': 'int64', 'low': 2, 'high': 40, 'padding': 2}"
    for seed in range(20):
        (made,) = pair(GOOD + f"inputs = {described}").arrays("inputs", 4, np.random.default_rng(seed))
        assert made.min() == 2 and made.max() == 39
        assert (made[1] == made[0]).all() and not (made[2] == made[0]).all()
        assert (made[-1, -3:] == 2).all()
    (labels,) = pair(GOOD + "inputs = {'shape': ('batch',), 'dtype': 'int64', 'high': 5}").arrays(
        "inputs", 3, np.random.default_rng(0)
    )
    assert labels[0] == 4 and labels[-1] == 0
    (one,) = pair(GOOD + "inputs = {'shape': (1,), 'dtype': 'int64', 'high': 5}").arrays(
        "inputs", 3, np.random.default_rng(0)
    )
    assert one.shape == (1,)


@pytest.mark.parametrize("dtype", ["bool", "int64", "float32"])
def test_masks_have_padding_then_none_then_one_place(pair, dtype):
    read = pair(GOOD + f"inputs = {{'shape': ('batch', 6), 'dtype': {dtype!r}, 'mask': True}}")
    made = [read.arrays("inputs", 3, np.random.default_rng(place), place)[0] for place in range(4)]
    assert all(str(each.dtype) == dtype for each in made)
    for each in (made[0], made[3]):
        assert each[0].all() and not each[-1, 3:].any() and each[-1, :3].all()
        assert (np.diff(each.astype(int)) <= 0).all() and each[:, 0].all()
    assert made[1].all()
    assert (made[2] == 0).sum() == 1 and not made[2][-1, -1]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("inputs = (1,)", "does not name torch_model, paddle_model"),
        (GOOD + "1 / 0", r"port\.py does not run: line 3: ZeroDivisionError"),
        ("import no_such_package", "does not run: line 1: ModuleNotFoundError"),
        ("def broken(:", "does not run: .*SyntaxError"),
        (GOOD + "torch_model = 3", "torch_model is a int, not something to call"),
        (GOOD + "torch_loss = print", "names one of torch_loss and paddle_loss; it needs both"),
        (GOOD + "loss = 'hinge'", "loss is 'hinge'; choose one of cross_entropy, mse"),
        (GOOD + "loss = 'mse'", "a loss of 'mse' needs targets"),
        (GOOD + "batch_sizes = (0,)", "batch_sizes is"),
    ],
)
def test_a_mistake_in_a_pair_file_is_one_sentence(pair, text, sentence):
    with pytest.raises(PairError, match=sentence):
        pair(text)


@pytest.mark.parametrize(
    ("described", "sentence"),
    [
        ("{'shape': (2,), 'dtype': 'int64'}", "integers need the number that they stay below"),
        ("{'size': (2,)}", "a description has shape, dtype, low, high, padding and mask, not 'size'"),
        ("lambda rng, batch: 1 / 0", "inputs cannot be drawn .*ZeroDivisionError"),
        ("('many', 2)", "inputs cannot be drawn"),
    ],
)
def test_a_description_that_cannot_be_drawn_is_one_sentence(pair, described, sentence):
    with pytest.raises(PairError, match=sentence):
        pair(GOOD + f"inputs = {described}").arrays("inputs", 1, np.random.default_rng(0))


def test_a_file_that_is_not_there_and_a_factory_of_something_else_are_told(pair, tmp_path: Path):
    with pytest.raises(PairError, match="is no file; a pair file is a Python file"):
        load(tmp_path / "none.py")
    with pytest.raises(PairError, match=r"torch_model\(\) gave a object, which is no torch model"):
        pair(GOOD).model("torch")


def test_models_named_by_module_are_imported_where_they_are_called(pair, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "paddle", None)
    (tmp_path / "named_torch.py").write_text(
        "class Net:\n    def __call__(self): pass\n    def state_dict(self): pass\n", "utf-8"
    )
    (tmp_path / "named_paddle.py").write_text("import paddle\n", "utf-8")
    read = pair("torch_model, paddle_model = 'named_torch:Net', 'named_paddle:Net'\ninputs = ('batch', 2)\n")
    assert type(read.model("torch")).__name__ == "Net"
    with pytest.raises(ModuleNotFoundError, match="paddle"):
        read.model("paddle")


def test_a_lane_without_the_other_framework_is_told_how_to_name_the_models(pair, monkeypatch):
    monkeypatch.setitem(sys.modules, "paddle", None)
    with pytest.raises(PairError, match=r"line 1: ModuleNotFoundError: .*; write torch_model = 'module:Net'"):
        pair("import paddle\n" + GOOD)
    with pytest.raises(PairError, match=r"no_such_module'$"):
        pair("import no_such_module\n" + GOOD)


def test_a_text_that_names_no_module_is_nothing_to_call(pair):
    with pytest.raises(PairError, match="torch_model is a str, not something to call"):
        pair("torch_model, paddle_model = 'Net', 'net:Net'\ninputs = ('batch', 2)\n")


# Where a pair file lies


def test_a_pair_file_in_a_package_imports_from_it_by_relative_names(tmp_path):
    files = {
        "models/__init__.py": "",
        "models/nets.py": "class Net: pass\n",
        "models/ports/__init__.py": "",
        "models/ports/beside.py": "from ..nets import Net as Ours\n",
        "models/ports/port.py": (
            "from __future__ import annotations\n"
            "import dataclasses, pathlib\n"
            "from ..nets import Net as torch_model\n"
            "from .beside import Ours as paddle_model\n"
            "from models.nets import Net\n"
            "@dataclasses.dataclass\n"
            "class Options:\n    width: int = 2\n"
            "assert Net is torch_model and __package__ == 'models.ports'\n"
            "inputs = ('batch', int((pathlib.Path(__file__).parent / 'width.txt').read_text()))\n"
        ),
        "models/ports/width.txt": "5",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    read = load(tmp_path / "models" / "ports" / "port.py")
    assert read.torch_model is read.paddle_model and read.inputs == ("batch", 5)


def test_two_pair_files_of_one_name_have_helpers_of_their_own_also_later(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name / "parts").mkdir(parents=True)
        (tmp_path / name / "parts" / "__init__.py").touch()
        (tmp_path / name / "parts" / "wide.py").write_text(f"where = {name!r}\n", "utf-8")
        (tmp_path / name / "nets.py").write_text(
            f"class Net:\n    where = {name!r}\n    def state_dict(self): pass\n    def __call__(self): pass\n", "utf-8"
        )
        text = "from nets import Net as paddle_model\nfrom parts.wide import where\ninputs = (where,)\n"
        (tmp_path / name / "port.py").write_text(text + "torch_model = 'nets:Net'\n", "utf-8")
    one, other = (load(tmp_path / name / "port.py") for name in ("one", "other"))
    assert (one.inputs, other.inputs) == (("one",), ("other",))
    assert [pair.paddle_model().where for pair in (one, other)] == ["one", "other"]
    assert [pair.model("torch").where for pair in (one, other, one)] == ["one", "other", "one"]


def test_a_pair_file_may_have_the_name_of_a_package_and_changes_count_at_once(tmp_path):
    path = tmp_path / "numpy.py"
    for width in (1, 2, 3):  # within one second, and of one length
        path.write_text(f"import colorsys\ntorch_model = paddle_model = object\ninputs = ('batch', {width})\n", "utf-8")
        assert load(path).inputs == ("batch", width)
    assert sys.modules["numpy"] is np and not list(tmp_path.glob("__pycache__"))
