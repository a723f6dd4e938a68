"""Random numbers of a continuous law: each call draws what its page names, whatever the stream.

A seed promises no stream between frameworks or releases; numbers are told apart from their law at the rate of false
alarms of :mod:`conformance.sampling`.
"""

from __future__ import annotations

import numpy as np

from conformance import sampling as law
from suites.support.drawn import drawn
from suites.support.refusals import absent

BOTH = ("float32", "float64")


@drawn(
    "random.uniform",
    ("paddle.rand", "paddle.Tensor.uniform_", "paddle.uniform"),
    call=("rand", "method", "between"),
    dtype=BOTH,
)
class uniform:
    """Every number from a lowest to below a highest is equally likely; without bounds these are 0 and 1."""

    torch = lambda f, call, dtype: (
        f.rand(64, 64, dtype=getattr(f, dtype))
        if call == "rand"
        else f.empty(64, 64, dtype=getattr(f, dtype)).uniform_(*((-2.0, 3.0) if call == "between" else (0.0, 1.0)))
    )
    paddle = lambda f, call, dtype: (
        f.rand([64, 64], dtype)
        if call == "rand"
        else f.uniform([64, 64], dtype, -2.0, 3.0)
        if call == "between"
        else f.empty([64, 64], dtype).uniform_(0.0, 1.0)
    )
    law = lambda call, dtype: law.uniform(-2.0, 3.0) if call == "between" else law.uniform(0.0, 1.0)


@drawn("random.uniform_without_bounds", ("paddle.uniform",), call=("function", "method"))
class uniform_without_bounds:
    """Without bounds numbers lie between 0 and 1."""

    note = "paddle.uniform(shape) is torch.rand(shape) since paddle 3.3; before, and as a method, it drew from [-1, 1)."
    torch = lambda f, call: f.rand(64, 64) if call == "function" else f.empty(64, 64).uniform_()
    paddle = lambda f, call: f.uniform([64, 64]) if call == "function" else f.empty([64, 64]).uniform_()
    law = lambda call: law.uniform(0.0, 1.0)
    variant_from_minus_one = lambda told, seed, call: {**told, **law.acceptances(law.uniform(-1.0, 1.0), 4096)}


@drawn(
    "random.normal",
    ("paddle.randn", "paddle.normal", "paddle.standard_normal", "paddle.Tensor.normal_"),
    call=("randn", "function", "method"),
    mean=(0.5, -3.0),
    deviation=(2.0, 0.25),
)
class normal:
    """Numbers are normal, with the mean and the deviation that are given."""

    torch = lambda f, call, mean, deviation: (
        f.randn(64, 64) * deviation + mean
        if call == "randn"
        else f.normal(mean, deviation, (64, 64))
        if call == "function"
        else f.empty(64, 64).normal_(mean, deviation)
    )
    paddle = lambda f, call, mean, deviation: (
        f.randn([64, 64]) * deviation + mean
        if call == "randn"
        else f.normal(mean, deviation, [64, 64])
        if call == "function"
        else f.empty([64, 64]).normal_(mean, deviation)
    )
    law = lambda call, mean, deviation: law.normal(mean, deviation)


@drawn("random.normal_of_tensors", ("paddle.normal",), call=("both", "mean", "deviation"))
class normal_of_tensors:
    """Each number has a mean or a deviation of its own."""

    torch = lambda f, call: (
        f.normal(f.full((64, 64), 0.5), f.full((64, 64), 2.0))
        if call == "both"
        else f.normal(f.full((64, 64), 0.5), 2.0)
        if call == "mean"
        else f.normal(0.5, f.full((64, 64), 2.0))
    )
    paddle = lambda f, call: (
        f.normal(f.full([64, 64], 0.5), f.full([64, 64], 2.0))
        if call == "both"
        else f.normal(f.full([64, 64], 0.5), 2.0)
        if call == "mean"
        else f.normal(0.5, f.full([64, 64], 2.0))
    )
    law = lambda call: law.normal(0.5, 2.0)


@drawn("random.exponential", ("paddle.Tensor.exponential_",), rate=(1.0, 0.25, 8.0), dtype=BOTH)
class exponential:
    """Numbers are exponential at a rate."""

    torch = lambda f, rate, dtype: f.empty(64, 64, dtype=getattr(f, dtype)).exponential_(rate)
    paddle = lambda f, rate, dtype: f.empty([64, 64], dtype).exponential_(rate)
    through = lambda numbers, rate, dtype: np.exp(-rate * numbers)
    law = lambda rate, dtype: law.uniform(0.0, 1.0)


@drawn("random.cauchy", ("paddle.Tensor.cauchy_",), loc=(0.0, 2.0), scale=(1.0, 0.5))
class cauchy:
    """Numbers follow Cauchy's law around a location."""

    torch = lambda f, loc, scale: f.empty(64, 64).cauchy_(loc, scale)
    paddle = lambda f, loc, scale: f.empty([64, 64]).cauchy_(loc, scale)
    through = lambda numbers, loc, scale: np.arctan((numbers - loc) / scale) / np.pi + 0.5
    law = lambda loc, scale: law.uniform(0.0, 1.0)


@drawn(
    "random.log_normal",
    ("paddle.Tensor.log_normal_", "paddle.log_normal"),
    call=("method", "function"),
    mean=(1.0, -0.5),
    deviation=(2.0, 0.25),
)
class log_normal:
    """The logarithms of the numbers are normal, with the mean and the deviation that are given."""

    note = "paddle.log_normal(mean, std, shape) is torch.empty(shape).log_normal_(mean, std)."
    torch = lambda f, call, mean, deviation: f.empty(64, 64).log_normal_(mean, deviation)
    paddle = lambda f, call, mean, deviation: (
        f.empty([64, 64]).log_normal_(mean, deviation) if call == "method" else f.log_normal(mean, deviation, [64, 64])
    )
    through = lambda numbers, call, mean, deviation: np.log(numbers)
    law = lambda call, mean, deviation: law.normal(mean, deviation)
    variant_absent = lambda told, seed, call, mean, deviation: absent(
        "log_normal_" if call == "method" else "log_normal"
    )


@drawn("random.standard_gamma", ("paddle.standard_gamma",), concentration=(0.5, 1.0, 3.0, 30.0))
class standard_gamma:
    """Numbers follow the gamma law of a concentration, at the rate 1."""

    note = "paddle.standard_gamma(a) is torch.distributions.Gamma(a, 1).sample()."
    torch = lambda f, concentration: f.distributions.Gamma(f.full((64, 64), concentration), f.ones(64, 64)).sample()
    paddle = lambda f, concentration: f.standard_gamma(f.full([64, 64], concentration))
    law = lambda concentration: law.gamma(concentration)
    variant_absent = lambda told, seed, concentration: absent("standard_gamma")


@drawn("random.like", ("paddle.rand_like", "paddle.randn_like"), call=("rand_like", "randn_like"), dtype=BOTH)
class like:
    """Numbers are as many, and of the dtype, as those of another tensor."""

    torch = lambda f, call, dtype: getattr(f, call)(f.zeros(64, 64, dtype=getattr(f, dtype)))
    paddle = lambda f, call, dtype: getattr(f, call)(f.zeros([64, 64], dtype))
    law = lambda call, dtype: law.uniform(0.0, 1.0) if call == "rand_like" else law.normal(0.0, 1.0)
    variant_absent = lambda told, seed, call, dtype: absent(call)
    variant_rand_like_absent = lambda told, seed, call, dtype: absent(call) if call == "rand_like" else told
