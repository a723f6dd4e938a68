"""Faults of calls that are written by hand: of regions, sparse tensors, decoding, metrics and clustered softmaxes."""

from __future__ import annotations

from typing import Any

from tests.faults.operators import first, in_either, larger


def second(change: Any) -> Any:
    """Change the second of a call's results."""

    def wrap(call: Any) -> Any:
        def faulty(**inputs: Any) -> Any:
            found = call(**inputs)
            name = list(found)[1]
            return {**found, name: change(found[name])}

        return faulty

    return wrap


FAULTS = (
    *in_either(
        "too large",
        first(larger),
        *("losses.adaptive_predict", "losses.adaptive_parameters"),
        *("decoding.viterbi", "decoding.gather_tree", "decoding.edit_distance"),
        *("sparse.arithmetic", "sparse.to_rows", "sparse.to_dense", "sparse.sum", "sparse.slice"),
        *("detection.nms_ties", "detection.nms_at_threshold", "detection.box_coder", "detection.psroi_pool"),
        *("metrics.auc", "metrics.auc_of_precision_recall", "metrics.precision_recall", "metrics.accuracy"),
        "metrics.resumed",
    ),
    *in_either("another path", second(larger), "decoding.viterbi"),
    *in_either("too large too", second(larger), "metrics.precision_recall", "metrics.accuracy"),
    *in_either("another class", second(larger), "losses.adaptive_predict"),
)
