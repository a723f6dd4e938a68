"""Breaks torch on purpose, to show what a failure looks like: ``pytest --lane-import tests.demonstration``.

``torch.nn.functional.conv2d`` gets a relative error of 1e-5, in the lane that imports this.
"""

from __future__ import annotations

import importlib.util

if importlib.util.find_spec("torch") is not None:  # paddle's lane imports this too, and may have no torch
    import torch

    _right = torch.nn.functional.conv2d
    torch.nn.functional.conv2d = lambda *arguments, **options: _right(*arguments, **options) * (1 + 1e-5)
