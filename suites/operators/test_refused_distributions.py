"""What no distribution may take: parameters that no law has, values of another shape, and laws that do not fit.

Beside that, values that no law draws: their density is 0, or they are refused. What the pages of one framework allow
and those of the other do not is in the notes, and not drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Rejects, Sample, contract
from suites.support.distributions import AREA
from suites.support.refusals import absent

NAN, INFINITE = float("nan"), float("inf")
LOCATED = ("Normal", "LogNormal", "Laplace", "Gumbel", "Cauchy")
CHANCES = ("Bernoulli", "ContinuousBernoulli", "Geometric")
BELOW, BESIDE = (-1.0, 0.0, NAN), (-0.5, 1.5, NAN)
UNIT, INDEFINITE = [[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]]
LARGER = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
WRONG: dict[str, dict[str, Any]] = {
    "wide covariance": {"covariance_matrix": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]},
    "indefinite covariance": {"covariance_matrix": INDEFINITE},
    "covariance of zeros": {"covariance_matrix": [[0.0, 0.0], [0.0, 0.0]]},
    "covariance that is not symmetric": {"covariance_matrix": [[1.0, 0.5], [0.0, 1.0]]},
    "covariance that is a vector": {"covariance_matrix": [1.0, 1.0]},
    "indefinite precision": {"precision_matrix": INDEFINITE},
    "factor of a negative diagonal": {"scale_tril": [[-1.0, 0.0], [0.0, 1.0]]},
    "factor that is no lower triangle": {"scale_tril": [[1.0, 1.0], [0.0, 1.0]]},
    "no covariance": {},
    "covariance and factor": {"covariance_matrix": UNIT, "scale_tril": UNIT},
}
"""What a normal law of vectors is given beside its location."""


def _parameters(laws: Any, t: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    """Laws that there are not, by what is wrong in them. t: a tensor of a list."""

    def law(name: str, *given: Any) -> Any:
        return getattr(laws, name)(*map(t, given))

    def vectors(loc: Any, **given: Any) -> Any:
        return laws.MultivariateNormal(t(loc), **{name: t(each) for name, each in given.items()})

    def counted(chance: float) -> Any:
        return laws.Binomial(4, t([chance]))

    def correlated(concentration: float) -> Any:
        return laws.LKJCholesky(2, concentration)

    found: dict[str, Callable[[], Any]] = {
        **{f"{name} of scale {s}": partial(law, name, [0.0], [s]) for name in LOCATED for s in BELOW},
        **{f"{name} of {p}": partial(law, name, [p]) for name in CHANCES for p in BESIDE},
        **{f"Binomial of {p}": partial(counted, p) for p in BESIDE},
        **{f"{name} of {x}": partial(law, name, [x]) for name in ("Exponential", "Chi2") for x in BELOW},
        **{f"{name} of {x} and 1": partial(law, name, [x], [1.0]) for name in ("Beta", "Gamma") for x in BELOW},
        **{f"{name} of 1 and {x}": partial(law, name, [1.0], [x]) for name in ("Beta", "Gamma") for x in BELOW},
        **{f"Dirichlet of 1 and {x}": partial(law, "Dirichlet", [1.0, x]) for x in BELOW},
        **{f"LKJCholesky of {x}": partial(correlated, x) for x in BELOW},
        **{f"Poisson of {x}": partial(law, "Poisson", [x]) for x in (-1.0, NAN)},
        **{f"StudentT of {x} degrees": partial(law, "StudentT", [x], [0.0], [1.0]) for x in (-1.0, NAN)},
        **{f"StudentT of scale {x}": partial(law, "StudentT", [2.0], [0.0], [x]) for x in (-1.0, NAN)},
        **{f"normal law of {name}": partial(vectors, [0.0, 0.0], **given) for name, given in WRONG.items()},
        "normal law of a number": lambda: vectors(0.0, covariance_matrix=UNIT),
        "normal law at NaN": lambda: vectors([NAN, 0.0], covariance_matrix=UNIT),
        "Normal at NaN": partial(law, "Normal", [NAN], [1.0]),
        "Uniform from 2 to 1": partial(law, "Uniform", [2.0], [1.0]),
        "Uniform from 1 to 1": partial(law, "Uniform", [1.0], [1.0]),
        "Uniform from NaN": partial(law, "Uniform", [NAN], [1.0]),
        "Geometric of 0": partial(law, "Geometric", [0.0]),
        "Dirichlet of a number": partial(law, "Dirichlet", 1.0),
        "Categorical of a number": lambda: laws.Categorical(logits=t(1.0)),
        "Categorical of NaN": lambda: laws.Categorical(logits=t([NAN, 1.0])),
        "LKJCholesky of one row": lambda: laws.LKJCholesky(1, 1.0),
        "LKJCholesky of 2.5 rows": lambda: laws.LKJCholesky(2.5, 1.0),
        "Binomial of -1 trials": lambda: laws.Binomial(-1, t([0.5])),
        "Multinomial of -1 trials": lambda: laws.Multinomial(-1, t([0.5, 0.5])),
        "Multinomial of 2.5 trials": lambda: laws.Multinomial(2.5, t([0.5, 0.5])),
        "Multinomial of -0.5 and 1.5": lambda: laws.Multinomial(2, t([-0.5, 1.5])),
        "Multinomial of zeros": lambda: laws.Multinomial(2, t([0.0, 0.0])),
        "Multinomial of a number": lambda: laws.Multinomial(2, t(1.0)),
        "2 axes of 1": lambda: laws.Independent(law("Normal", [0.0], [1.0]), 2),
    }
    return found


def _misfits(laws: Any, t: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    """Laws, values and pairs that do not fit each other."""

    def law(name: str, *given: Any) -> Any:
        return getattr(laws, name)(*map(t, given))

    def vectors(loc: list[float], covariance: list[list[float]]) -> Any:
        return laws.MultivariateNormal(t(loc), covariance_matrix=t(covariance))

    def apart(one: Any, other: Any) -> Any:
        return laws.kl_divergence(one, other)

    def unequal(name: str) -> Any:
        return law(name, [0.5, 0.5], [1.0, 1.0, 1.0]).log_prob(t([0.75, 0.75]))

    categories, normal = lambda *x: laws.Categorical(logits=t(list(x))), lambda: vectors([0.0, 0.0], UNIT)
    shapes = ("Normal", "LogNormal", "Laplace", "Gumbel", "Cauchy", "Uniform", "Beta", "Gamma")
    found: dict[str, Callable[[], Any]] = {
        **{f"{name} of 2 and 3 numbers": partial(unequal, name) for name in shapes},
        "3 values of 2 laws": lambda: law("Normal", [0.0, 0.0], [1.0, 1.0]).log_prob(t([1.0, 1.0, 1.0])),
        "3 numbers of normal vectors of 2": lambda: normal().log_prob(t([1.0, 1.0, 1.0])),
        "1 number of normal vectors of 2": lambda: normal().log_prob(t([1.0])),
        "3 shares of 2": lambda: law("Dirichlet", [2.0, 2.0]).log_prob(t([0.25, 0.25, 0.5])),
        "1 share of 2": lambda: law("Dirichlet", [2.0, 2.0]).log_prob(t([1.0])),
        "3 counts of 2": lambda: laws.Multinomial(2, t([0.5, 0.5])).log_prob(t([1.0, 1.0, 0.0])),
        "1 count of 2": lambda: laws.Multinomial(2, t([0.5, 0.5])).log_prob(t([1.0])),
        "3 rows of 2": lambda: laws.LKJCholesky(2, 1.0).log_prob(t(LARGER)),
        "entropy of a covariance of 3 at 2 places": lambda: vectors([0.0, 0.0], LARGER).entropy(),
        "entropy of a covariance of 1 at 2 places": lambda: vectors([0.0, 0.0], [[4.0]]).entropy(),
        "-1 axes of 2": lambda: laws.Independent(law("Normal", [[0.0, 0.0]], [[1.0, 1.0]]), -1),
        "normal vectors of 2 and 3": lambda: apart(normal(), vectors([0.0, 0.0, 0.0], LARGER)),
        "2 and 3 categories": lambda: apart(categories(1.0, 1.0), categories(1.0, 1.0, 1.0)),
        "2 categories and 1": lambda: apart(categories(1.0, 1.0), categories(1.0)),
        "2 and 3 shares": lambda: apart(law("Dirichlet", [1.0, 1.0]), law("Dirichlet", [1.0, 1.0, 1.0])),
        "2 shares and 1": lambda: apart(law("Dirichlet", [2.0, 2.0]), law("Dirichlet", [2.0])),
        "draws along a path of Poisson": lambda: law("Poisson", [1.0]).rsample((2,)),
        "draws of a negative number": lambda: law("Normal", [0.0], [1.0]).sample((-1,)),
        "draws of half a number": lambda: law("Normal", [0.0], [1.0]).sample((1.5,)),
    }
    return found


def _refused(laws: Any, t: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    return {**_parameters(laws, t), **_misfits(laws, t)}


NAMES = tuple(_refused(SimpleNamespace(), lambda given: given))
LATER = ("Exponential", "Gamma", "Poisson", "Binomial", "ContinuousBernoulli", "normal law")
"""What paddle has from 3.0."""
CHECKED_ONCE = ("Bernoulli", "Geometric of 0", "Geometric of -0.5", "Geometric of 1.5")
"""What paddle checked before 3.0."""
REFUSED_BY_PADDLE = (
    *(f"Chi2 of {x}" for x in BELOW),
    *(f"LKJCholesky of {x}" for x in (*BELOW, "one row", "2.5 rows")),
    *(f"StudentT of {what}" for what in ("-1.0 degrees", "nan degrees", "scale -1.0", "scale nan")),
    *("Multinomial of -1 trials", "Multinomial of 2.5 trials", "Multinomial of a number", "Dirichlet of a number"),
    *(f"normal law of {name}" for name in WRONG if "symmetric" not in name and "factor" not in name),
    *("normal law of covariance and factor", "2 axes of 1"),
)
TAKEN_BY_PADDLE = frozenset(_parameters(SimpleNamespace(), lambda given: given)) - {*REFUSED_BY_PADDLE}
TAKEN_BY_OLD_PADDLE = frozenset(name for name in TAKEN_BY_PADDLE if not name.startswith((*LATER, *CHECKED_ONCE)))


def _tensor(framework: Any) -> Callable[[Any], Any]:
    make = getattr(framework, "to_tensor", None) or framework.tensor
    return lambda given: make(given, dtype=framework.float32)


def _made(framework: Any) -> dict[str, Any]:
    laws = framework.distributions if framework.__name__ == "torch" else framework.distribution
    return {"laws": laws, "t": _tensor(framework)}


def _taken(names: Collection[str]) -> Any:
    """What takes these cases, and refuses the others."""
    return staticmethod(lambda case: {"output": np.array(True)} if case in names else Rejects(case))


@contract(
    "distribution.refusals",
    area=AREA,
    samples=st.permutations(NAMES).map(lambda names: [Sample({"case": name}) for name in names]),
    tensors=False,
    share=0.1,
    covers=tuple(
        f"paddle.distribution.{name}"
        for name in (
            *(*LOCATED, *CHANCES, "Uniform", "Beta", "Gamma", "Dirichlet", "Exponential", "Chi2", "StudentT"),
            *("Poisson", "Binomial", "Multinomial", "MultivariateNormal", "LKJCholesky", "Independent"),
        )
    ),
)
class refusals:
    """Parameters that no law has, values and pairs of another shape: each is refused, with the default checks."""

    note = (
        "paddle.distribution has no validate_args; its pages allow StudentT 0 degrees and the scale 0, which torch "
        "refuses, and it refuses Multinomial of 0 trials and Independent of 0 axes, which torch takes."
    )

    @staticmethod
    def torch(case):
        import torch

        return _accepted(_refused(**_made(torch))[case])

    @staticmethod
    def paddle(case):
        import paddle

        return _accepted(_refused(**_made(paddle))[case])

    @staticmethod
    def oracle(case):
        return Rejects(case)

    variant_parameters_unchecked = _taken(TAKEN_BY_PADDLE)
    variant_older_parameters_unchecked = _taken(TAKEN_BY_OLD_PADDLE)
    variant_lengths_unchecked = _taken(
        {"1 number of normal vectors of 2", "1 share of 2", "1 count of 2", "3 rows of 2"}
    )
    variant_older_lengths_unchecked = _taken({"1 share of 2", "1 count of 2"})
    variant_clamped_first = _taken({"ContinuousBernoulli of -0.5", "ContinuousBernoulli of 1.5"})
    variant_negative_axes = _taken({"-1 axes of 2"})
    variant_covariance_of_another_size = _taken({name for name in NAMES if name.startswith("entropy of a covariance")})
    variant_one_of_another_length = _taken({"2 categories and 1", "2 shares and 1"})


def _accepted(ask: Callable[[], Any]) -> dict[str, Any]:
    ask()
    return {"output": np.array(True)}


def _located(name: str, laws: Any, t: Callable[..., Any]) -> Any:
    return getattr(laws, name)(t([0.0]), t([1.0]))


Asked = Callable[[Any, Callable[..., Any]], Any]
NOTHING, A_DENSITY, NO_NUMBER = 0, 1, 2
OUTSIDE: dict[str, tuple[Any, Asked]] = {
    "LogNormal": ([-1.0, 0.0], lambda laws, t: laws.LogNormal(t([0.0]), t([1.0]))),
    "Uniform": ([3.0, -INFINITE, NAN], lambda laws, t: laws.Uniform(t([1.0]), t([2.0]))),
    "Exponential": ([-1.0, NAN], lambda laws, t: laws.Exponential(t([1.0]))),
    "Gamma": ([-1.0, INFINITE, NAN], lambda laws, t: laws.Gamma(t([2.0]), t([1.0]))),
    "Chi2": ([-1.0, INFINITE, NAN], lambda laws, t: laws.Chi2(t([4.0]))),
    "Beta": ([2.0, -1.0, INFINITE, NAN], lambda laws, t: laws.Beta(t([2.0]), t([2.0]))),
    "Bernoulli": ([2.0, -1.0, 0.5, INFINITE, NAN], lambda laws, t: laws.Bernoulli(t([0.25]))),
    "ContinuousBernoulli": ([2.0, -1.0, INFINITE, NAN], lambda laws, t: laws.ContinuousBernoulli(t([0.25]))),
    "Geometric": ([-1.0, 0.5, NAN], lambda laws, t: laws.Geometric(t([0.25]))),
    "Poisson": ([-1.0, 0.5, INFINITE, NAN], lambda laws, t: laws.Poisson(t([2.0]))),
    "Binomial": ([-1.0, 0.5, 5.0, INFINITE, NAN], lambda laws, t: laws.Binomial(4, t([0.25]))),
    "Categorical": ([-1.0], lambda laws, t: laws.Categorical(logits=t([1.0, 2.0, 3.0]))),
    "Dirichlet": ([(1.0, 1.0), (-0.5, 1.5), (NAN, 0.5)], lambda laws, t: laws.Dirichlet(t([2.0, 2.0]))),
    "Multinomial": (
        [(1.0, 2.0), (-1.0, 3.0), (0.5, 1.5), (NAN, 1.0)],
        lambda laws, t: laws.Multinomial(2, t([0.25, 0.75])),
    ),
    "LKJCholesky": ([((1.0, 0.0), (1.0, 1.0))], lambda laws, t: laws.LKJCholesky(2, 2.0)),
    **{name: ([NAN], partial(_located, name)) for name in ("Normal", "Laplace", "Gumbel", "Cauchy")},
    "StudentT": ([NAN], lambda laws, t: laws.StudentT(t([2.0]), t([0.0]), t([1.0]))),
}
"""Values that the laws do not draw."""


def _asked(name: str, place: int, laws: Any, t: Callable[..., Any], whole: Any) -> dict[str, Any]:
    """What is said of a value: NOTHING where it is refused as one outside of the support, where its density is 0, and
    where that of NaN is NaN; else A_DENSITY or NO_NUMBER."""
    values, make = OUTSIDE[name]
    value, law = values[place], make(laws, t)
    ask = getattr(law, "log_pmf", None) or law.log_prob  # of a geometric law of paddle
    given = whole([int(value)]) if name == "Categorical" else t(list(value) if isinstance(value, tuple) else [value])
    try:
        found = ask(given).exp().sum().item()
    except (ValueError, IndexError) as error:
        if isinstance(error, ValueError) and "to be within the support" not in str(error):
            raise
        return {"output": np.array(NOTHING)}
    if np.isnan(value).any():
        return {"output": np.array(NOTHING if np.isnan(found) else A_DENSITY)}
    return {"output": np.array(NO_NUMBER if np.isnan(found) else A_DENSITY if found > 0 else NOTHING)}


PLACES = tuple((name, place) for name, (values, _) in OUTSIDE.items() for place in range(len(values)))
ABSENT = (*LATER, "Chi2", "StudentT", "LKJCholesky")
SURE: dict[str, tuple[int, ...]] = {"ContinuousBernoulli": (2, 3), "Poisson": (0, 2, 3), "Binomial": (0, 2, 3, 4)}
"""Values of which what is no number becomes one."""
DENSE: dict[str, tuple[int, ...]] = {
    **{"Uniform": (2,), "Exponential": (0,), "Bernoulli": (0, 1, 2), "ContinuousBernoulli": (0, 1)},
    **{"Geometric": (0, 1), "Poisson": (1,), "Binomial": (1,), "Dirichlet": (0,)},
    **{"Multinomial": (0, 2), "LKJCholesky": (0,)},
}
"""Values that have a density, since a formula goes on."""
NUMBERLESS: dict[str, tuple[int, ...]] = {
    "LogNormal": (0, 1),
    "Gamma": (0,),
    "Chi2": (0,),
    "Beta": (0, 1, 2),
    "Dirichlet": (1,),
}
"""Values of which a formula is NaN."""
FAR: dict[str, tuple[int, ...]] = {"Gamma": (1,), "Chi2": (1,)}


def _known(*groups: tuple[int, dict[str, tuple[int, ...]]], old: bool = False) -> Any:
    """What says of some values something else."""

    def variant(name: str, place: int) -> Any:
        if old and name.startswith(ABSENT):
            return absent(name)
        found = next((answer for answer, places in groups if place in places.get(name, ())), NOTHING)
        return {"output": np.array(found)}

    return staticmethod(variant)


@contract(
    "distribution.outside_support",
    area=AREA,
    samples=st.permutations(PLACES).map(
        lambda places: [Sample({"name": name, "place": place}) for name, place in places]
    ),
    tensors=False,
    share=0.1,
    may_be_zero=("output",),
    covers=tuple(f"paddle.distribution.{name}" for name in OUTSIDE),
)
class outside_support:
    """A value that a law cannot draw is refused or has the density 0, and the density of NaN is NaN."""

    note = (
        "log_prob of torch refuses values outside of the support unless validate_args=False, that of paddle none; "
        "counts of Multinomial may add up to fewer than total_count in torch."
    )

    @staticmethod
    def torch(name, place):
        import torch

        return _asked(name, place, **_made(torch), whole=torch.tensor)

    @staticmethod
    def paddle(name, place):
        import paddle

        return _asked(name, place, **_made(paddle), whole=paddle.to_tensor)

    @staticmethod
    def oracle(name, place):
        return {"output": np.array(NOTHING)}

    variant_formulas_go_on = _known((A_DENSITY, DENSE), (NO_NUMBER, NUMBERLESS))
    variant_from_the_end = _known((A_DENSITY, {"Categorical": (0,)}))
    variant_older_formulas_go_on = _known((A_DENSITY, DENSE), (NO_NUMBER, NUMBERLESS), old=True)
    variant_sure = _known((A_DENSITY, SURE))
    variant_no_number_far_out = _known((NO_NUMBER, FAR))
    variant_halves_counted = _known((A_DENSITY, {"Multinomial": (2,)}))
