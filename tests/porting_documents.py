"""Runs of ``conformance port`` as ``results.json`` holds them, without a run."""

from __future__ import annotations

import json
from typing import Any

from conformance.judge import Verdict
from conformance.record import Record
from conformance.report import results
from tests.test_summary import LANES

LAWS = ["tensors", "forward", "training", "precision"]
HERE = "torch:cpu paddle:cpu"


def law(name: str, pair: str = "net", verdict: Verdict = Verdict.AGREE, **more: Any) -> Record:
    """The record of a law; keywords of ``details`` go there."""
    details = {"pair": f"ports/{pair}.py", "name": pair, "law": name, "laws": LAWS, "layers": [], "warnings": []}
    details["replay"] = f"python -m conformance port ports/{pair}.py"
    details.update({key: more.pop(key) for key in list(more) if key in details})
    given = {"samples": 3, "exact_samples": 1, "seconds": 1.25, **more}
    return Record(f"porting.{pair}.{name}", "porting", f"The claim of {name}.", verdict, details=details, **given)


def document(*records: Record, complete: bool = True) -> dict[str, Any]:
    """What ``results.json`` holds, as it is read again."""
    made = results.build(list(records), LANES, 60.0, complete, {"profile": "gate"})
    return json.loads(json.dumps(made, allow_nan=False))


def laws(**changed: Record | None) -> list[Record]:
    """All laws of one pair, some of them other ones, or left out."""
    made = [changed.get(name, law(name)) for name in LAWS]
    return [record for record in made if record is not None]


def layer(path: str, **more: Any) -> dict[str, Any]:
    return {
        "torch": path,
        "kind": "Linear",
        "where": "net.py:3",
        "paddle": path,
        "paddle_kind": "Linear",
        "paddle_where": "port.py:4",
        "inputs": True,
        "outputs": True,
        "used": 1e-9,
        "lanes": HERE,
        **more,
    }


WRONG = [
    layer("one", gradient=False, gradient_used=4453.54),
    layer("two", outputs=False, used="inf", gradient=True, gradient_used=0.0, first="forward"),
    layer("", inputs=False, outputs=False, used=None, gradient=True, gradient_used=0.25),
    {"torch": "alone", "kind": "Dropout", "where": "net.py:9", "lanes": HERE},
    {"paddle": "other", "paddle_kind": "Flatten", "paddle_where": "port.py:9", "lanes": HERE},
]
