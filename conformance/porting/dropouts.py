"""Whether two models drop alike in training: their masks cannot be compared, and what they drop can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from conformance.porting.bounds import Array
from conformance.porting.check import Port
from conformance.porting.compared import compared
from conformance.porting.settings import kind, told
from conformance.porting.traces import AXES, CHANNELS, ELEMENTS

DROPPED = {ELEMENTS: "elements", CHANNELS: "whole channels", AXES: "along an axis that it is given"}
RECURRENT = ("rnn", "lstm", "gru")


def dropouts_apart(port: Port) -> list[str]:
    """A sentence where one model drops what the other does not, or with another probability; nothing elsewhere.

    How often it does is left open: one projection of query, key and value has one dropout where three have three.
    """
    runs = compared(port, next(port.samples()), True).runs
    ours, theirs = (_rates(run["dropout"]) for run in runs)
    said = []
    if ours != theirs:
        said.append(f"another dropout in training: {_listed(ours)} in torch, {_listed(theirs)} in paddle")
    for one, other in port.matching.layers().items():
        layers = port.sides[0].layers.get(one, {}), port.sides[1].layers.get(other, {})
        rates = [_between(layer) for layer in layers]
        if rates[0] != rates[1]:
            said.append(f"another dropout between the layers of {one}: {rates[0]} in torch, {rates[1]} in paddle")
    return said


def _rates(found: Array) -> set[tuple[float, float]]:
    return {(round(float(rate), 6), float(what)) for rate, what in found}


def _listed(rates: Iterable[tuple[float, float]]) -> str:
    return " and ".join(f"p={told(rate)} ({DROPPED[what]})" for rate, what in sorted(rates)) or "none"


def _between(layer: Mapping[str, Any]) -> float:
    """What a recurrent layer drops between its own layers, of which it needs two."""
    is_deep = kind(str(layer.get("kind", ""))) in RECURRENT and (layer.get("num_layers") or 1) > 1
    return float(layer.get("p") or 0.0) if is_deep else 0.0
