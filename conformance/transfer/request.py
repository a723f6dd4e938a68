"""What a person asked ``transfer`` for, and what is wrong with it before any framework is imported."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from conformance.transfer import TransferError
from conformance.transfer.files import kind_of
from conformance.transfer.saved import framework_of


@dataclass(frozen=True)
class Request:
    """The files of one transfer. optimizer, optimizer_to: those of the optimizer's state, where it has its own."""

    pair: Path
    source: Path
    target: Path
    optimizer: Path | None = None
    optimizer_to: Path | None = None
    force: bool = False
    dry_run: bool = False

    @property
    def targets(self) -> list[Path]:
        """The files to be written."""
        return [self.target, *([self.optimizer_to] if self.optimizer_to else [])]

    def check(self) -> None:
        """Raises TransferError for files that cannot be what they are asked to be."""
        source, target = framework_of(self.source), _written(self.target)
        for path in (self.source, self.target):
            if path.suffix.lower() == ".pdopt":
                raise TransferError(f"{path} is paddle's file of an optimizer's state; give it by --optimizer[-to]")
        if source is not None and source == target:
            raise TransferError(
                f"{self.source} and {self.target} are both of {source}; transfer goes from one framework to the other"
            )
        if self.optimizer is not None and self.optimizer_to is None:
            raise TransferError(f"--optimizer {self.optimizer} needs --optimizer-to, the file to write its state to")
        for given in (self.optimizer, self.optimizer_to):
            if given is not None and _written(given) is None:
                raise TransferError(f"{given}: .safetensors holds weights alone; name a .pth or a .pdopt")
        if self.optimizer_to is not None and self.optimizer_to.resolve() == self.target.resolve():
            raise TransferError(f"{self.target} cannot hold both the weights and --optimizer-to; name two files")
        for path in self.targets:
            self._require_free(path)

    def _require_free(self, path: Path) -> None:
        if path.is_dir():
            raise TransferError(f"{path} is a folder; name a file")
        if path.exists() and not self.force:
            raise TransferError(f"{path} exists; give another name, or --force to replace it")
        if path.resolve() in {each.resolve() for each in (self.source, self.optimizer) if each}:
            raise TransferError(f"{path} is read and would be written; give another name")
        if not self.dry_run and not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
            raise TransferError(
                f"cannot write {path}: {path.parent} is no folder that can be written to; choose another"
            )


def _written(path: Path) -> str | None:
    """The framework that a file to be written is of; None for .safetensors."""
    kind = kind_of(path)
    if path.suffix.lower() == ".pdiparams":
        raise TransferError(f"{path}: a .pdiparams is written by paddle.jit.save alone; name a .pdparams")
    return None if kind == "safetensors" else kind
