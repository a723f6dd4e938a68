"""The settings of a training run, checked before any framework is imported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from reference_impl.checkpoint import SUFFIXES, Checkpoint
from reference_impl.hyperparameters import OPTIMIZERS, SCHEDULES, resolve

FRAMEWORKS = tuple(SUFFIXES)
# Image sides in pixels: the small CNN's linear layers fix 32, ResNet-50 takes any.
MODELS = {"cnn": 32, "cnn-linear": 32, "resnet50": 64}
DEFAULT_DATA = Path(__file__).resolve().parent.parent / "fixtures" / "images"
# What a checkpoint settles: a resumed run goes on with these.
KEPT = (
    "batch_size",
    "lr",
    "optimizer",
    "optimizer_options",
    "model",
    "weight_decay",
    "l1",
    "l2",
    "dropout",
    "schedule",
    "schedule_options",
    "seed",
    "classes",
)


class OptionError(ValueError):
    """A setting with a value that it cannot have, or that contradicts the run to be resumed."""


@dataclass(frozen=True)
class Options:
    """Settings of ``train``; ``classes`` 0 means as many as the data has."""

    framework: str
    out: Path
    data: Path = DEFAULT_DATA
    epochs: int = 10
    batch_size: int = 32
    lr: float = 1e-3
    optimizer: str = "adam"
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    model: str = "cnn"
    weight_decay: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    dropout: float = 0.0
    schedule: str = "constant"
    schedule_options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    classes: int = 0
    workers: int = 0
    threads: int = 1
    resume: Path | None = None

    def __post_init__(self) -> None:
        _require(self.framework in FRAMEWORKS, "framework", self.framework, f"one of {', '.join(FRAMEWORKS)}")
        _require(self.model in MODELS, "model", self.model, f"one of {', '.join(MODELS)}")
        for name in ("epochs", "batch_size", "threads"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("seed", "workers"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        _require(0 < self.lr < math.inf, "lr", self.lr, "a number above 0")
        for name in ("weight_decay", "l1", "l2"):
            _require(0 <= getattr(self, name) < math.inf, name, getattr(self, name), "a number of at least 0")
        _require(0 <= self.dropout < 1, "dropout", self.dropout, "a probability below 1")
        _require(
            not self.dropout or self.model != "resnet50", "dropout", self.dropout, "0 for resnet50, which has none"
        )
        resolve("optimizer", OPTIMIZERS, self.optimizer, self.optimizer_options)
        resolve("schedule", SCHEDULES, self.schedule, self.full_schedule_options)

    @property
    def full_schedule_options(self) -> dict[str, Any]:
        """With the cosine's period, which is the whole run unless it was given."""
        period = {"T_max": self.epochs} if self.schedule == "cosine" else {}
        return {**period, **self.schedule_options}

    @property
    def checkpoint_path(self) -> Path:
        """Where the run is saved: model.pth or model.pdparams in ``out``."""
        return self.out / f"model{SUFFIXES[self.framework]}"

    def kept(self, classes: int) -> dict[str, Any]:
        """What a checkpoint keeps of these settings, as plain data."""
        settings = {name: getattr(self, name) for name in KEPT}
        return {
            **settings,
            "classes": classes,
            "optimizer_options": dict(self.optimizer_options),
            "schedule_options": self.full_schedule_options,
        }


def resumed(given: Mapping[str, Any], found: Checkpoint) -> Options:
    """The settings that continue the run in ``found``: its own, under those ``given``.

    Raises OptionError where ``given`` contradicts the run, or asks for no more epochs than it has.
    """
    own = {name: found.options[name] for name in KEPT if name in found.options}
    for name, value in given.items():
        if name in own and value != own[name]:
            raise OptionError(
                f"{_flag(name)} {value} contradicts the run to be resumed, which has {own[name]}: leave it out"
            )
    names = {entry.name for entry in fields(Options)}
    options = Options(**{**own, **{name: value for name, value in given.items() if name in names}})
    if options.epochs <= found.epoch:
        raise OptionError(
            f"--epochs {options.epochs} is no more than the {found.epoch} epochs that the run to be resumed has: "
            f"give --epochs {found.epoch + 1} or more"
        )
    return options


def _require(holds: bool, name: str, value: Any, what: str) -> None:
    if not holds:
        raise OptionError(f"{_flag(name)} is {value}: it must be {what}")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-").removesuffix("s" if name.endswith("_options") else "")
