"""What torch's page on automatic mixed precision promises of calls on the CPU, as a table, and what follows from it.

Under autocast an operator of the first list casts its floating inputs to the lower precision, computes in it, and
gives its results in it. One of the second list casts them to float32. Every other one computes in the dtypes that it
is given. Float64 takes no part. A gradient comes back in the dtype of its input, rounded by the cast on its way.

The operators registered for it are the same from torch 2.4.1 to 2.15, but for linalg.matrix_sqrth, which is new, and
for cholesky and qr, which are no longer there.

(torch/docs/source/amp.md, "CPU Ops that can autocast to bfloat16"; "float16 shares the lists of bfloat16".)
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from conformance.contract import Contract

LOWER = frozenset(
    [
        "conv1d",
        "conv2d",
        "conv3d",
        "bmm",
        "mm",
        "baddbmm",
        "addmm",
        "addbmm",
        "linear",
        "matmul",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
        "prelu",
        "scaled_dot_product_attention",
        "vecdot",
    ]
)
"""Operators that cast to the lower precision, as programs call them."""
MODULES = frozenset(
    ["Conv1d", "Conv2d", "Conv3d", "Linear", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "PReLU"]
)
"""Modules that are one such operator."""
COUNTERPARTS = frozenset(name.lower().removesuffix("d") for name in LOWER | MODULES)
"""Both, as names of what a contract covers are compared with them."""
NETWORKS = ("models", "training step", "training loop", "determinism", "checkpoints", "carry", "models_zoo")
SEVERAL = ("recurrent", "calls by position", "transformer")
"""Areas whose calls are made of several operators, or are one of many by name."""
MADE_OF_THEM = frozenset(
    [
        "AdaptiveLogSoftmaxWithLoss",
        "einsum",
        "tensordot",
        "multi_dot",
        "chain_matmul",
        "inner",
        "kron",
        "bilinear",
        "Bilinear",
        "mv",
        "addmv",
        "addr",
        "dot",
        "vdot",
        "ger",
        "outer",
        "cov",
        "corrcoef",
        "matrix_power",
        "matrix_exp",
        "pinv",
        "lstsq",
        "cdist",
        "pdist",
        "multi_head_attention_forward",
        "MultiheadAttention",
        "Transformer",
        "TransformerEncoder",
        "TransformerDecoder",
        "TransformerEncoderLayer",
        "TransformerDecoderLayer",
        "RNN",
        "LSTM",
        "GRU",
        "RNNCell",
        "LSTMCell",
        "GRUCell",
        "spectral_norm",
        "lowrank",
        "svd_lowrank",
        "pca_lowrank",
        "lobpcg",
        "cosine_similarity",
        "householder_product",
        "deform_conv2d",
        "DeformConv2d",
        "affine_grid",
        "stft",
        "istft",
        "unfold",
        "fold",
    ]
)
"""Calls that may be made of such operators, and of others, which the page says nothing of."""


KERNELS = frozenset(
    [
        "convolution",
        "conv_tbc",
        "mm",
        "addmm",
        "bmm",
        "baddbmm",
        "mv",
        "addmv",
        "dot",
        "vdot",
        "linear",
        "mkldnn_rnn_layer",
        "_prelu_kernel",
        "_scaled_dot_product_flash_attention_for_cpu",
    ]
)
"""What the operators of the first list run: seen of a call while it is made, whose text names none of them."""


WRITTEN_OUT = frozenset(["eval", "exec", "spellings"])
"""What makes a call of a text, of which nothing is known before it runs."""


@cache
def casts(contract: Contract) -> bool:
    """Whether a contract's call is one operator that casts, or a model whose every weight goes into one."""
    if contract.formats:
        return True  # as a network, all of whose weights go into such operators
    read = names(contract.call("torch"))
    return bool(read & (LOWER | MODULES)) and not _beside(contract, read)


def open_question(contract: Contract, lower: str) -> str | None:
    """Why nothing is promised of a contract's call under autocast to a dtype as a whole, or ``None``."""
    read = names(contract.call("torch"))
    if casts(contract):
        known = lower in (*contract.dtypes, *contract.formats)
        return None if known else f"its bounds are not those of {lower}"
    if read & WRITTEN_OUT:
        return "its calls are texts, of which autocast casts some"
    if read & MADE_OF_THEM:
        return f"{min(read & MADE_OF_THEM)} is made of several operators, of which autocast casts some"
    if read & (LOWER | MODULES) and _beside(contract, read):
        return "its call is made of several operators, of which autocast casts some"
    if contract.area in SEVERAL or (not contract.dtypes and contract.area in NETWORKS):
        return "its networks are made of several operators, of which autocast casts some"
    return None


def _beside(contract: Contract, read: frozenset[str]) -> bool:
    """Whether a call that casts judges anything else too."""
    covered = {each.rpartition(".")[2].strip("_").lower().removesuffix("d") for each in contract.covers}
    return not covered or not covered <= COUNTERPARTS


@cache
def names(call: Callable[..., Any], deep: int = 3) -> frozenset[str]:
    """The names that a call's own text reads, and functions of its package that it calls; ``@`` is ``matmul``.

    ``?`` where it has no text.
    """
    call = getattr(call, "declared", call)
    call = getattr(call, "__func__", call)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(call)).strip().rstrip(","))
    except (OSError, TypeError, SyntaxError):
        return frozenset("?")
    found = frozenset(_names(tree))
    if deep:
        for name in found & getattr(call, "__globals__", {}).keys():
            helper = call.__globals__[name]
            if inspect.isfunction(helper) and _package(helper) == _package(call):
                found |= names(helper, deep - 1)
    return found


def _package(function: Callable[..., Any]) -> str:
    return function.__module__.partition(".")[0]


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield "matmul"
