"""Contracts, samples and their registry: what is declared wrongly is refused with a sentence that names it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis.vendor.pretty import pretty

from conformance import EXACT, Sample, contract
from conformance.contract import REGISTRY, ContractError, find


def identity(x: Any) -> Any:
    return x


def test_a_class_becomes_a_registered_contract(declare):
    made = declare(
        identity,
        identity,
        variant_odd=identity,
        claim="  A claim.\n\n    More.",
        gradients=("x",),
        share=0.5,
        conditioned=True,
        tensors=False,
    )
    assert {"small.law": made} == REGISTRY and find("small.law") is made
    assert made.call("torch") is identity and made.call("paddle") is identity
    assert made.oracle is identity and dict(made.variants) == {"odd": identity}
    assert made.claim == "A claim.\n\nMore." and made.module == "tests.conftest"
    assert (made.area, made.gradients, made.share, made.conditioned, made.tensors) == (
        "small",
        ("x",),
        0.5,
        True,
        False,
    )


@pytest.mark.parametrize("name", ["conv2d", "NN.conv2d", "nn.", ".conv", "nn conv", "nn..conv", "nn.conv-2d", ""])
def test_an_id_is_dotted_lower_case(declare, name):
    with pytest.raises(ContractError, match="not dotted lower case"):
        declare(identity, identity, name=name)
    assert not REGISTRY


@pytest.mark.parametrize("lacking", ["torch", "paddle", "oracle", "claim"])
def test_what_a_contract_lacks_is_named(declare, lacking):
    body: dict[str, Any] = {name: staticmethod(identity) for name in ("torch", "paddle", "oracle") if name != lacking}
    if lacking != "claim":
        body["__doc__"] = "A claim."
    with pytest.raises(ContractError, match=rf"'small\.law'.* lacks .*{lacking}"):
        contract("small.law", area="small", samples=None)(type("law", (), body))
    assert not REGISTRY


def test_everything_that_is_lacking_is_named_at_once():
    with pytest.raises(ContractError, match=r"^contract 'small\.law' in .* lacks torch, paddle, oracle$"):
        contract("small.law", area="small", samples=None)(type("law", (), {}))
    calls = {name: staticmethod(identity) for name in ("torch", "paddle", "oracle")}
    with pytest.raises(ContractError, match=r"lacks its claim \(the docstring\)$"):
        contract("small.law", area="small", samples=None)(type("law", (), calls))


def test_an_id_is_declared_once(declare):
    declare(identity, identity)
    declare(identity, identity)  # the same class again, as when a module is read anew
    body = {"__doc__": "A claim.", **{name: staticmethod(identity) for name in ("torch", "paddle", "oracle")}}
    contract("small.other", area="small", samples=None)(type("other", (), body))
    for other, known in (
        (type("other", (), body), f"{__name__}.other"),
        (type("law", (), {**body, "__module__": "suites.elsewhere"}), "suites.elsewhere.law"),
    ):
        with pytest.raises(
            ContractError,
            match=rf"declared twice, by tests\.conftest\.law and by {known}$",
        ):
            contract("small.law", area="small", samples=None)(other)


def test_an_unknown_id_is_answered_with_near_ones(declare):
    for name in ("nn.conv2d", "nn.linear", "loss.mse"):
        declare(identity, identity, name=name)
    with pytest.raises(ContractError, match=r"no contract is called 'nn\.conv'; near it are nn\.conv2d"):
        find("nn.conv")
    with pytest.raises(ContractError, match=r"near it are loss\.mse, nn\.conv2d, nn\.linear$"):
        find("zzz")
    for name in ("nn.conv3d", "nn.conv1d", "nn.conv4d"):
        declare(identity, identity, name=name)
    for name in ("nn.conv", "zzz"):
        with pytest.raises(ContractError) as error:
            find(name)
        assert str(error.value).count(", ") == 2


def test_where_a_contract_cannot_run(declare):
    why = {"paddle:gpu": "no kernel", "torch": "gone", "*:cuda": "slow"}
    made = declare(identity, identity, unsupported=why)
    assert made.unsupported_on("paddle", "gpu") == "no kernel"
    assert made.unsupported_on("paddle", "cpu") is None
    assert made.unsupported_on("torch", "cpu") == "gone"
    assert (
        declare(identity, identity, name="a.b", unsupported={"*:cuda": "slow"}).unsupported_on("torch", "cuda")
        == "slow"
    )


@pytest.mark.parametrize("key", ["pytorch", "torch:", "torch:tpu", "*", "torch:cuda:0", ""])
def test_a_lane_that_cannot_be_is_no_lane_to_leave_out(declare, key):
    with pytest.raises(ContractError, match="is no lane like"):
        declare(identity, identity, unsupported={key: "why"})


@pytest.mark.parametrize("share", [0.0, -1.0])
def test_a_share_is_positive(declare, share):
    with pytest.raises(ContractError, match="must be positive"):
        declare(identity, identity, share=share)


def test_a_stored_sample_fits_a_contract_by_the_names_of_its_inputs(declare):
    def oracle(x: Any, scale: float = 1.0) -> Any: ...
    def conditioned(x: Any, observed: Any) -> Any: ...

    plain = declare(identity, oracle)
    assert plain.misfit(Sample({"x": 1})) is None
    assert plain.misfit(Sample({"x": 1, "scale": 2.0})) is None
    assert plain.misfit(Sample({"scale": 2.0})) == "missing a required argument: 'x'"
    assert plain.misfit(Sample({"x": 1, "y": 2})) == "got an unexpected keyword argument 'y'"
    follows = declare(identity, conditioned, name="small.conditioned", conditioned=True)
    assert follows.misfit(Sample({"x": 1})) is None


def test_a_sample_describes_itself_in_one_line():
    sample = Sample(
        {
            "x": np.zeros((2, 3, 4), np.float32),
            "labels": np.array([1, 2]),
            "file": b"12345",
            "weights": {"w": np.zeros(9)},
            "text": "a" * 100,
            "bias": None,
        },
        EXACT,
    )
    assert sample.describe() == (
        "x=float32[2, 3, 4], labels=int64[2][1, 2], file=<5 bytes>, weights={w: float64[9]}, "
        f"text='{'a' * 76}..., bias=None (exact)"
    )
    assert repr(sample) == sample.describe()


def test_a_long_sample_is_cut_where_it_is_printed_and_not_where_it_is_described():
    sample = Sample({f"number_{n}": n for n in range(40)})
    assert len(sample.describe()) > 400 and sample.describe().endswith("number_39=39 (real)")
    assert repr(sample) == sample.describe()[:297] + "..."
    assert pretty(sample) == repr(sample)  # Hypothesis prints a falsifying example so


def test_a_value_is_described_by_what_it_is():
    def told(value: Any) -> str:
        return Sample({"x": value}, EXACT).describe().removeprefix("x=").removesuffix(" (exact)")

    assert told(np.arange(6)) == "int64[6][0, 1, 2, 3, 4, 5]" and told(np.arange(7)) == "int64[7]"
    assert told({"a": 1, "b": b""}) == "{a: 1, b: <0 bytes>}"
    assert told(dict.fromkeys(map(str, range(99)), 1)) == ("{" + "".join(f"{n}: 1, " for n in range(99)))[:157] + "...}"
    assert told("a" * 78) == repr("a" * 78) and told("a" * 79) == "'" + "a" * 76 + "..."


def test_the_arrays_of_a_sample_are_found_at_any_depth():
    a, b, c = (np.full(1, value) for value in (1, 2, 3))
    sample = Sample({"a": a, "rest": {"b": [b, {"c": (c, None)}]}, "text": "x"})
    assert [int(array[0]) for array in sample.arrays()] == [1, 2, 3]
