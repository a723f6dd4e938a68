"""Every helper that other tests assert with is shown to fail: one that cannot would make them pass for nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance import Sample
from conformance.report import failures
from tests import (
    test_oracle_models,
    test_oracle_vision,
    test_reference_models,
    test_safetensors_format,
    test_transfer_files,
    test_transfer_hostile,
)
from tests.comparisons import bitwise, close
from tests.small_project import Run, SmallProject
from tests.test_failures import ACCEPTED, diverged, rendered, seen
from tests.test_faults import excuses_nothing
from tests.test_gateway import rows
from tests.test_imports import imported_at_the_top
from tests.test_oracle_vision import same
from tests.test_refusals import refused

NAN, INF = np.nan, np.inf
ONE = np.array([1.0, -2.0])
F4 = ONE.astype(np.float32)


class Tensor:
    """As much of a tensor as the helpers look at."""

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def detach(self) -> Tensor:
        return self

    def numpy(self) -> np.ndarray:
        return self.array


@pytest.mark.parametrize(
    "actual",
    [ONE + 1e-11, np.array([1.0, NAN]), np.array([1.0, -INF]), ONE[:, None], ONE[:1], np.float64(1.0)],
    ids=["off", "nan", "infinite", "column", "short", "scalar"],
)
def test_arrays_that_are_not_close(actual):
    close(ONE, Tensor(ONE + 1e-13))
    test_oracle_models.agree(ONE, Tensor(ONE + 1e-13))
    with pytest.raises(AssertionError):
        close(actual, ONE)
    with pytest.raises(AssertionError):
        test_oracle_models.agree(actual, Tensor(ONE), 1e-12)


def test_one_value_is_not_close_to_many_of_it():
    with pytest.raises(AssertionError):
        close(np.float64(1.0), np.ones(3))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (F4, F4 * np.float32(1.0001)),
        (F4, F4.astype(np.float64)),
        (F4, F4[None]),
        (F4, F4 * NAN),
    ],
    ids=["off", "dtype", "shape", "nan"],
)
def test_models_that_do_not_agree(first, second):
    test_reference_models.assert_close(Tensor(F4), Tensor(np.nextafter(F4, np.float32(9))))
    with pytest.raises(AssertionError):
        test_reference_models.assert_close(Tensor(first), Tensor(second))


@pytest.mark.parametrize(
    "actual",
    [{}, {"x": F4, "y": F4}, {"x": ONE}, {"x": F4[None]}, {"x": np.array([0.0, 1.0], np.float32)}],
    ids=["missing", "extra", "dtype", "shape", "sign of zero"],
)
def test_states_that_differ_in_a_bit(actual):
    expected = {"x": np.array([-0.0, 1.0], np.float32)}
    bitwise(expected, expected)
    with pytest.raises(AssertionError):
        bitwise(actual, expected)
    assert test_safetensors_format.same(expected, expected)
    assert not test_safetensors_format.same(actual, expected)


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        ([1, 2], (1, 2)),
        ([1], [1, 2]),
        ({"a": 1}, {"b": 1}),
        ({"a": [1, True]}, {"a": [1, 1]}),
        (1.0, 2.0),
        (np.array([-0.0]), np.array([0.0])),
        (F4, ONE),
        (F4[None], F4),
        (np.frombuffer(F4.tobytes(), np.float32), F4),
    ],
    ids=["type", "length", "key", "nested", "number", "sign of zero", "dtype", "shape", "read-only"],
)
def test_trees_that_differ(actual, expected):
    test_transfer_files.assert_same(expected, expected)
    with pytest.raises(AssertionError):
        test_transfer_files.assert_same(actual, expected)


@pytest.mark.parametrize("value", [object(), {"a": [object()]}, ({"a": {1}},)], ids=["top", "list", "tuple"])
def test_what_is_not_plain(value):
    test_transfer_hostile.assert_plain({"a": [(1, 2.0, "x", b"", None, F4)]})
    with pytest.raises(AssertionError):
        test_transfer_hostile.assert_plain(value)


@pytest.mark.parametrize("found", [ONE, F4[None], -F4], ids=["dtype", "shape", "value"])
def test_pixels_that_differ(found):
    assert same(Tensor(F4), F4) and not same(found, F4)
    assert not same(np.zeros(1, np.float32), -np.zeros(1, np.float32))


@pytest.mark.parametrize(
    ("code", "output"),
    [
        (1, "ERROR: no lane"),
        (0, "ERROR: no lane"),
        (4, "ERROR: another sentence"),
        (4, "no lane"),
        (4, "ERROR: no lane\nERROR: no lane"),
        (4, "ERROR: no lane\nTraceback (most recent call last)"),
        (4, "INTERNALERROR> \nERROR: no lane"),
    ],
)
def test_what_is_no_refusal(code, output):
    Run(4, "ERROR: no lane is there", None).refused("no lane", "there")
    with pytest.raises(AssertionError):
        Run(code, output, None).refused("no lane")


class Refusing(SmallProject):
    """A project on which pytest ends with one sentence, and leaves these results."""

    def __init__(self, left: dict[str, Any] | None) -> None:
        self.left = left

    def write(self, name: str, text: str) -> Path:
        return Path(name)

    def run(self, *arguments: str, **variables: str) -> Run:
        return Run(4, "ERROR: no lane", self.left)


def test_a_refusal_that_leaves_an_earlier_verdict():
    refused(Refusing(None), says=("no lane",))
    with pytest.raises(AssertionError):
        refused(Refusing({"verdict": "pass"}), says=("no lane",))


def test_a_run_without_results_has_no_contract():
    with pytest.raises(AssertionError, match="what pytest said"):
        rows(Run(4, "what pytest said", None))
    with pytest.raises(AssertionError, match="what pytest said"):
        Run(4, "what pytest said", None).contract("small.double")


@pytest.mark.parametrize(
    "text",
    [
        "import torch",
        "import torch.nn",
        "from torch import nn",
        "try:\n    import torch\nexcept ImportError:\n    pass",
    ],
)
def test_imports_are_seen(tmp_path: Path, text: str):
    (tmp_path / "module.py").write_text(text)
    assert imported_at_the_top(tmp_path / "module.py") == {"torch"}


def test_a_failure_that_is_none_or_is_told_at_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(AssertionError):
        diverged(ACCEPTED, torch=seen([1, 2, 3]), paddle=seen([1, 2, 3]))
    error = diverged(ACCEPTED, torch=seen([1, 2, 4]))
    for text in ("\n" * 19, "a" * (failures.WIDTH + 1)):
        monkeypatch.setattr(failures, "render", lambda *_, text=text: text)
        with pytest.raises(AssertionError):
            rendered(error, tmp_path)


def test_an_image_of_another_mode_than_was_asked_for(monkeypatch: pytest.MonkeyPatch):
    rng, made = np.random.default_rng(0), test_oracle_vision.Image.frombytes
    assert test_oracle_vision.draw(rng, "RGB")[1].mode == "RGB"
    monkeypatch.setattr(test_oracle_vision.Image, "frombytes", lambda *arguments: made(*arguments).convert("L"))
    with pytest.raises(AssertionError):
        test_oracle_vision.draw(rng, "RGB")


def test_a_variant_that_excuses_another_lane_where_its_own_is_right(identity, run):
    def shifted(x: np.ndarray) -> dict[str, Any]:
        return {"output": np.where(x > 1, x + 1, x)}

    small, large = (Sample({"x": np.array([value], np.float32)}) for value in (1.0, 2.0))
    right = run(identity(variant_shifted=shifted), "torch")
    excuses_nothing(right, "shifted", [small])
    with pytest.raises(AssertionError, match="shifted excuses"):
        excuses_nothing(right, "shifted", [small, large])
    excuses_nothing(
        run(identity(torch=lambda x: x + 1, name="small.wrong", variant_shifted=shifted), "torch"), "shifted", large
    )
