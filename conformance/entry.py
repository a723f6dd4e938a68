"""What pytest loads in every environment that has this package: it registers the plugin where a run wants it.

A run wants it where its command line has an option of ours that nobody else has taken, or where it collects a contract.
Any other run, of people who never heard of contracts, imports this file and no more: no option, marker or Hypothesis
profile is added to it.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from conformance.options import OPTIONS

PLUGIN = "conformance.plugin"
"""Its name is that of its module, so that a ``conftest.py`` that names it too does not register it twice."""


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Any:
    """After the user's own files, so that an option that one of them defines is seen to be theirs."""
    result = yield
    if early_config.pluginmanager.has_plugin(PLUGIN):
        return result
    free = {name for name in OPTIONS if early_config.getoption(name, pytest) is pytest}
    taken = [name for name in OPTIONS if name not in free]
    typed = {text.partition("=")[0] for text in args}
    # A worker of pytest-xdist is given the values of options, and no command line.
    asked = bool(typed & free) or hasattr(early_config.option, "conformance_report")
    if not asked and (taken or not typed & {"-h", "--help"}):
        return result
    if taken:
        raise pytest.UsageError(
            f"{', '.join(taken)} is an option of another plugin of this run, or of a conftest.py, so that those of "
            "`pytest --pair` cannot be added; `conformance port FILE` runs without them"
        )
    early_config.pluginmanager.import_plugin(PLUGIN)
    return result


def pytest_pycollect_makeitem(collector: Any, name: str, obj: object) -> Any:
    """Register the plugin at the first contract that is collected, and let it make that one's items."""
    declared = sys.modules.get("conformance.contract")
    if declared is None or not isinstance(obj, declared.Contract):
        return None
    manager = collector.config.pluginmanager
    if manager.has_plugin(PLUGIN):
        return None
    manager.import_plugin(PLUGIN)
    return manager.get_plugin("conformance-run").pytest_pycollect_makeitem(collector, name, obj)
