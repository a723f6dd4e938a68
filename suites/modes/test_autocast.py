"""What autocast casts, call by call, by the lists that its page documents; and the regions that it does so in.

Operands are whole numbers and a little less or more, which the lower formats round away: a product of rounded operands
is a whole number, and one of others is not, so that every cast shows with no tolerance.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import EXACT, Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, seeds
from suites.support.lower_formats import LOWER, nearly_whole

AREA = "mixed precision"
TORCH: dict[str, Callable[..., Any]] = {
    "matmul": lambda f, a, b, c: a @ b,
    "mm": lambda f, a, b, c: f.mm(a, b),
    "bmm": lambda f, a, b, c: f.bmm(a[None], b[None])[0],
    "addmm": lambda f, a, b, c: f.addmm(c, a, b),
    "addbmm": lambda f, a, b, c: f.addbmm(c, a[None], b[None]),
    "baddbmm": lambda f, a, b, c: f.baddbmm(c[None], a[None], b[None])[0],
    "vecdot": lambda f, a, b, c: f.linalg.vecdot(a, b.T[:1]),
    "linear": lambda f, a, b, c: f.nn.functional.linear(a, b.T, c[0]),
    "conv1d": lambda f, a, b, c: f.nn.functional.conv1d(a[:, :, None], b.T[:, :, None])[..., 0],
    "conv2d": lambda f, a, b, c: f.nn.functional.conv2d(a[:, :, None, None], b.T[:, :, None, None])[..., 0, 0],
    "conv3d": lambda f, a, b, c: f.nn.functional.conv3d(a[..., None, None, None], b.T[..., None, None, None]).flatten(
        1
    ),
    "conv_transpose1d": lambda f, a, b, c: f.nn.functional.conv_transpose1d(a[:, :, None], b[:, :, None])[..., 0],
    "conv_transpose2d": lambda f, a, b, c: f.nn.functional.conv_transpose2d(
        a[:, :, None, None], b[:, :, None, None]
    ).flatten(1),
    "conv_transpose3d": lambda f, a, b, c: f.nn.functional.conv_transpose3d(
        a[..., None, None, None], b[..., None, None, None]
    ).flatten(1),
    "conv_tbc": lambda f, a, b, c: f.conv_tbc(a[None], b[None], c[0])[0],
    "prelu": lambda f, a, b, c: f.nn.functional.prelu(a, b[:1, 0]),
    "attention": lambda f, a, b, c: f.nn.functional.scaled_dot_product_attention(a[None], b.T[None, :1], b.T[None, :1])[
        0
    ],
    "twice": lambda f, a, b, c: a @ b + a @ b,
}
"""Torch's list of calls in lower precision, those that need no module, and some that forward to it."""
PADDLE: dict[str, Callable[..., Any]] = {
    **TORCH,
    "addbmm": lambda f, a, b, c: c + f.bmm(a[None], b[None]).sum(0),
    "baddbmm": lambda f, a, b, c: c + f.bmm(a[None], b[None])[0],
    "vecdot": lambda f, a, b, c: (a * b.T[:1]).sum(-1),
    "linear": lambda f, a, b, c: f.nn.functional.linear(a, b, c[0]),
    "conv_transpose1d": lambda f, a, b, c: f.nn.functional.conv1d_transpose(a[:, :, None], b[:, :, None])[..., 0],
    "conv_transpose2d": lambda f, a, b, c: f.nn.functional.conv2d_transpose(
        a[:, :, None, None], b[:, :, None, None]
    ).flatten(1),
    "conv_transpose3d": lambda f, a, b, c: f.nn.functional.conv3d_transpose(
        a[..., None, None, None], b[..., None, None, None]
    ).flatten(1),
    "conv_tbc": lambda f, a, b, c: f.nn.functional.conv1d(a[:, :, None], b.T[:, :, None])[..., 0] + c[0],
    "attention": lambda f, a, b, c: f.ones([len(a), 1]) @ b.T[:1],
}
ORACLE: dict[str, Callable[..., np.ndarray]] = {
    **{name: lambda a, b, c: a @ b for name in TORCH},
    **{name: lambda a, b, c: a @ b + c for name in ("addmm", "addbmm", "baddbmm")},
    "vecdot": lambda a, b, c: (a * b[:, 0]).sum(-1),
    "linear": lambda a, b, c: a @ b + c[0],
    "conv_tbc": lambda a, b, c: a @ b + c[0],
    "prelu": lambda a, b, c: np.where(a > 0, a, a * b[0, 0]),
    "attention": lambda a, b, c: np.repeat(b.T[:1], len(a), 0),
    "twice": lambda a, b, c: 2 * (a @ b),
}
TWICE = {"twice": 2.0}
PRODUCTS = tuple(name for name in TORCH if name not in ("vecdot", "prelu", "attention"))
"""Calls whose gradient of the second operand is the column sums of the first."""


@st.composite
def operands(draw: st.DrawFn) -> list[Sample]:
    """Two factors and what is added, for both lower formats."""
    rng = generator(draw(seeds))
    rows, inner, columns = (draw(st.integers(1, 3)) for _ in range(3))
    return [
        Sample(
            {
                "a": nearly_whole(rng, (rows, inner)),
                "b": nearly_whole(rng, (inner, columns)),
                "c": nearly_whole(rng, (rows, columns)),
                "dtype": dtype,
            }
        )
        for dtype in LOWER
    ]


@contract("amp.lower_precision", area=AREA, samples=operands(), tensors=False, share=0.08, covers=("amp.autocast",))
class lower_precision:
    """Calls of the list of lower precision round their operands and give that format, and weights float32 gradients."""

    @staticmethod
    def torch(a, b, c, dtype):
        import torch

        found = {}
        for name, call in TORCH.items():
            weight = torch.tensor(b, requires_grad=True)
            with torch.autocast("cpu", getattr(torch, dtype)):
                found[name] = call(torch, torch.tensor(a), weight, torch.tensor(c))
            if name in PRODUCTS:
                found[name].sum().backward()
                found[f"{name}.gradient"] = weight.grad
        return found

    @staticmethod
    def paddle(a, b, c, dtype):
        import paddle

        found = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where it cannot be enabled, it says so
            for name, call in PADDLE.items():
                weight = paddle.to_tensor(b, stop_gradient=False)
                with paddle.amp.auto_cast(dtype=dtype):
                    found[name] = call(paddle, paddle.to_tensor(a), weight, paddle.to_tensor(c))
                if name in PRODUCTS:
                    found[name].sum().backward()
                    found[f"{name}.gradient"] = weight.grad
        return found

    @staticmethod
    def oracle(a, b, c, dtype):
        rounded = [np.rint(each).astype("f8") for each in (a, b, c)]
        found = {name: Acceptance(formula(*rounded), dtype=dtype) for name, formula in ORACLE.items()}
        for name in PRODUCTS:
            slope = np.broadcast_to(rounded[0].sum(0)[:, None] * TWICE.get(name, 1.0), b.shape)
            found[f"{name}.gradient"] = Acceptance(slope, dtype="float32")
        return found

    @staticmethod
    def variant_nothing_on_cpu(a, b, c, dtype):
        """On a CPU the region changes nothing."""
        given = [each.astype("f8") for each in (a, b, c)]
        sizes = [np.abs(each) for each in given]
        found = {}
        for name, formula in ORACLE.items():
            bound = accuracy.U * (a.shape[1] + 4) * (formula(*sizes) + np.abs(formula(*given)))
            found[name] = Acceptance(formula(*given), bound, dtype="float32")
        for name in PRODUCTS:
            slope, size = (
                np.broadcast_to(each[0].sum(0)[:, None] * TWICE.get(name, 1.0), b.shape) for each in (given, sizes)
            )
            found[f"{name}.gradient"] = Acceptance(slope, accuracy.U * 8 * len(a) * size, dtype="float32")
        return found


TO_FLOAT32: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[[np.ndarray, np.ndarray], Any]]] = {
    "prod": (lambda f, x, y: f.prod(x, 1), lambda f, x, y: f.prod(x, 1), lambda x, y: x.prod(1)),
    "trace": (lambda f, x, y: f.trace(x), lambda f, x, y: f.trace(x), lambda x, y: np.trace(x)),
    "mse_loss": (
        lambda f, x, y: f.nn.functional.mse_loss(x, y, reduction="sum"),
        lambda f, x, y: f.nn.functional.mse_loss(x, y, reduction="sum"),
        lambda x, y: np.square(x - y).sum(),
    ),
    "l1_loss": (
        lambda f, x, y: f.nn.functional.l1_loss(x, y, reduction="sum"),
        lambda f, x, y: f.nn.functional.l1_loss(x, y, reduction="sum"),
        lambda x, y: np.abs(x - y).sum(),
    ),
    "cdist": (
        lambda f, x, y: f.cdist(x, y, p=1.0),
        lambda f, x, y: f.cdist(x, y, p=1.0),
        lambda x, y: np.abs(x[:, None] - y[None]).sum(-1),
    ),
    "avg_pool3d": (
        lambda f, x, y: f.nn.functional.avg_pool3d((x + y * 0)[None, None, None], (1, 2, 2)),
        lambda f, x, y: f.nn.functional.avg_pool3d((x + y * 0)[None, None, None], (1, 2, 2)),
        lambda x, y: x.reshape(2, 2, 2, 2).mean((1, 3))[None, None, None],
    ),
    "max_pool3d": (
        lambda f, x, y: f.nn.functional.max_pool3d(x[None, None, None], (1, 2, 2)),
        lambda f, x, y: f.nn.functional.max_pool3d(x[None, None, None], (1, 2, 2)),
        lambda x, y: x.reshape(2, 2, 2, 2).max((1, 3))[None, None, None],
    ),
    "reflection_pad1d": (
        lambda f, x, y: f.nn.functional.pad(x[None], (1, 1), mode="reflect"),
        lambda f, x, y: f.nn.functional.pad(x[None], (1, 1), mode="reflect", data_format="NCL"),
        lambda x, y: np.pad(x[None], ((0, 0), (0, 0), (1, 1)), mode="reflect"),
    ),
    "replication_pad1d": (
        lambda f, x, y: f.nn.functional.pad(x[None], (1, 1), mode="replicate"),
        lambda f, x, y: f.nn.functional.pad(x[None], (1, 1), mode="replicate", data_format="NCL"),
        lambda x, y: np.pad(x[None], ((0, 0), (0, 0), (1, 1)), mode="edge"),
    ),
    "nll_loss": (
        lambda f, x, y: f.nn.functional.nll_loss(x, f.arange(4), reduction="sum"),
        lambda f, x, y: f.nn.functional.nll_loss(x, f.arange(4), reduction="sum"),
        lambda x, y: -np.trace(x),
    ),
    "margin_ranking_loss": (
        lambda f, x, y: f.nn.functional.margin_ranking_loss(x, y, f.ones_like(x), reduction="sum"),
        lambda f, x, y: f.nn.functional.margin_ranking_loss(x, y, f.ones_like(x), reduction="sum"),
        lambda x, y: np.maximum(y - x, 0).sum(),
    ),
    "rfft": (
        lambda f, x, y: f.fft.rfft(x).real,
        lambda f, x, y: f.fft.rfft(x).real(),
        lambda x, y: np.fft.rfft(x).real,
    ),
    "inv": (
        lambda f, x, y: f.linalg.inv(f.diag(f.sign(x[0]) * 4)),
        lambda f, x, y: f.linalg.inv(f.diag(f.sign(x[0]) * 4)),
        lambda x, y: np.diag(np.sign(x[0]) / 4),
    ),
}
"""Calls of the list of float32: torch, paddle and the formula, for two matrices of 4 by 4 whole numbers."""


@st.composite
def whole_matrices(draw: st.DrawFn) -> list[Sample]:
    """Whole numbers whose sums and products leave the lower formats, and not float32."""
    rng = generator(draw(seeds))
    matrices = lambda: (rng.integers(40, 128, (4, 4)) * rng.choice((-1, 1), (4, 4))).astype("f4")
    return [Sample({"x": matrices() // 8, "y": matrices(), "dtype": dtype}, EXACT) for dtype in LOWER]


@contract(
    "amp.float32_list", area=AREA, samples=whole_matrices(), tensors=False, share=0.12, may_be_zero=("max_pool3d",)
)
class float32_list:
    """Calls of the list of float32 take operands of a lower format as float32, and give what float32 holds."""

    note = "Paddle's CPU has few kernels of lower formats: its lane begins in float32, which its black list keeps."

    @staticmethod
    def torch(x, y, dtype):
        import torch

        kind = getattr(torch, dtype)
        given = torch.tensor(x).to(kind), torch.tensor(y).to(kind)
        with torch.autocast("cpu", kind):
            return {name: call(torch, *given) for name, (call, _, _) in TO_FLOAT32.items()}

    @staticmethod
    def paddle(x, y, dtype):
        import paddle

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where it cannot be enabled, it says so
            with paddle.amp.auto_cast(dtype=dtype):
                given = paddle.to_tensor(x), paddle.to_tensor(y)
                return {name: call(paddle, *given) for name, (_, call, _) in TO_FLOAT32.items()}

    @staticmethod
    def oracle(x, y, dtype):
        given = x.astype("f8"), y.astype("f8")
        return {
            name: Acceptance(np.asarray(formula(*given)), dtype="float32")
            for name, (_, _, formula) in TO_FLOAT32.items()
        }


@st.composite
def pairs(draw: st.DrawFn) -> list[Sample]:
    """Two arrays, one of which may be in float32, or in float64 that autocast leaves alone."""
    rng, other = generator(draw(seeds)), draw(st.sampled_from(("float32", "same", "float64")))
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    return [
        Sample({"x": nearly_whole(rng, shape), "y": nearly_whole(rng, shape), "dtype": dtype, "other": other}, EXACT)
        for dtype in LOWER
    ]


@contract(
    "amp.widest",
    area=AREA,
    samples=pairs(),
    tensors=False,
    share=0.15,
    unsupported={"paddle": "auto_cast has no list of calls that take the widest of several dtypes"},
)
class widest:
    """What joins tensors takes the widest of their dtypes, and changes no value."""

    @staticmethod
    def torch(x, y, dtype, other):
        import torch

        kind = getattr(torch, dtype)
        low = torch.tensor(x).to(kind)
        wide = torch.tensor(y).to(kind if other == "same" else getattr(torch, other))
        with torch.autocast("cpu", kind):
            found = {"cat": torch.cat([low, wide]), "stack": torch.stack([wide, low])}
            if other != "float64":
                found["index_copy"] = torch.index_copy(wide, 0, torch.tensor([0]), low[:1])
        return found

    @staticmethod
    def paddle(x, y, dtype, other):
        raise NotImplementedError

    @staticmethod
    def oracle(x, y, dtype, other):
        low = np.rint(x).astype("f8")
        wide = (np.rint(y) if other == "same" else y).astype("f8")
        kind = dtype if other == "same" else other
        found = {
            "cat": Acceptance(np.concatenate([low, wide]), dtype=kind),
            "stack": Acceptance(np.stack([wide, low]), dtype=kind),
        }
        if other != "float64":
            found["index_copy"] = Acceptance(np.concatenate([low[:1], wide[1:]]), dtype=kind)
        return found


@st.composite
def sizes(draw: st.DrawFn) -> list[Sample]:
    """Factors of every size, axes of one element among them."""
    rng, samples = generator(draw(seeds)), []
    for rows, inner, columns in ((2, 3, 2), (2, 1, 3), (1, draw(st.integers(2, 3)), 1), (1, 1, 1)):
        a, b = nearly_whole(rng, (rows, inner)), nearly_whole(rng, (inner, columns))
        samples.append(Sample({"a": a, "b": b, "dtype": draw(st.sampled_from(LOWER))}))
    return samples


@contract("amp.sizes", area=AREA, samples=sizes(), tensors=False, share=0.12)
class whatever_sizes:
    """A product that forwards to the calls of the list is cast whatever the sizes of its axes."""

    note = "Paddle's einsum and tensordot are those of torch; on a CPU neither is cast."

    @staticmethod
    def torch(a, b, dtype):
        import torch

        with torch.autocast("cpu", getattr(torch, dtype)):
            return _products(torch, torch.tensor(a), torch.tensor(b))

    @staticmethod
    def paddle(a, b, dtype):
        import paddle

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where it cannot be enabled, it says so
            with paddle.amp.auto_cast(dtype=dtype):
                return _products(paddle, paddle.to_tensor(a), paddle.to_tensor(b))

    @staticmethod
    def oracle(a, b, dtype, spared=()):
        rounded = np.rint(a).astype("f8") @ np.rint(b)
        product = a.astype("f8") @ b
        bound = accuracy.U * (a.shape[1] + 2) * (np.abs(a).astype("f8") @ np.abs(b))
        return {
            name: Acceptance(product, bound, dtype="float32") if name in spared else Acceptance(rounded, dtype=dtype)
            for name in ("einsum", "tensordot", "inner")
        }

    @staticmethod
    def variant_multiplied(a, b, dtype):
        """What sums over one element multiplies, and is not cast: einsum."""
        return whatever_sizes.oracle(a, b, dtype, ("einsum",) if a.shape[1] == 1 else ())

    @staticmethod
    def variant_multiplied_or_dotted(a, b, dtype):
        """As :meth:`variant_multiplied`; and what gives one number is a dot product, which is not cast either."""
        spared = ("einsum",) if a.shape[1] == 1 else ()
        return whatever_sizes.oracle(
            a, b, dtype, (*spared, "tensordot", "inner") if a.shape[0] == b.shape[1] == 1 else spared
        )

    @staticmethod
    def variant_nothing_on_cpu(a, b, dtype):
        """On a CPU the region changes nothing."""
        return whatever_sizes.oracle(a, b, dtype, ("einsum", "tensordot", "inner"))


def _products(framework: Any, a: Any, b: Any) -> dict[str, Any]:
    return {
        "einsum": framework.einsum("ij,jk->ik", a, b),
        "tensordot": framework.tensordot(a, b, 1),
        "inner": framework.inner(a, b.T),
    }
