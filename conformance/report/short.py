"""A divergence of an operator as a script of some fifteen lines, to be pasted into an upstream issue.

An operator's call is one expression, so that the script is that expression, the sample, what is expected, and a
comparison. It imports nothing of this project, and exits 1 where the framework diverges and 0 where it agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from conformance.accuracy import Rejects
from conformance.contract import Contract, Sample
from conformance.report.literals import READABLE, literal
from conformance.report.sources import CannotInline

GRADIENT = "gradient."
VIEWS = {
    "transposed": ("np.ascontiguousarray({0}.T)", "{0}.moveaxis({1}, {2})"),
    "sliced": ("np.repeat({0}, 2, axis=-1)", "{0}[..., ::2]"),
    "expanded": ("{0}[:1]", "{0}.expand({3})"),
}
TENSOR = {
    "torch": "torch.tensor({0}).requires_grad_({1})",
    "paddle": "paddle.to_tensor({0}, stop_gradient=not {1})",
}
BACK = {
    "torch": "torch.autograd.grad(got, [{0}], torch.tensor({1}), allow_unused=True)",
    "paddle": "paddle.grad([got], [{0}], [paddle.to_tensor({1})], allow_unused=True)",
}


def script(
    contract: Contract, framework: str, sample: Sample, accepted: Any, differing: Sequence[str], about: Sequence[str]
) -> str:
    """The text of a script for the first of the quantities that differ; raises CannotInline for too large a sample."""
    call = contract.sources[framework]
    name = next((each for each in differing if isinstance(accepted, Rejects) or each in accepted), "output")
    inputs = {key: value for key, value in sample.inputs.items() if key not in ("cotangent", "layouts")}
    layouts = sample.inputs.get("layouts", {})
    if any(isinstance(value, np.ndarray) and value.size > READABLE for value in inputs.values()):
        raise CannotInline("the sample is too large for a short script; replay it")
    lines = ['"""' + "\n".join(about), '"""', "", "import sys", "", "import numpy as np", f"import {framework}", ""]
    lines += ["inf, nan = np.inf, np.nan"]
    for key, value in inputs.items():
        if not isinstance(value, np.ndarray):
            lines.append(f"{key} = {literal(value)}")
            continue
        lines.append(f"{key} = {literal(value)}")
        before, after = VIEWS.get(layouts.get(key), ("{0}", "{0}"))
        axes = tuple(range(value.ndim))
        wanted = name.startswith(GRADIENT) and key in contract.gradients
        made = TENSOR[framework].format(before.format(key), wanted)
        lines.append(f"{key} = {after.format(made, axes, axes[::-1], value.shape)}")
    given = ", ".join(f"{key}={key}" for key in inputs)
    lines += [f"call = {call}", *_compared(framework, name, given, sample, accepted)]
    return "\n".join(lines) + "\n"


def _compared(framework: str, name: str, given: str, sample: Sample, accepted: Any) -> list[str]:
    if isinstance(accepted, Rejects):
        return [
            "try:",
            f"    print('got', call({framework}, {given}), 'expected an error: {accepted.reason}: DIVERGES')",
            "    sys.exit(1)",
            "except Exception as error:",
            "    print('got', error, 'agrees')",
        ]
    lines = [f"got = call({framework}, {given})"]
    if name.startswith(GRADIENT):
        leaf = name.removeprefix(GRADIENT)
        lines.append(f"got = {BACK[framework].format(leaf, literal(sample.inputs['cotangent']))}[0]")
    elif name != "output":
        lines.append(f"got = got[{name!r}]")
    if name not in accepted:
        return [*lines, f"print({name!r}, got)"]
    item = accepted[name]
    value, bound = np.asarray(item.value), np.broadcast_to(np.asarray(item.bound, np.float64), np.shape(item.value))
    lines += [
        "got = np.asarray(got.detach() if hasattr(got, 'detach') else got).astype('float64')",
        f"expected = {literal(value.astype('float64'))}",
        f"allowed = {literal(np.asarray(bound))}",
        "wrong = ~((np.abs(got - expected) <= allowed) | (got == expected) | (np.isnan(got) & np.isnan(expected)))",
        f"print({name!r}, 'got', got, 'expected', expected, 'DIVERGES' if wrong.any() else 'agrees')",
        "sys.exit(bool(wrong.any()))",
    ]
    return lines
