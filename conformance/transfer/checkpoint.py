"""What a file of a training run holds, once it was read: the one form that the rest of a transfer sees.

Every form of file (a state dict, a dict of parts, Lightning's, a folder of shards, slices) is read into it by
:func:`conformance.transfer.saved.read`. Nothing here is of a framework: arrays are NumPy's, and the rest is plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .rules import Array
from .stored import Stored

State = Mapping[str, Array | Stored]
"""Arrays by the key of a state dict. One may be :class:`~conformance.transfer.stored.Stored`, and so not yet read: it
has ``shape``, ``dtype`` and ``nbytes`` too, and ``np.asarray`` reads it."""


@dataclass(frozen=True)
class Checkpoint:
    """A file, or several that belong together, as it was read.

    path: as it was named. framework: None where the format does not say, as .safetensors does not; label: the framework
    that such a file says it is of. weights: the model's state dict, as its framework keeps it, prefixes included.
    optimizer, schedule, scaler: raw states of these, None where there is none. ema: averaged copies of the weights, by
    the key that they have in the file. others: the rest, plain. names: paddle's own names of parameters by key.
    own: it is this project's checkpoint, whose optimizer is in portable form. notes: sentences about what was read.

    parts: under which key of the file each of "weights", "optimizer", "schedule" and "scaler" is, so that what is
    written mirrors it; empty where the file is a bare state dict. order: all keys of the file.
    """

    path: Path
    framework: str | None
    weights: State
    optimizer: Any = None
    schedule: Any = None
    scaler: Any = None
    ema: Mapping[str, State] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    own: bool = False
    label: str | None = None
    notes: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    @property
    def bare(self) -> bool:
        """Whether the file is a state dict, and not a dict of parts."""
        return "weights" not in self.parts

    def mirrored(self, weights: Mapping[str, Any], **parts: Any) -> dict[str, Any]:
        """The tree of a file like this one with other contents: ``others`` as they are, keys in the file's order.

        parts: "optimizer", "schedule", "scaler" of the other framework; None for one that is not written. A part that
        this file has under no key gets the key "optimizer", "scheduler" or "scaler". A bare state dict without parts
        stays one; with parts it comes under "model". Averaged copies are given by the key that they have in the file.
        """
        usual = {"weights": "model", "optimizer": "optimizer", "schedule": "scheduler", "scaler": "scaler"}
        given = {key: value for key, value in parts.items() if value is not None}
        if self.bare and not given:
            return dict(weights)
        found = {self.parts.get(name, usual.get(name, name)): value for name, value in given.items()}
        found = {self.parts.get("weights", "model"): weights, **found, **self.others}
        return {key: found[key] for key in (*(key for key in self.order if key in found), *found)}
