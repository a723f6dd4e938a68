"""Initializers: the law of their numbers, from the fan of a linear and of a convolution's weight; and what is exact.

The rate of false alarms is stated in :mod:`conformance.sampling`: fewer than one in 10^9 runs of the gate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Rejects, Sample, accuracy, contract
from conformance import sampling as law
from conformance.accuracy import UNIT_ROUNDOFF
from conformance.strategies import seeds

AREA = "initializers"
SIZES = {"linear": (160, 200, ()), "conv": (64, 48, (3, 3)), "square": (180, 180, ())}
"""Inputs, outputs and kernel of a weight: some thirty thousand numbers."""
GAINS: dict[tuple[str, float | None], float] = {
    ("linear", None): 1.0,
    ("sigmoid", None): 1.0,
    ("conv1d", None): 1.0,
    ("conv2d", None): 1.0,
    ("conv3d", None): 1.0,
    ("conv_transpose1d", None): 1.0,
    ("conv_transpose2d", None): 1.0,
    ("conv_transpose3d", None): 1.0,
    ("tanh", None): 5.0 / 3.0,
    ("relu", None): math.sqrt(2.0),
    ("selu", None): 0.75,
    ("leaky_relu", None): math.sqrt(2.0 / (1.0 + 0.01**2)),
    ("leaky_relu", 0.5): math.sqrt(2.0 / 1.25),
    ("leaky_relu", 1.0): 1.0,
}
WORDS = {"a": "negative_slope", "val": "value"}
CLASSES = {
    "kaiming_uniform": "KaimingUniform",
    "kaiming_normal": "KaimingNormal",
    "xavier_uniform": "XavierUniform",
    "xavier_normal": "XavierNormal",
    "normal": "Normal",
    "uniform": "Uniform",
    "trunc_normal": "TruncatedNormal",
    "orthogonal": "Orthogonal",
    "constant": "Constant",
    "dirac": "Dirac",
}
"""Of paddle.nn.initializer, by the name of torch's function without its underscore."""


def fans(kind: str) -> tuple[float, float]:
    """What goes into an element of the output, and what an element of the input goes into."""
    inputs, outputs, kernel = SIZES[kind]
    return float(inputs * np.prod(kernel)), float(outputs * np.prod(kernel))


def shape_of(kind: str, framework: str) -> tuple[int, ...]:
    """Torch keeps [outputs, inputs, kernel]; so does paddle, but for linear weights."""
    inputs, outputs, kernel = SIZES[kind]
    return (inputs, outputs) if framework == "paddle" and not kernel else (outputs, inputs, *kernel)


def torch_weight(name, kind, dtype, options, seed) -> Any:
    """A weight by one of torch's functions, after a seed."""
    import torch

    weight = torch.nn.Parameter(torch.full(shape_of(kind, "torch"), math.nan, dtype=getattr(torch, dtype)))
    torch.manual_seed(seed)
    getattr(torch.nn.init, f"{name}_")(weight, **options)
    return weight.detach()


def paddle_weight(name, kind, dtype, options, seed, way) -> Any:
    """A weight by one of paddle's initializers, given to the parameter or called, or by a function of ``nn.init``."""
    import paddle

    shape = shape_of(kind, "paddle")
    if way == "function":
        weight = paddle.create_parameter(shape, dtype)
        paddle.seed(seed)
        getattr(paddle.nn.init, f"{name}_")(weight, **options)
        return weight.detach()
    if name == "uniform":
        words = {"low": options["a"], "high": options["b"]}
    elif name == "trunc_normal":
        words = options
    else:
        words = {WORDS.get(key, key): value for key, value in options.items()}
    made = getattr(paddle.nn.initializer, CLASSES[name])(**words)
    paddle.seed(seed)
    if way == "attribute":
        return paddle.create_parameter(shape, dtype, attr=paddle.ParamAttr(initializer=made)).detach()
    weight = paddle.create_parameter(shape, dtype, default_initializer=paddle.nn.initializer.Constant(7.0))
    paddle.seed(seed)
    made(weight)
    return weight.detach()


@st.composite
def drawn(
    draw: st.DrawFn, name: str, options: st.SearchStrategy[dict[str, Any]], kinds: tuple[str, ...]
) -> list[Sample]:
    """A weight of each kind, in one of two formats, by each way of paddle's in turn."""
    ways = draw(st.permutations(("attribute", "called", "function")))
    samples = []
    for kind, way in zip(kinds, ways, strict=False):
        inputs = {"name": name, "kind": kind, "dtype": draw(st.sampled_from(("float32", "float64")))}
        samples.append(Sample({**inputs, "options": draw(options), "seed": draw(seeds), "way": way}))
    return samples


def told(weight: Callable[[int], Any], seed: int) -> dict[str, Any]:
    """What the numbers show; and that the same seed gives the same ones, and another does not."""
    values, again, other = (np.asarray(weight(each).numpy()) for each in (seed, seed, seed ^ 1))
    return {
        **law.summary(values),
        "dtype": str(values.dtype),
        "repeats": bool((values == again).all()),
        "differs": bool((values != other).mean() > 0.9),
    }


def judged(expected: law.Law, kind: str, dtype: str) -> dict[str, Acceptance]:
    """The acceptances of :func:`told`."""
    size = int(np.prod(shape_of(kind, "torch")))
    rest = {"dtype": accuracy.exact(dtype), "repeats": accuracy.exact(True), "differs": accuracy.exact(True)}
    return {**law.acceptances(expected, size, dtype), **rest}


class Random:
    """The calls of a random initializer's contract."""

    @staticmethod
    def torch(name, kind, dtype, options, seed, way):
        return told(lambda each: torch_weight(name, kind, dtype, options, each), seed)

    @staticmethod
    def paddle(name, kind, dtype, options, seed, way):
        return told(lambda each: paddle_weight(name, kind, dtype, options, each, way), seed)


def fewer_ways(oracle: Callable[..., Any]) -> Callable[..., Any]:
    """There are no functions in nn.init, and in the oldest releases fewer options."""

    def variant(name, kind, dtype, options, seed, way) -> Any:
        if way == "function":
            return Rejects("there is no nn.init", error="module 'paddle.nn' has no attribute 'init'")
        return oracle(name, kind, dtype, options, seed, way)

    return variant


def fewer_options(oracle: Callable[..., Any]) -> Callable[..., Any]:
    """As :func:`fewer_ways`, and initializers have neither mode, gain nor bounds."""

    def variant(name, kind, dtype, options, seed, way) -> Any:
        lacking = [key for key in ("mode", "gain", "a") if key in options and (key, name) != ("gain", "orthogonal")]
        if way != "function" and lacking and name not in ("uniform",) and (lacking != ["a"] or name == "trunc_normal"):
            return Rejects(f"there is no {lacking[0]}", error="got an unexpected keyword argument")
        return fewer_ways(oracle)(name, kind, dtype, options, seed, way)

    return variant


def initializer(name: str, options: st.SearchStrategy[dict[str, Any]], kinds: tuple[str, ...] = tuple(SIZES)) -> Any:
    """The decorator of one initializer's contract."""
    return contract(
        f"initializer.{name}",
        area=AREA,
        samples=drawn(name, options, kinds),
        tensors=False,
        share=0.12,
        covers=(f"init.{name}_", "nn.init", "random.seed"),
    )


def either(**choices: tuple[Any, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """One value of each option."""
    return st.fixed_dictionaries({key: st.sampled_from(values) for key, values in choices.items()})


SLOPES = either(a=(0.0, 1.0, 5.0**0.5), mode=("fan_in", "fan_out"), nonlinearity=("leaky_relu",)) | either(
    mode=("fan_in", "fan_out"), nonlinearity=("relu", "tanh", "linear")
)


def kaiming_deviation(kind: str, mode: str, nonlinearity: str, a: float = 0.0) -> float:
    """He et al. 2015: the gain over the root of the fan."""
    gain = math.sqrt(2.0 / (1.0 + a * a)) if nonlinearity == "leaky_relu" else GAINS[(nonlinearity, None)]
    return gain / math.sqrt(fans(kind)[mode == "fan_out"])


@initializer("uniform", either(a=(0.0, -1.0), b=(1.0, 3.0)))
class uniform(Random):
    """Numbers are equally likely between two bounds."""

    @staticmethod
    def oracle(name, kind, dtype, options, seed, way):
        return judged(law.uniform(options["a"], options["b"]), kind, dtype)

    variant_fewer_ways = staticmethod(fewer_ways(oracle))
    variant_fewer_options = staticmethod(fewer_options(oracle))


@initializer("normal", either(mean=(0.0, 0.5), std=(1.0, 0.02)))
class normal(Random):
    """Numbers are normal."""

    @staticmethod
    def oracle(name, kind, dtype, options, seed, way):
        return judged(law.normal(options["mean"], options["std"]), kind, dtype)

    variant_fewer_ways = staticmethod(fewer_ways(oracle))
    variant_fewer_options = staticmethod(fewer_options(oracle))


@initializer(
    "trunc_normal",
    st.sampled_from(
        (
            {"mean": 0.0, "std": 1.0, "a": -2.0, "b": 2.0},
            {"mean": 0.0, "std": 0.02, "a": -2.0, "b": 2.0},
            {"mean": 0.5, "std": 2.0, "a": -1.0, "b": 4.0},
            {"mean": 0.0, "std": 1.0},
        )
    ),
)
class trunc_normal(Random):
    """Numbers are normal, and none lies outside of two bounds."""

    @staticmethod
    def oracle(name, kind, dtype, options, seed, way):
        expected = law.truncated(options["mean"], options["std"], options.get("a", -2.0), options.get("b", 2.0))
        return judged(expected, kind, dtype)

    variant_fewer_ways = staticmethod(fewer_ways(oracle))
    variant_fewer_options = staticmethod(fewer_options(oracle))


@initializer("kaiming_uniform", SLOPES)
class kaiming_uniform(Random):
    """Numbers are uniform, within the root of three deviations of He's."""

    note = "The default nonlinearity is leaky_relu in torch and relu in paddle; both have the gain of relu."

    @staticmethod
    def oracle(name, kind, dtype, options, seed, way):
        bound = math.sqrt(3.0) * kaiming_deviation(kind, **options)
        return judged(law.uniform(-bound, bound), kind, dtype)

    variant_fewer_ways = staticmethod(fewer_ways(oracle))
    variant_fewer_options = staticmethod(fewer_options(oracle))


@initializer("kaiming_normal", SLOPES)
class kaiming_normal(Random):
    """Numbers are normal, with He's deviation."""

    @staticmethod
    def oracle(name, kind, dtype, options, seed, way):
        return judged(law.normal(0.0, kaiming_deviation(kind, **options)), kind, dtype)

    variant_fewer_ways = staticmethod(fewer_ways(oracle))
    variant_fewer_options = staticmethod(fewer_options(oracle))


@initializer("xavier_uniform", either(gain=(1.0, 2.0)))
class xavier_uniform(Random):
    """Numbers are uniform, with the deviation of Glorot and Bengio."""

    @staticmethod
    def oracle(name, kind, dtype, options, seed, way):
        bound = options["gain"] * math.sqrt(6.0 / sum(fans(kind)))
        return judged(law.uniform(-bound, bound), kind, dtype)

    variant_fewer_ways = staticmethod(fewer_ways(oracle))
    variant_fewer_options = staticmethod(fewer_options(oracle))


@initializer("xavier_normal", either(gain=(1.0, 2.0)))
class xavier_normal(Random):
    """Numbers are normal, with the deviation of Glorot and Bengio."""

    @staticmethod
    def oracle(name, kind, dtype, options, seed, way):
        return judged(law.normal(0.0, options["gain"] * math.sqrt(2.0 / sum(fans(kind)))), kind, dtype)

    variant_fewer_ways = staticmethod(fewer_ways(oracle))
    variant_fewer_options = staticmethod(fewer_options(oracle))


@st.composite
def exact_ones(draw: st.DrawFn) -> list[Sample]:
    """Constants, and Dirac's and orthogonal weights."""
    samples = []
    ways = draw(st.permutations(("attribute", "called", "function")))
    for kind, way in zip(("linear", "conv", "square"), ways, strict=True):
        name = draw(
            st.sampled_from(("constant", "orthogonal") if kind != "conv" else ("constant", "dirac", "orthogonal"))
        )
        options: dict[str, Any] = {"val": draw(st.sampled_from((0.3, -2.0, 0.0)))} if name == "constant" else {}
        if name == "orthogonal":
            options = {"gain": draw(st.sampled_from((1.0, 2.0)))}
        if name == "dirac":
            options = {"groups": draw(st.sampled_from((1, 2, 4)))}
        inputs = {"name": name, "kind": kind, "dtype": "float32", "options": options, "seed": draw(seeds), "way": way}
        samples.append(Sample(inputs))
    return samples


def products(weight: Any, name: str) -> dict[str, Any]:
    """Of an orthogonal weight the products of its rows, or columns where there are fewer of them; else the weight."""
    array = np.asarray(weight.numpy())
    if name != "orthogonal":
        return {"weight": weight}
    rows = array.reshape(len(array), -1).astype(np.float64)
    rows = rows if rows.shape[0] <= rows.shape[1] else rows.T
    return {"products": rows @ rows.T, "dtype": str(array.dtype)}


@contract(
    "initializer.exact",
    area=AREA,
    samples=exact_ones(),
    tensors=False,
    share=0.3,
    covers=("init.constant_", "init.dirac_", "init.orthogonal_", "nn.init"),
    may_be_zero=("weight",),
)
class exact:
    """A constant weight has one value, Dirac's keeps its input, and the rows of an orthogonal one are orthonormal."""

    @staticmethod
    def torch(name, kind, dtype, options, seed, way):
        return products(torch_weight(name, kind, dtype, options, seed), name)

    @staticmethod
    def paddle(name, kind, dtype, options, seed, way):
        found = products(paddle_weight(name, kind, dtype, options, seed, way), name)
        return {key: value.t() if key == "weight" and value.ndim == 2 else value for key, value in found.items()}

    @staticmethod
    def oracle(name, kind, dtype, options, seed, way):
        shape = shape_of(kind, "torch")
        if name == "constant":
            return {"weight": accuracy.exact(np.full(shape, options["val"], dtype))}
        if name == "dirac":
            weight, each = np.zeros(shape, dtype), shape[0] // options["groups"]
            for group in range(options["groups"]):
                for place in range(min(each, shape[1])):
                    weight[(group * each + place, place, *(n // 2 for n in shape[2:]))] = 1.0
            return {"weight": accuracy.exact(weight)}
        rows = min(shape[0], int(np.prod(shape[1:])))
        bound = 4.0 * rows * UNIT_ROUNDOFF[dtype] * options["gain"] ** 2
        value = options["gain"] ** 2 * np.eye(rows)
        return {"products": Acceptance(value, bound, dtype="float64"), "dtype": accuracy.exact(dtype)}

    variant_fewer_ways = staticmethod(fewer_ways(oracle))


@contract(
    "initializer.gain",
    area=AREA,
    samples=st.permutations([Sample({"nonlinearity": name, "parameter": parameter}) for name, parameter in GAINS]),
    tensors=False,
    share=0.1,
    covers=("init.calculate_gain",),
)
class gain:
    """The gain of an activation is the documented number."""

    @staticmethod
    def torch(nonlinearity, parameter):
        import torch

        return {"gain": float(torch.nn.init.calculate_gain(nonlinearity, parameter))}

    @staticmethod
    def paddle(nonlinearity, parameter):
        import paddle

        return {"gain": float(paddle.nn.initializer.calculate_gain(nonlinearity, parameter))}

    @staticmethod
    def oracle(nonlinearity, parameter):
        value = np.asarray(GAINS[(nonlinearity, parameter)])
        return {"gain": Acceptance(value, 2.0**-52 * value, dtype="float64")}

    @staticmethod
    def variant_own_names(nonlinearity, parameter):
        """Transposed convolutions are known as conv1d_transpose alone."""
        if nonlinearity.startswith("conv_transpose"):
            return Rejects("it has another name", error=f"nonlinearity function {nonlinearity} is not")
        return gain.oracle(nonlinearity, parameter)
