"""Short scripts: each runs without the project, and its assertion holds where the framework does as accepted."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance import names
from conformance.accuracy import Acceptance, Rejects
from conformance.contract import REAL, REGISTRY, Contract, Sample
from conformance.report.literals import NoScriptError, literal, number
from conformance.report.reproducers import difference
from conformance.report.script import LONGEST, Shown, call_of, docstring, script

names.import_suites(Path(__file__).resolve().parent.parent)
ABOUT = ['A "quote" and a \\ sign.', "Promised: it is so."]
X = np.array([[1.0, -2.0], [0.5, np.nan]], "float32")


def law(call: Any, **options: Any) -> Contract:
    """A contract that is in no registry, with one call for both frameworks."""
    made: dict[str, Any] = {
        **{"id": "test.law", "area": "test", "claim": "It is so.", "samples": None, "oracle": lambda **inputs: {}},
        **{"calls": {"torch": call, "paddle": call}, "variants": {}, "gradients": (), "tensors": True},
        **{"conditioned": False, "share": 1.0, "may_be_zero": (), "unsupported": {}, "module": __name__},
    }
    return Contract(**{**made, **options})


def ended(text: str) -> int:
    """Exit status of a script that is run right here: 1 where its assertion fails."""
    try:
        exec(compile(text, "script", "exec"), {"__name__": "__main__"})
    except AssertionError:
        return 1
    return 0


def doubled(x, mode, axis):
    import numpy as np

    y = x * 2
    return {"output": y, "parts": [y.sum(axis), np.zeros(2)], "mode": mode}


def shortest(framework: str, shown: Shown, accepted: Any, x: np.ndarray = X, call: Any = doubled, **more: Any) -> str:
    sample = Sample({"x": x, "mode": "same", "axis": 1, **more}, REAL)
    return script(law(call, gradients=("x",)), framework, sample, accepted, shown, ABOUT)


@pytest.mark.parametrize("framework", ["torch", "paddle"])
@pytest.mark.parametrize(
    ("shown", "right", "wrong"),
    [
        (Shown("value", "output", (0, 1)), np.where(X == -2, -4, 2 * X), np.where(X == -2, -4.001, 2 * X)),
        (Shown("value", "output", (1, 1)), 2 * X, np.ones((2, 2))),
        (Shown("value", "output", (0, 0)), 2 * X, X * np.nan),
        (Shown("value", "parts.0", (0,)), np.array([-2.0, np.nan]), np.array([2.0, np.nan])),
        (Shown("shape", "parts.0"), np.zeros(2), np.zeros((2, 1))),
        (Shown("value", "gradient.x", (1, 0)), np.full((2, 2), 6.0), np.full((2, 2), 5.0)),
    ],
)
def test_an_assertion_holds_for_the_right_value_alone(framework, shown, right, wrong):
    for value, status in ((right, 0), (wrong, 1)):
        accepted = {shown.quantity: Acceptance(value, np.full(value.shape, 1e-6), dtype="float32")}
        text = shortest(framework, shown, accepted, cotangent=np.full((2, 2), 3.0, "float32"))
        assert ended(text) == status, text
        assert len(text.splitlines()) <= LONGEST


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_dtypes_and_missing_gradients(framework):
    for dtype, status in (("float32", 0), ("float64", 1)):
        text = shortest(framework, Shown("dtype"), {"output": Acceptance(X, dtype=dtype)})
        assert ended(text) == status
    cotangent = np.ones((2, 2), "float32")
    assert ended(shortest(framework, Shown("missing", "gradient.x"), {}, cotangent=cotangent)) == 0


def test_a_gradient_that_does_not_arrive():
    cotangent = np.ones((2, 2), "float32")
    text = shortest("paddle", Shown("missing", "gradient.x"), {}, call=blocked, cotangent=cotangent)
    assert ended(text) == 1


def blocked(x, mode, axis):
    return x.detach() * 2


def refusing(x, mode, axis):
    return x.reshape([3, axis])


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_what_is_refused_and_what_is_not(framework):
    accepted = {"output": Acceptance(X)}
    assert ended(shortest(framework, Shown("refused"), accepted, call=refusing)) == 1
    assert ended(shortest(framework, Shown("refused"), accepted)) == 0
    assert ended(shortest(framework, Shown("accepted"), Rejects('it does not "fit"'), call=refusing)) == 0
    assert ended(shortest(framework, Shown("accepted"), Rejects('it does not "fit"'))) == 1


@pytest.mark.parametrize("framework", ["torch", "paddle"])
@pytest.mark.parametrize("layout", ["transposed", "sliced", "expanded", "flipped"])
def test_layouts_change_no_value(framework, layout):
    x = np.array([[1.0, 2.0]] * 3, "float32")
    accepted = {"output": Acceptance(2.0 * x)}
    text = shortest(framework, Shown("value", "output", (2, 1)), accepted, x=x, layouts={"x": layout})
    assert ended(text) == 0 and ("x = " in text)


def test_an_operator_is_written_as_its_expression_with_its_values():
    contract = REGISTRY["act.leaky_relu"]
    sample = Sample({"x": np.array([-1.0], "float32"), "slope": 0.2, "cotangent": np.ones(1, "float32")})
    accepted = {"output": Acceptance(np.array([-0.2]), np.array([1e-7]))}
    text = script(contract, "torch", sample, accepted, Shown("value", "output", (0,)), ABOUT)
    assert "got = np.ravel(torch.nn.functional.leaky_relu(x, 0.2))[0]\n" in text
    assert text.startswith('"""A \'quote\' and a \\\\ sign. Promised: it is so."""\nimport numpy as np\nimport torch\n')
    assert text.endswith('expected = -0.2\nassert abs(got - expected) <= 1e-07, f"got {got}, expected {expected}"\n')
    assert ended(text) == 0


def test_a_script_runs_alone(tmp_path):
    accepted = {"output": Acceptance(3 * X, np.zeros((2, 2)))}
    (tmp_path / "script.py").write_text(shortest("torch", Shown("value", "output", (0, 0)), accepted))
    done = subprocess.run(
        [sys.executable, "-I", "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 1 and "AssertionError: got 2.0, expected 3.0" in done.stderr


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x, mode, axis: literal(x), "the call uses literal of this project"),
        (lambda x, mode, axis, more: x + more, "the call has an argument 'more' that the sample does not name"),
        (lambda **given: given["x"], "the call takes whatever it is given"),
        (REGISTRY["optim.adam"].calls["torch"], "of this project"),
    ],
)
def test_what_has_no_short_script_says_why(call, words):
    with pytest.raises(NoScriptError, match=words):
        shortest("torch", Shown("value", "output", (0, 0)), {"output": Acceptance(X)}, call=call)


def branching(x, mode, axis):
    if mode == "same":
        return x
    return x * 2


def test_a_call_with_several_ways_out_is_defined_and_called():
    text = shortest(
        "torch", Shown("value", "output", (0, 0)), {"output": Acceptance(X, np.zeros((2, 2)))}, call=branching
    )
    assert "def call(x, mode, axis):" in text and "call(axis=1, mode='same', x=x)" in text and ended(text) == 0


def helped(x, mode, axis):
    return tripled(x, TIMES)


def tripled(x, times: int):
    """Three times."""
    return x * times


TIMES = 3


def test_a_helper_of_a_few_lines_comes_along():
    text = shortest(
        "torch", Shown("value", "output", (0, 0)), {"output": Acceptance(3 * X, np.zeros((2, 2)))}, call=helped
    )
    assert "def tripled(x, times):\n    return x * times\n" in text and "TIMES = 3\n" in text and ended(text) == 0


def test_large_samples_have_none():
    with pytest.raises(NoScriptError, match="too large"):
        shortest("torch", Shown("value"), {"output": Acceptance(X)}, x=np.arange(1000.0))
    with pytest.raises(NoScriptError, match=r"it would have \d+ lines"):
        shortest(
            "torch", Shown("value", "output", (0, 0)), {"output": Acceptance(X)}, **{f"y{i}": X for i in range(30)}
        )


def test_every_contract_has_a_script_or_a_reason():
    lacking = []
    for contract in REGISTRY.values():
        for framework in ("torch", "paddle"):
            try:
                call_of(contract, framework)
            except NoScriptError as reason:
                assert str(reason)
                lacking.append(contract.id)
    assert len(set(lacking)) < 0.6 * len(REGISTRY)


# Which difference is shown


def test_the_element_that_differs_most_is_shown():
    one = Acceptance(np.array([1.0, 2.0, 3.0]), np.array([1e-6, 1e-3, 1e-6]), dtype="float32")
    assert difference("x", one, replace(one, value=np.array([1.00001, 2.1, 3.001]))) == Shown("value", "x", (2,))
    assert difference("x", one, replace(one, value=np.array([1.0, np.nan, 3.001]))) == Shown("value", "x", (1,))
    assert difference("x", one, replace(one, value=np.ones(2))) == Shown("shape", "x")
    assert difference("x", one, replace(one, dtype="float64")) == Shown("dtype", "x")
    assert difference("x", one, one) is None


# Values as source


@pytest.mark.parametrize(
    "value",
    [
        *(np.array([1.5, -0.0, np.nan, np.inf, 1e-45], dtype) for dtype in ("float32", "float64")),
        *(np.array([[1, 0], [3, 1]], dtype) for dtype in ("int8", "uint16", "int64", "bool", "float16")),
        *(np.zeros((0, 3), "float32"), np.array(2.5), np.array([1 + 2j, np.nan], "complex64")),
        *(np.float32(0.1), np.int64(3)),
    ],
    ids=repr,
)
def test_arrays_keep_every_bit(value):
    made = eval(literal(value), {"np": np})
    assert made.dtype == value.dtype and made.shape == value.shape and made.tobytes() == value.tobytes()


def test_other_values_are_the_same_again():
    value = {"a": (1, None, True), "b": [2.5, "x"], "c": b"bytes", (1,): float("-inf")}
    assert eval(literal(value), {"np": np}) == value
    assert number(np.float64(0.1)) == "0.1" and number(float("nan")) == "np.nan"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros(161), "too large"),
        (bytes(200), "holds a file"),
        (object(), "a object, which has no plain source"),
        (np.array([None]), "an array of object"),
        (np.frombuffer(b"\x01\x00\xc0\x7f", "float32"), "NaN with a payload"),
    ],
)
def test_what_has_no_source_says_why(value, words):
    with pytest.raises(NoScriptError, match=words):
        literal(value)


def test_a_docstring_is_wrapped():
    lines = docstring(["word " * 60]).splitlines()
    assert len(lines) == 3 and max(map(len, lines)) <= 116
