"""A pytest plugin that breaks torch on purpose, to show what a failure looks like: ``pytest -p tests.demonstration``.

While the tests run, ``torch.nn.functional.conv2d`` has a relative error of 1e-5. It is not collected as a test.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, Any, Any]:
    """Put the fault in place for the run of the tests, and take it out again."""
    import torch

    right = torch.nn.functional.conv2d
    torch.nn.functional.conv2d = lambda *arguments, **options: right(*arguments, **options) * (1 + 1e-5)
    try:
        return (yield)
    finally:
        torch.nn.functional.conv2d = right
