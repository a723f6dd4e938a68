"""Where the suites lie, and what they are called: of the gate of this package, or of a project of one's own.

In a checkout the gate's suites, their data and what they import are folders beside this package. Installed, they travel
as data below it, where nothing imports them by accident: a folder of this kind is put on the path of the gate's own
process and of its lanes alone. A folder with suites says so in its ``pyproject.toml``::

    [tool.conformance]
    contracts = "laws"
    imports = ["shared"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from conformance.contract import ContractError

PACKAGE = Path(__file__).resolve().parent
CARRIED = PACKAGE / "_gate"
"""The gate's folder where this package is installed."""
DECLARATION = "pyproject.toml"


@dataclass(frozen=True)
class Home:
    """A folder with suites. contracts: their package. imports: packages of the folder that they import."""

    folder: Path
    contracts: str
    imports: tuple[str, ...] = ()

    @property
    def suites(self) -> Path:
        """The folder of the package of contracts."""
        return self.folder / self.contracts

    @property
    def names(self) -> Path:
        """The list of the contracts that must not be lost."""
        return self.folder / "fixtures" / "contracts.txt"

    @property
    def ledger(self) -> Path:
        """The file of known divergences."""
        return self.folder / "fixtures" / "divergences.toml"

    @property
    def counterparts(self) -> Path:
        """The list of calls that both frameworks have."""
        return self.folder / "fixtures" / "counterparts.json"

    @property
    def workloads(self) -> Path:
        """The list of calls of traced programs."""
        return self.folder / "fixtures" / "workloads.json"

    @property
    def uncovered(self) -> Path:
        """The reasons why calls of these lists are not judged."""
        return self.folder / "fixtures" / "uncovered.toml"


def installed() -> bool:
    """Whether this package was installed, rather than imported from a checkout."""
    return CARRIED.is_dir()


def folder() -> Path:
    """The folder of this package's own gate."""
    return CARRIED if installed() else PACKAGE.parent


def gate() -> Home:
    """This package's own gate. Raises ContractError where its folder lacks the declaration."""
    found = at(folder())
    if found is None:
        raise ContractError(
            f"{folder()} has no suites: its {DECLARATION} has no [tool.conformance]; install the package again, "
            "or run from a checkout"
        )
    return found


def at(place: Path) -> Home | None:
    """What a folder declares, or ``None``. Raises ContractError for a declaration that cannot be read."""
    file = place / DECLARATION
    try:
        text = file.read_text(encoding="utf-8")
        said = tomllib.loads(text).get("tool", {}).get("conformance") if "[tool.conformance]" in text else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError) as error:
        raise ContractError(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error
    if said is None:
        return None
    imports, contracts = said.get("imports", []), said.get("contracts")
    if not (isinstance(imports, list) and all(isinstance(name, str) and name.isidentifier() for name in imports)):
        raise ContractError(f'{file}: imports of [tool.conformance] is a list of packages, such as ["shared"]')
    if not (isinstance(contracts, str) and contracts.isidentifier()):
        raise ContractError(f'{file}: [tool.conformance] names the package of contracts: contracts = "laws"')
    return Home(place, contracts, tuple(imports))


def roots(first: Path | None = None) -> list[str]:
    """Folders that a lane's path begins with: a project's own, and the one of the gate."""
    return list(dict.fromkeys(map(str, ([first] if first else []) + [folder()])))


def packages(roots: Iterable[str]) -> dict[str, str]:
    """What a lane imports of ours, each with the folder that it lies in; the first folder that has a package counts."""
    found = {"conformance": str(PACKAGE.parent)}
    for root in roots:
        home = at(Path(root))
        for name in (home.contracts, *home.imports) if home else ():
            found.setdefault(name, root)
    return found
