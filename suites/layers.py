"""Single layers by name in both frameworks, and the shapes of their weights as torch lays them out.

The shapes are written down here rather than asked of a framework: they are half of what weight transfer promises.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from conformance.strategies import LONG, WIDTHS, lengths

KINDS = ("linear", "conv", "conv_transposed", "batch_norm", "layer_norm", "embedding", "rnn", "lstm", "gru", "prelu")
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
COUNTER = "num_batches_tracked"


@st.composite
def layers(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS) -> dict[str, Any]:
    """A layer's kind and sizes; one linear layer in three is square, so that a forgotten transpose cannot hide."""
    kind = draw(st.sampled_from(kinds))
    long = LONG if kind in ("linear", "embedding", "batch_norm", "prelu") else WIDTHS
    inner, outer = draw(lengths((1, 6, long), (1, 6, long), share=0.3))
    if draw(st.integers(0, 2)) == 0:
        outer = inner = min(inner, 33)
    sizes = {"inner": inner, "outer": outer, "kernel": (draw(st.integers(1, 3)), draw(st.integers(1, 3)))}
    if kind in GATES:
        sizes |= {"layers": draw(st.integers(1, 2)), "bidirectional": draw(st.booleans())}
    return {"kind": kind, "sizes": sizes}


def weight_shapes(kind: str, sizes: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter and buffer, in torch's layout, without batch norm's counter."""
    inner, outer, kernel = sizes["inner"], sizes["outer"], tuple(sizes["kernel"])
    if kind in GATES:
        return _recurrent_shapes(GATES[kind] * outer, sizes)
    return {
        "linear": {"weight": (outer, inner), "bias": (outer,)},
        "conv": {"weight": (outer, inner, *kernel), "bias": (outer,)},
        "conv_transposed": {"weight": (inner, outer, *kernel), "bias": (outer,)},
        "batch_norm": dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (inner,)),
        "layer_norm": dict.fromkeys(("weight", "bias"), (inner, outer)),
        "embedding": {"weight": (inner, outer)},
        "prelu": {"weight": (inner,)},
    }[kind]


def _recurrent_shapes(rows: int, sizes: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    directions = ("", "_reverse") if sizes["bidirectional"] else ("",)
    projection = sizes.get("projection")
    hidden = projection or sizes["outer"]
    for layer in range(sizes["layers"]):
        width = sizes["inner"] if layer == 0 else hidden * len(directions)
        for direction in directions:
            end = f"l{layer}{direction}"
            shapes |= {f"weight_ih_{end}": (rows, width), f"weight_hh_{end}": (rows, hidden)}
            shapes |= {f"bias_ih_{end}": (rows,), f"bias_hh_{end}": (rows,)}
            if projection:
                shapes[f"weight_hr_{end}"] = (projection, sizes["outer"])
    return shapes


def _projection(sizes: dict[str, Any]) -> dict[str, int]:
    return {"proj_size": sizes["projection"]} if sizes.get("projection") else {}


def torch_layer(kind: str, sizes: dict[str, Any]) -> Any:
    """The torch layer of a kind."""
    from torch import nn

    inner, outer = sizes["inner"], sizes["outer"]
    if kind in GATES:
        made = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[kind]
        both = sizes["bidirectional"]
        return made(inner, outer, sizes["layers"], bidirectional=both, batch_first=True, **_projection(sizes))
    return {
        "linear": lambda: nn.Linear(inner, outer),
        "conv": lambda: nn.Conv2d(inner, outer, sizes["kernel"]),
        "conv_transposed": lambda: nn.ConvTranspose2d(inner, outer, sizes["kernel"]),
        "batch_norm": lambda: nn.BatchNorm2d(inner),
        "layer_norm": lambda: nn.LayerNorm((inner, outer)),
        "embedding": lambda: nn.Embedding(inner, outer),
        "prelu": lambda: nn.PReLU(inner),
    }[kind]()


def paddle_layer(kind: str, sizes: dict[str, Any]) -> Any:
    """The paddle layer of a kind."""
    from paddle import nn

    inner, outer = sizes["inner"], sizes["outer"]
    if kind in GATES:
        made = {"rnn": nn.SimpleRNN, "lstm": nn.LSTM, "gru": nn.GRU}[kind]
        direction = "bidirect" if sizes["bidirectional"] else "forward"
        return made(inner, outer, sizes["layers"], direction=direction, **_projection(sizes))
    return {
        "linear": lambda: nn.Linear(inner, outer),
        "conv": lambda: nn.Conv2D(inner, outer, list(sizes["kernel"])),
        "conv_transposed": lambda: nn.Conv2DTranspose(inner, outer, list(sizes["kernel"])),
        "batch_norm": lambda: nn.BatchNorm2D(inner),
        "layer_norm": lambda: nn.LayerNorm([inner, outer]),
        "embedding": lambda: nn.Embedding(inner, outer),
        "prelu": lambda: nn.PReLU(inner),
    }[kind]()
