"""The list of contracts that a project promises to run: a suite that is lost must not leave the gate green."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from conformance import home
from conformance.contract import REGISTRY, ContractError

FILE = "contracts.txt"


def import_suites(root: Path) -> None:
    """Declare every contract of a project, in the order of its files: they are spoken of by id, whichever run."""
    where = home.at(root)
    if where is None:
        raise ContractError(
            f"{root} has contracts, and its {home.DECLARATION} does not say where: add a table [tool.conformance] "
            'with the package of contracts, such as contracts = "laws"'
        )
    files = sorted(where.suites.rglob("test_*.py"))
    modules = [".".join(file.relative_to(where.folder).with_suffix("").parts) for file in files]
    for module in modules:
        importlib.import_module(module)
    places = {module: place for place, module in enumerate(modules)}
    in_order = sorted(REGISTRY.values(), key=lambda contract: places.get(contract.module, len(modules)))
    REGISTRY.clear()  # some may have been imported before
    REGISTRY.update({contract.id: contract for contract in in_order})


def import_gate() -> home.Home:
    """Declare every contract of this package's own gate, and say where it lies."""
    project = home.gate()
    if str(project.folder) not in sys.path:
        sys.path.insert(0, str(project.folder))
    import_suites(project.folder)
    return project


def require(path: Path) -> None:
    """Hold the declared contracts to the ids in a file, one in a line; :class:`ContractError` where they differ."""
    try:
        listed = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ContractError(f"cannot read {path}, the list of this project's contracts: {reason}") from error
    lost = sorted(set(listed) - REGISTRY.keys())
    if lost:
        raise ContractError(
            f"{_several(lost)} in {path}, but no suite declares {'it' if len(lost) == 1 else 'them'}: "
            "bring the suite back, or remove the line"
        )
    new = sorted(REGISTRY.keys() - set(listed))
    if new:
        raise ContractError(f"{_several(new)} not in {path}: add a line for each, so that it cannot be lost unseen")


def _several(ids: list[str]) -> str:
    more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
    return f"{', '.join(ids[:3])}{more} {'is' if len(ids) == 1 else 'are'}"
