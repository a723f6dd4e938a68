"""What a training run tells about itself while it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any


class Silent:
    """Tells nothing; the base of whatever tells more."""

    def batches(self, loader: Any, epoch: int, epochs: int) -> Iterable[Any]:
        """The loader's batches, in epoch number ``epoch`` of ``epochs``, counted from 1."""
        return loader

    def epoch_done(self, record: dict[str, Any], epochs: int) -> None:
        """Called after each epoch with {"epoch", "loss", "lr"}."""


class Terminal(Silent):
    """A progress bar over the batches of an epoch, on a terminal; one line for each epoch, anywhere."""

    def batches(self, loader: Any, epoch: int, epochs: int) -> Iterable[Any]:
        from tqdm import tqdm

        # disable=None: no bar where the error output is no terminal.
        return tqdm(loader, desc=f"epoch {epoch}/{epochs}", unit="batch", leave=False, disable=None)

    def epoch_done(self, record: dict[str, Any], epochs: int) -> None:
        width = len(str(epochs))
        line = f"epoch {record['epoch']:>{width}}/{epochs}  loss {record['loss']:.6f}  lr {record['lr']:.3g}"
        print(line, file=sys.stdout, flush=True)
