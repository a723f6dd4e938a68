"""The standalone scripts: they run without the project, tell agreement from divergence, and keep every bit.

Generated scripts are really run, by an isolated interpreter in an empty folder: nothing of the project can help.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance import names
from conformance.accuracy import Acceptance, Rejects
from conformance.contract import EXACT, REAL, REGISTRY, Contract, Sample
from conformance.judge import ORACLE, Difference, compare_values
from conformance.report import harness, standalone
from conformance.report.literals import literal, unpack
from conformance.report.sources import CannotInline

names.import_suites(Path(__file__).resolve().parent.parent)


def law(call: Any, **options: Any) -> Contract:
    """A contract that is in no registry, with one call for both frameworks."""
    made: dict[str, Any] = {
        "id": "test.law",
        "area": "test",
        "claim": 'A claim with a "quote", a \\ and """three""".',
        "samples": None,
        "calls": {"torch": call, "paddle": call},
        "oracle": lambda **inputs: {},
        "variants": {},
        "gradients": (),
        "tensors": False,
        "conditioned": False,
        "share": 1.0,
        "may_be_zero": (),
        "unsupported": {},
        "module": getattr(call, "__module__", __name__),
    }
    return Contract(**{**made, **options})


def run(folder: Path, *texts: str) -> list[tuple[int, str]]:
    """Exit status and output of scripts, run one after the other by one isolated interpreter in ``folder``."""
    for place, text in enumerate(texts):
        (folder / f"script{place}.py").write_text(text)
    driver = textwrap.dedent(
        """
        import runpy, sys
        for name in sys.argv[1:]:
            try:
                runpy.run_path(name, run_name="__main__")
                print("no exit status")
            except SystemExit as status:
                print(f"--- {status.code}")
        ours = {"conformance", "reference_impl", "suites", "tests"} & {name.partition(".")[0] for name in sys.modules}
        print("imported", ours or "nothing")
        """
    )
    names = [f"script{place}.py" for place in range(len(texts))]
    asked = [sys.executable, "-I", "-W", "ignore", "-c", driver, *names]
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    *parts, last = done.stdout.split("--- ")
    assert len(parts) == len(texts) and last.endswith("imported nothing\n"), done.stdout + done.stderr
    statuses = [int(part.split("\n", 1)[0]) for part in [*parts[1:], last]]
    outputs = [parts[0], *(part.split("\n", 1)[1] for part in parts[1:])]
    return list(zip(statuses, outputs, strict=True))


def executed(text: str) -> int:
    """Exit status of a script that is run right here."""
    with pytest.raises(SystemExit) as status:
        exec(compile(text, "script", "exec"), {"__name__": "__main__"})
    assert isinstance(status.value.code, int)
    return status.value.code


def convolution() -> tuple[Contract, Sample]:
    rng = np.random.default_rng(3)
    inputs = {
        "x": rng.standard_normal((2, 4, 6, 5)).astype("float32"),
        "weight": rng.standard_normal((6, 2, 3, 2)).astype("float32"),
        "bias": rng.standard_normal(6).astype("float32"),
        "stride": (2, 1),
        "padding": (1, 0),
        "dilation": (1, 2),
        "groups": 2,
        "cotangent": rng.standard_normal((2, 6, 3, 3)).astype("float32"),
    }
    return REGISTRY["nn.conv2d"], Sample(inputs, REAL)


# A script as a whole.


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_a_script_exits_0_where_the_framework_agrees_and_1_where_it_does_not(framework: str, tmp_path: Path) -> None:
    contract, sample = convolution()
    accepted = contract.oracle(**sample.inputs)
    one = accepted["gradient.weight"]
    wrong = one.value.copy()
    wrong[4, 1, 2, 0] += 1.5 * np.broadcast_to(one.bound, wrong.shape)[4, 1, 2, 0] + 1e-5
    altered = {**accepted, "gradient.weight": replace(one, value=wrong)}
    texts = [standalone.script(contract, framework, sample, each) for each in (accepted, altered)]
    (agrees, told), (diverges, told_wrong) = run(tmp_path, *texts)
    assert (agrees, diverges) == (0, 1)
    assert told.count("agrees") == 4 and "DIVERGES" not in told
    (line,) = [line for line in told_wrong.splitlines() if "DIVERGES" in line]
    assert line.startswith("gradient.weight: got ") and "at [4, 1, 2, 0], 1 of 72 outside" in line
    assert all(word in line for word in ("expected", "error", "allowed"))


def test_the_exact_regime_allows_nothing(tmp_path: Path) -> None:
    contract, sample = convolution()
    whole = {name: np.round(value) if isinstance(value, np.ndarray) else value for name, value in sample.inputs.items()}
    accepted = contract.oracle(**whole)
    off = {name: replace(item, value=item.value * (1 + 2e-7)) for name, item in accepted.items()}
    texts = [standalone.script(contract, "torch", Sample(whole, EXACT), each) for each in (accepted, off)]
    assert [status for status, _ in run(tmp_path, *texts)] == [0, 1]


def plain_call(image, options, text, raw, nothing, pair):
    return {
        "sum": float(image.sum()) * options["scale"]["by"][1],
        "shape": np.array(image.shape),
        "text": f"{text}{len(raw)}",
        "flag": nothing is None,
        "pair": list(pair),
        "first": raw[:3] == bytes([0, 255, 10]),
    }


PLAIN_INPUTS = {
    "image": np.arange(12, dtype="uint8").reshape(3, 4),
    "options": {"scale": {"by": [1, 2.5]}, "table": np.array([0.1])},
    "text": 'a "text"\n',
    "raw": bytes([0, 255, 10]) + bytes(range(256)) * 2,
    "nothing": None,
    "pair": (np.float32(0.1), -0.0),
}


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_plain_nested_inputs_and_calls_of_the_reference_implementation(framework: str, tmp_path: Path) -> None:
    accepted = {
        "sum": Acceptance(np.array(165.0), dtype="float64"),
        "shape": Acceptance(np.array([3, 4])),
        "text": Acceptance(np.asarray('a "text"\n515')),
        "flag": Acceptance(np.asarray(True)),
        "pair.0": Acceptance(np.array(np.float32(0.1), "float64"), dtype="float32"),
        "pair.1": Acceptance(np.array(0.0), dtype="float64"),
        "first": Acceptance(np.asarray(True)),
    }
    plain = standalone.script(law(plain_call), framework, Sample(PLAIN_INPUTS), accepted)
    weights = {
        "fc.weight": np.array([[1, 2], [3, 4]], "float32"),
        "fc.bias": np.array([5, 6], "float32"),
    }
    sample = Sample({"x": np.array([[1, 10]], "float32"), "weights": weights}, EXACT)
    call = {"torch": torch_model, "paddle": paddle_model}[framework]
    loaded = {"output": Acceptance(np.array([[26.0, 49.0]]))}
    transposed = {"output": Acceptance(np.array([[36.0, 48.0]]))}
    models = [standalone.script(law(call, tensors=True), framework, sample, each) for each in (loaded, transposed)]
    misfit = Sample({**sample.inputs, "weights": {"fc.weight": weights["fc.weight"]}}, EXACT)
    refusals = [
        standalone.script(law(call, tensors=True), framework, misfit, Rejects("the bias is missing", part))
        for part in ("fc.bias", "something else")
    ]
    accepts = standalone.script(law(call, tensors=True), framework, sample, Rejects("nothing is wrong"))
    statuses = run(tmp_path, plain, *models, *refusals, accepts)
    assert [status for status, _ in statuses] == [0, 0, 1, 0, 1, 1], statuses


def torch_model(x, weights):
    from torch import nn

    from conformance.transfer import load_into_torch

    model = nn.Sequential()
    model.add_module("fc", nn.Linear(2, 2))
    load_into_torch(model, weights)
    return model(x)


def paddle_model(x, weights):
    from paddle import nn

    import conformance.transfer.state as state

    model = nn.Sequential(("fc", nn.Linear(2, 2)))
    state.load_into_paddle(model, weights)
    return model(x)


def raising_call(x):
    raise ValueError("as asked")


def test_errors_missing_names_dtypes_and_shapes_diverge(capsys: pytest.CaptureFixture[str]) -> None:
    sample = Sample({"x": np.ones(2, "float32")})

    def told(call: Any, **accepted: Any) -> str:
        expected = {name: Acceptance(item) for name, item in accepted.items()}
        text = standalone.script(law(call), "torch", sample, expected)
        assert executed(text) == 1
        return capsys.readouterr().out

    assert "got ValueError: as asked" in told(raising_call, output=np.ones(2))
    assert "other: expected, but not returned: DIVERGES" in told(echo, output=np.ones(2), other=np.ones(2))
    assert "output: returned, but not expected: DIVERGES" in told(echo, other=np.ones(2))
    assert "got shape (2,), expected (1, 2)" in told(echo, output=np.ones((1, 2)))
    text = standalone.script(law(echo), "torch", sample, {"output": Acceptance(np.ones(2), dtype="float64")})
    assert executed(text) == 1
    assert "got dtype float32, expected float64" in capsys.readouterr().out


def echo(x):
    return x


def test_a_script_sees_the_sign_of_zero_where_it_is_promised(capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong = np.array([-0.0, 1.0], np.float32), np.array([0.0, 1.0], np.float32)
    for value, signed, status in ((right, True, 0), (wrong, True, 1), (wrong, False, 0)):
        accepted = {"output": Acceptance(value, signed=signed)}
        text = standalone.script(law(echo), "torch", Sample({"x": right}, REAL), accepted)
        assert executed(text) == status
    assert "got -0.0, expected 0.0, error 0, allowed 0 at [0], 1 of 2 outside: DIVERGES" in capsys.readouterr().out


def test_the_docstring_says_what_was_seen_and_expected() -> None:
    lane = {"version": "9.8.7+cu1", "device": "cpu", "tf32": False, "numpy": "2.0", "python": "3.11.7"}
    sample = Sample({"x": np.ones(2, "float32")})
    text = standalone.script(law(echo), "paddle", sample, {"output": Acceptance(np.ones(2))}, lane)
    told = " ".join((ast.get_docstring(ast.parse(text)) or "").split())
    assert "paddle 9.8.7+cu1 against test.law" in told
    assert "A claim with a \"quote\", a \\ and '''three'''." in told
    assert "within the error allowed" in told and "numpy 2.0" in told
    assert "Needs numpy, paddle." in told and "exits 1 on divergence, 0 on agreement" in told
    text = standalone.script(law(echo), "paddle", sample, Rejects("it is too long"), lane)
    assert "Expected: an error, because it is too long." in (ast.get_docstring(ast.parse(text)) or "")


def test_a_script_too_large_keeps_to_the_quantities_that_differ(capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(1)
    sample = Sample({"x": np.ones(3, "float32"), "y": np.zeros(2, "float32")})
    accepted = {
        "x": Acceptance(np.ones(3)),
        "y": Acceptance(np.ones(2)),
        "big": Acceptance(rng.random(800_000)),
        "huge": Acceptance(rng.random(800_000)),
    }
    with pytest.raises(CannotInline, match="MiB"):
        standalone.script(law(both), "torch", sample, accepted)
    few = standalone.script(law(both), "torch", sample, accepted, differing=["y", "big"])
    assert executed(few) == 1  # big does not exist
    assert "big: expected, but not returned" in capsys.readouterr().out
    fewer = standalone.script(law(both), "torch", sample, accepted, differing=["huge", "y", "big"])
    assert executed(fewer) == 1
    assert capsys.readouterr().out.splitlines()[0].startswith("y: got 0.0, expected 1.0, error 1, allowed 0 at [0]")
    assert "for y alone" in " ".join(fewer.split())


def both(x, y):
    return {"x": x, "y": y}


# Values.

PAYLOAD = np.array([0x7FC00001, 0xFFC00000, 0x7F800001], "uint32").view("float32")
VALUES = [
    np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-45, -1.1754942e-38, 3.4028235e38, 0.1, 1 / 3], "float32"),
    np.array([np.nan, -0.0, 5e-324, 1.7976931348623157e308, 0.1]),
    PAYLOAD,
    np.array([0.1, -0.0, 6e-8, np.inf], "float16"),
    np.arange(-3, 3, dtype="int64").reshape(2, 3),
    np.array([2**63, 2**64 - 1], "uint64"),
    np.array([[True], [False]]),
    np.array(-0.0, "float32"),
    np.zeros((0, 3), "float32"),
    np.array(["a", "bc"]),
    np.arange(300, dtype=">u2"),
    np.arange(24, dtype="float32").reshape(2, 3, 4).transpose(2, 0, 1),
    np.random.default_rng(0).standard_normal((5, 7, 9)).astype("float32"),
    np.random.default_rng(0).standard_normal((2, 5, 16)).astype("float32"),
    np.array([1 + 2j, complex(-0.0, np.nan)], "complex64"),
    np.resize(np.array([0.5, -0.0, np.nan, 1.0, 0.5], "float32"), (13, 17)),
    np.append(np.resize(np.array([0.5, 0.25]), 400), 0.75),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{value.dtype}{list(value.shape)}")
def test_arrays_keep_every_bit(value: np.ndarray) -> None:
    read = evaluated(literal({"nested": [value]}))["nested"][0]
    assert read.dtype == value.dtype and read.shape == value.shape
    assert read.tobytes() == np.ascontiguousarray(value).tobytes()
    assert read.flags.writeable


def test_what_repeats_and_what_is_short_needs_no_compression() -> None:
    weights = np.resize(np.array([0.25, -0.125, 0.5], "float32"), (128, 2304))
    assert literal(weights) == "np.resize(np.array([0.25, -0.125, 0.5], 'float32'), (128, 2304))"
    assert literal(np.ones((0, 3), "float32")) == "np.zeros((0, 3), 'float32')"
    raw = np.random.default_rng(0).bytes(1000)
    assert "zlib" not in literal(raw) and evaluated(literal(raw)) == raw


def evaluated(text: str) -> Any:
    import base64
    import zlib

    names = {"np": np, "nan": np.nan, "inf": np.inf, "unpack": unpack, "base64": base64, "zlib": zlib}
    return eval(text, names)


def test_other_values_are_read_back() -> None:
    value = {
        "none": None,
        "flags": [True, False],
        "numbers": (1, -2.5, float("inf"), 10**30),
        "single": ((),),
        "one": ("x",),
        "text": "'\"\n\\",
        "bytes": bytes(range(256)),
        "many": [f"number {place}" for place in range(40)],
        3: {"scalar": np.float32(0.1)},
    }
    read = evaluated(literal(value))
    assert read == value and type(read[3]["scalar"]) is np.float32
    assert max(map(len, literal(value).splitlines())) < 140


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array([None]), [Path("x")]])
def test_values_without_plain_source_are_refused(value: Any) -> None:
    with pytest.raises(CannotInline, match="has no plain source"):
        literal(value)


# The comparison is the judge's.


@pytest.mark.parametrize("seed", range(60))
def test_the_comparison_is_the_judges(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0]
    shape = tuple(rng.integers(1, 4, rng.integers(0, 3)))
    value = np.asarray(np.where(rng.random(shape) < 0.2, rng.choice(kinds, shape), rng.standard_normal(shape)))
    bound = np.asarray(rng.choice([0.0, 1e-3, 1e-2, np.inf, np.nan], p=[0.2, 0.3, 0.3, 0.1, 0.1], size=shape))
    swapped = np.where(rng.random(shape) < 0.1, rng.choice(kinds, shape), value)
    observed = np.asarray(swapped + np.where(rng.random(shape) < 0.2, 5e-3, 0.0))
    judged = compare_values("lane", ORACLE, "output", observed, value, bound)
    text, holds = harness.compare_quantity(observed, "float64", value, bound, "float64")
    assert holds is not isinstance(judged, Difference), text
