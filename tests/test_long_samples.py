"""Long axes are drawn often: every contract whose kernels take vectors or blocks meets some in the examples of a gate.

A fault that shows only beyond the width of a vector register passes a gate that never draws such a length.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from conformance import Sample, profiles
from conformance.contract import Contract
from conformance.profiles import GATE_EXAMPLES

LONG: dict[str, tuple[str, dict[str, int]]] = {
    "nn.conv2d": ("test_forward", {"x": 16, "weight": 16}),
    "nn.linear": ("test_forward", {"x": 64, "weight": 100}),
    "nn.embedding": ("test_forward", {"indices": 16, "weight": 100}),
    "nn.embedding_padding_row": ("test_forward", {"indices": 16, "weight": 100}),
    "nn.relu": ("test_forward_activations", {"x": 16}),
    "nn.sigmoid": ("test_forward_activations", {"x": 16}),
    "nn.tanh": ("test_forward_activations", {"x": 16}),
    "nn.softmax": ("test_forward_activations", {"x": 100}),
    "nn.log_softmax": ("test_forward_activations", {"x": 100}),
    "nn.max_pool2d": ("test_forward_pooling", {"x": 33}),
    "nn.avg_pool2d": ("test_forward_pooling", {"x": 33}),
    "nn.adaptive_avg_pool2d": ("test_forward_pooling", {"x": 33}),
    "nn.batch_norm_train": ("test_forward_normalization", {"x": 33, "running_mean": 16}),
    "nn.batch_norm_eval": ("test_forward_normalization", {"x": 33, "running_mean": 16}),
    "nn.batch_norm_statistics": ("test_forward_normalization", {"x": 33, "running_mean": 16}),
    "nn.dropout_eval": ("test_forward_normalization", {"x": 16}),
    "loss.cross_entropy": ("test_loss", {"logits": 100, "labels": 9}),
    "loss.cross_entropy_weighted": ("test_loss_options", {"weight": 100}),
    "loss.cross_entropy_smoothed": ("test_loss_options", {"logits": 100}),
    "loss.cross_entropy_weighted_smoothed": ("test_loss_options", {"logits": 100}),
    "loss.cross_entropy_ignored": ("test_loss_options", {"logits": 100}),
    "loss.cross_entropy_ignored_smoothed": ("test_loss_options", {"logits": 100}),
    "loss.mse": ("test_loss", {"prediction": 16}),
    "loss.l1_penalty": ("test_loss", {"weight": 16}),
    "loss.l2_penalty": ("test_loss", {"weight": 16}),
    "gradient.accumulates": ("test_gradients", {"weight": 33, "first": 16}),
    "gradient.shared": ("test_gradients", {"weight": 33}),
    "gradient.broadcast": ("test_gradients", {"cotangent": 31}),
    "gradient.blocked": ("test_gradients", {"x": 16}),
    "gradient.frozen": ("test_gradients", {"weight_1": 16}),
    "gradient.cleared": ("test_gradients_passes", {"weight": 33}),
    "gradient.step_after_clearing": ("test_gradients_passes", {"parameter": 9}),
    "model.rnn": ("test_models", {"recurrent.weight_hh_l0": 16, "labels": 9}),
    "model.rnn_states": ("test_recurrent", {"weight_hh_l0": 16, "hidden": 9}),
}
"""Contract -> its module, and input -> a length that one of its axes must often reach."""
OFTEN = 1.5
"""Expected examples of a gate that reach a length, by a count that Hypothesis' repetitions spread widely."""
DRAWN = 100
ROUNDS = 10
"""In each of which Hypothesis begins anew: it makes most examples of a long round from earlier ones."""


def named_arrays(inputs: Mapping[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    """Every array of a sample by its own name, those in mappings too."""
    for name, value in inputs.items():
        if isinstance(value, np.ndarray):
            yield name, value
        elif isinstance(value, Mapping):
            yield from named_arrays(value)


@pytest.mark.parametrize("contract_id", LONG)
def test_a_gate_draws_long_axes(contract_id):
    module, wanted = LONG[contract_id]
    declared = vars(importlib.import_module(f"suites.{module}")).values()
    (law,) = {item for item in declared if isinstance(item, Contract) and item.id == contract_id}
    reached: Counter[str] = Counter()

    @settings(
        max_examples=DRAWN // ROUNDS,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(law.samples)
    def draw(example):
        first = example if isinstance(example, Sample) else example[0]
        reached.update(
            name
            for name, array in named_arrays(first.inputs)
            if max(array.shape, default=0) >= wanted.get(name, np.inf)
        )

    for place in range(ROUNDS):
        with profiles.without_literals():
            seed(f"{contract_id} {place}")(draw)()
    expected = {name: reached[name] / DRAWN * GATE_EXAMPLES * law.share for name in wanted}
    assert min(expected.values()) >= OFTEN, expected
