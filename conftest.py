"""Registers the conformance plugin; everything else lives in ``conformance/``."""

pytest_plugins = ["conformance.plugin"]
