"""Weights between torch, paddle and files, by one table of rules.

The portable form is a dict of NumPy arrays in torch's names and layout. Importing this imports neither framework.
"""

from .convert import to_paddle, to_portable
from .files import convert_file, read_state, read_tree, write_atomically, write_state, write_tree
from .optimizer_state import optimizer_to_paddle, optimizer_to_portable
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
    "convert_file",
    "from_paddle",
    "from_torch",
    "load_into_paddle",
    "load_into_torch",
    "optimizer_to_paddle",
    "optimizer_to_portable",
    "places",
    "read_state",
    "read_tree",
    "to_paddle",
    "to_portable",
    "write_atomically",
    "write_state",
    "write_tree",
]
