"""The parts of a training run that are the same in both frameworks: where it starts and how its epochs are counted."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from reference_impl.checkpoint import Checkpoint
from reference_impl.options import OptionError, Options
from reference_impl.samples import SampleError, Samples, read_directory

MEAN, STD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)


class TrainingError(RuntimeError):
    """A run that cannot go on; the message says in which epoch and why."""


@dataclass
class Average:
    """Mean loss over the samples of an epoch, in double precision."""

    total: float = 0.0
    count: int = 0

    def add(self, loss: float, samples: int) -> None:
        self.total += loss * samples
        self.count += samples

    @property
    def value(self) -> float:
        return self.total / self.count if self.count else math.nan


@dataclass
class Run:
    """A run's data and history: what it has done before (``history``) and what is left (:meth:`epochs`)."""

    options: Options
    samples: Samples
    classes: int
    first_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def start(cls, options: Options) -> Run:
        """Reads the data directory and prepares the output directory.

        Raises SampleError or OptionError where that is not possible.
        """
        samples = read_directory(options.data)
        classes = options.classes or len(samples.classes)
        if max(samples.labels) >= classes:
            raise SampleError(
                f"{str(options.data)!r} has {len(samples.classes)} classes, the model to be resumed only {classes}"
            )
        try:
            options.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OptionError(f"--out {options.out} cannot be made a directory: {error.strerror or error}") from error
        return cls(options, samples, classes)

    def go_on_from(self, found: Checkpoint) -> None:
        """Takes up the count and the history of the run in a checkpoint."""
        self.first_epoch = found.epoch
        self.history = list(found.history)

    def epochs(self) -> range:
        """The epochs still to do, counted from 0."""
        return range(self.first_epoch, self.options.epochs)

    def record(self, epoch: int, loss: float, lr: float) -> dict[str, Any]:
        """Adds an epoch to the history. Raises TrainingError where the loss is no number any more."""
        if not math.isfinite(loss):
            raise TrainingError(f"the loss became {loss} in epoch {epoch + 1}: lower --lr (it was {lr:g})")
        self.history.append({"epoch": epoch + 1, "loss": loss, "lr": lr})
        return self.history[-1]
