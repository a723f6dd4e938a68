"""Weights between torch, paddle and files, by one table of rules.

The portable form is a dict of NumPy arrays in torch's names and layout. Importing this imports neither framework.
"""

from .places import Place, places
from .rules import FLATTENED, ROW, SAME, TRANSPOSED, LayerRule, TensorRule, TransferError
from .state import from_paddle, from_torch, load_into_paddle, load_into_torch

__all__ = [
    "FLATTENED",
    "ROW",
    "SAME",
    "TRANSPOSED",
    "LayerRule",
    "Place",
    "TensorRule",
    "TransferError",
    "from_paddle",
    "from_torch",
    "load_into_paddle",
    "load_into_torch",
    "places",
]
