"""lstm-projection-absent: paddle ==2.6.2 against model.rnn_states

Made by `python -m conformance findings`, from the ledger of known divergences.
Claim: Simple RNN, LSTM and GRU layers agree from any initial state, in all results and gradients, those of it
too. An LSTM's hidden state may be projected. What is not given is zero.
Instead: LSTM has no proj_size, the projection of the hidden state that torch has.
Upstream: none known.

Expected: the values of a reference computed in NumPy float64, within the error allowed.
Needs numpy, paddle. Prints got, expected, error and allowed by quantity; exits 1 on divergence, 0 on
agreement.
"""

from __future__ import annotations

import sys
import numpy as np


GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def _projection(sizes):
    return {"proj_size": sizes["projection"]} if sizes.get("projection") else {}


def paddle_layer(kind, sizes):
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


def paddle_parameters(layer):
    """A paddle layer's parameters by torch's names.

    Taken from its cells: with a projection, paddle exposes each parameter but the first four under another's name.
    """
    found = {}
    for number, part in enumerate(layer):
        cells = {"": part.cell_fw, "_reverse": part.cell_bw} if hasattr(part, "cell_fw") else {"": part.cell}
        for suffix, cell in cells.items():
            for name, parameter in cell.named_parameters():
                found[f"{name.replace('weight_ho', 'weight_hr')}_l{number}{suffix}"] = parameter
    return found


def call(x, kind, sizes, weights, hidden, cell, upstream):
    import paddle

    layer = paddle_layer(kind, sizes)
    parameters = paddle_parameters(layer)
    for name, array in weights.items():
        parameters[name].set_value(paddle.to_tensor(array.T.copy() if "_hr_" in name else array))
    initial = {name: state for name, state in (("hidden", hidden), ("cell", cell)) if state is not None}
    for state in initial.values():
        state.stop_gradient = False
    outputs, last = layer(x, (hidden, cell) if len(initial) == 2 else hidden)
    seen = {"outputs": outputs, **dict(zip(("hidden", "cell"), last if kind == "lstm" else (last,), strict=False))}
    sum((seen[name] * paddle.to_tensor(array)).sum() for name, array in upstream.items()).backward()
    gradients = {name: leaf.grad for name, leaf in {**parameters, **initial}.items()}
    return {**seen, "gradient": {n: g.t() if "_hr_" in n and g is not None else g for n, g in gradients.items()}}


INPUTS = {
    'kind': 'lstm',
    'sizes': {'inner': 1, 'outer': 2, 'kernel': (1, 1), 'projection': 1, 'layers': 1, 'bidirectional': False},
    'x': np.array([[[0.5]]], 'float32'),
    'hidden': None,
    'cell': None,
    'weights': {
        'weight_ih_l0': np.array([[0.5], [0.25], [-0.5], [0.5], [0.25], [-0.5], [0.5], [0.25]], 'float32'),
        'weight_hh_l0': np.array([[0.25], [-0.5], [0.125], [0.25], [-0.5], [0.125], [0.25], [-0.5]], 'float32'),
        'bias_ih_l0': np.array([0.125, 0.0, 0.125, 0.0, 0.125, 0.0, 0.125, 0.0], 'float32'),
        'bias_hh_l0': np.array([0.0, 0.25, 0.5, 0.0, 0.25, 0.5, 0.0, 0.25], 'float32'),
        'weight_hr_l0': np.array([[0.5, -0.25]], 'float32'),
    },
    'upstream': {
        'outputs': np.array([[[1.0]]], 'float32'),
        'hidden': np.array([[[0.5]]], 'float32'),
        'cell': np.array([[[0.25, -0.5]]], 'float32'),
    },
}


COTANGENT = None


# Value, allowed absolute error and dtype by quantity.
EXPECTED = {
    'outputs': (np.array([[[0.057832615]]], 'float64'), 1.2e-07, 'float32'),
    'hidden': (np.array([[[0.057832615]]], 'float64'), 1.2e-07, 'float32'),
    'cell': (
        np.array([[[0.273881404, 0.145155111]]], 'float64'),
        np.array([[[2.8e-07, 2.1e-07]]], 'float64'),
        'float32',
    ),
    'gradient.weight_ih_l0': (
        np.array(
            [
                [0.0369689154],
                [-0.0212155481],
                [0.0],
                [0.0],
                [0.154455885],
                [-0.199901968],
                [0.0241925403],
                [-0.0065246736],
            ],
            'float64',
        ),
        np.array(
            [[4.3e-08], [3.1e-08], [7.8e-45], [7.8e-45], [1.7e-07], [1.7e-07], [3.4e-08], [1.2e-08]],
            'float64',
        ),
        'float32',
    ),
    'gradient.weight_hh_l0': (
        np.array([[0.0], [0.0], [0.0], [0.0], [0.0], [0.0], [0.0], [0.0]], 'float64'),
        7.1e-45,
        'float32',
    ),
    'gradient.bias_ih_l0': (
        np.array(
            [
                0.0739378309, -0.0424310962, 0.0, 0.0, 0.308911769, -0.399803935, 0.0483850805,
                -0.0130493472,
            ],
            'float64',
        ),
        np.array(
            [8.6e-08, 6.2e-08, 9.5e-45, 9.5e-45, 3.3e-07, 3.4e-07, 6.8e-08, 2.3e-08],
            'float64',
        ),
        'float32',
    ),
    'gradient.bias_hh_l0': (
        np.array(
            [
                0.0739378309, -0.0424310962, 0.0, 0.0, 0.308911769, -0.399803935, 0.0483850805,
                -0.0130493472,
            ],
            'float64',
        ),
        np.array(
            [8.6e-08, 6.2e-08, 9.5e-45, 9.5e-45, 3.3e-07, 3.4e-07, 6.8e-08, 2.3e-08],
            'float64',
        ),
        'float32',
    ),
    'gradient.weight_hr_l0': (
        np.array([[0.237569915, 0.128144141]], 'float64'),
        np.array([[3.3e-07, 2.2e-07]], 'float64'),
        'float32',
    ),
}


def flatten(result, name="output"):
    """Name the parts of a call's result: a dictionary by its keys, a sequence by position, anything else 'output'.

    Parts of parts have dotted names, at any depth.
    """
    if isinstance(result, dict):
        return {k: v for key, value in result.items() for k, v in _parts(str(key), value)}
    if isinstance(result, list | tuple):
        return {k: v for place, value in enumerate(result) for k, v in _parts(f"{name}.{place}", value)}
    return {name: result}


def _parts(name, value):
    inner = flatten(value, name)
    return [(f"{name}.{key}", part) for key, part in inner.items()] if isinstance(value, dict) else list(inner.items())


def observe_paddle(
    call,
    inputs,
    tensors,
    gradients,
    cotangent,
    device,
    tf32,
):
    """Every quantity of the call as (array, dtype by name), on one thread, TF32 as asked."""
    import paddle

    paddle.set_device(device)
    paddle.base.core.set_num_threads(1)
    if device != "cpu":
        paddle.set_flags({"FLAGS_allow_tf32_cublas": tf32, "FLAGS_allow_tf32_cudnn": tf32})
    paddle.seed(0)
    given = dict(inputs)
    for name, value in inputs.items():
        if tensors and isinstance(value, np.ndarray):
            given[name] = paddle.to_tensor(value, stop_gradient=name not in gradients)
    results = flatten(call(**given))
    leaves = {name: given[name] for name in gradients if isinstance(given.get(name), paddle.Tensor)}
    if leaves:
        upstream = [paddle.to_tensor(cotangent)]
        found = paddle.grad([results["output"]], list(leaves.values()), upstream, allow_unused=True)
        results.update({f"gradient.{name}": value for name, value in zip(leaves, found, strict=True)})
    observed = {}
    for name, value in results.items():
        if isinstance(value, paddle.Tensor):
            dtype = str(value.dtype).removeprefix("paddle.")
            plain = value.astype("float32") if dtype in ("float16", "bfloat16") else value
            observed[name] = (plain.numpy(), dtype)
        elif value is not None:
            observed[name] = (np.asarray(value), str(np.asarray(value).dtype))
    return observed


def compare(observe, expected):
    """Print got, expected, error and allowed of every quantity, at the worst place; 1 where one diverges, else 0.

    expected: value, allowed absolute error, dtype (``None``: any) and perhaps whether zeros have a sign, by quantity.
    """
    try:
        observed = observe()
    except ImportError:
        raise
    except Exception as error:
        print(f"got {type(error).__name__}: {error}\nexpected values, not an error: DIVERGES")
        return 1
    agree = observed.keys() == expected.keys()
    for name in sorted(observed.keys() ^ expected.keys()):
        print(f"{name}: {'expected, but not returned' if name in expected else 'returned, but not expected'}: DIVERGES")
    for name in [name for name in expected if name in observed]:
        text, holds = compare_quantity(*observed[name], *expected[name])
        print(f"{name}: {text}: {'agrees' if holds else 'DIVERGES'}")
        agree = agree and holds
    return 0 if agree else 1


def compare_quantity(
    got, dtype, value, allowed, wanted, signed=False
):
    """One quantity in words, and whether it is within what is allowed; NaN and infinities must be met exactly."""
    if wanted is not None and dtype != wanted:
        return f"got dtype {dtype}, expected {wanted}", False
    if got.shape != value.shape:
        return f"got shape {got.shape}, expected {value.shape}", False
    if not got.size:
        return f"got shape {got.shape} without elements, as expected", True
    equal = got == value
    if signed:
        equal = equal & ((got != 0) | (np.signbit(got) == np.signbit(value)))
    if got.dtype.kind == "f" or (got.dtype.kind in "iu" and value.dtype.kind == "f"):
        with np.errstate(all="ignore"):
            equal = equal | (np.isnan(got) & np.isnan(value))
            distance = np.abs(np.subtract(got, value, dtype=np.float64))
            error = np.where(equal, 0.0, np.where(np.isfinite(distance), distance, np.inf))
            ratio = np.where(equal | np.isposinf(allowed), 0.0, error / allowed)  # an infinite bound promises nothing
        ratio = np.where(np.isnan(ratio), np.inf, ratio)
    else:
        error = ratio = np.where(equal, 0.0, np.inf)
    at = np.unravel_index(int(ratio.argmax()), ratio.shape)
    limit = float(np.broadcast_to(allowed, ratio.shape)[at])
    text = f"got {got[at]}, expected {value[at]}, error {error[at]:.3g}, allowed {limit:.3g}"
    where = f" at {[int(i) for i in at]}, {np.count_nonzero(ratio > 1)} of {ratio.size} outside" if got.ndim else ""
    return text + where, bool((ratio <= 1).all())


def observe():
    return observe_paddle(call, INPUTS, True, (), COTANGENT, 'cpu', False)


if __name__ == "__main__":
    sys.exit(compare(observe, EXPECTED))
