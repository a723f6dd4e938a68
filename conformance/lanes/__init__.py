"""Lanes: one framework, of one version, on one device. Specs, the transports and one small adapter per framework."""

from conformance.lanes.lane import CallError, InProcessLane, Lane, LaneError
from conformance.lanes.spec import LaneSpec, default_specs, parse

__all__ = ["CallError", "InProcessLane", "Lane", "LaneError", "LaneSpec", "default_specs", "parse"]
