"""What a person types for a lane, ``[LABEL=]FRAMEWORK[:DEVICE[:INDEX]][+MODE...]``, turned into data and checked."""

from __future__ import annotations

import functools
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from conformance import modes as kinds

FRAMEWORKS = ("torch", "paddle")
DEVICES = {
    "torch": {"cpu": "cpu", "cuda": "cuda", "gpu": "cuda"},
    "paddle": {"cpu": "cpu", "gpu": "gpu", "cuda": "gpu"},
}
FORM = (
    "[LABEL=]FRAMEWORK[:DEVICE[:INDEX]][+MODE...][@WHERE], for example torch, paddle:cpu+static, new=torch:cuda:0+tf32 "
    "or old=paddle@/envs/paddle-2.6"
)

_SPEC = re.compile(
    r"(?:(?P<label>[\w.-]+)=)?(?P<framework>[^:@+=]+)(?::(?P<device>[^:@+]+))?(?::(?P<index>\d+))?"
    r"(?P<modes>(?:\+[^+@]*)*)(?:@(?P<where>.+))?"
)


class SpecError(ValueError):
    """A lane specification cannot be understood or met; the message says what to do."""


@dataclass(frozen=True)
class LaneSpec:
    """A lane that was asked for. ``device`` is in the framework's own word: torch says cuda, paddle says gpu.

    where: a virtual environment, an interpreter or an execnet specification; empty for the interpreter of the run.
    modes: those of :mod:`conformance.modes`, as its ``parse`` gives them.
    """

    framework: str
    device: str
    index: int = 0
    tf32: bool = False
    label: str = ""
    where: str = ""
    modes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.label or self.name

    @property
    def name(self) -> str:
        """Framework and device, as in ``torch:cpu``."""
        place = self.device if self.device == "cpu" or not self.index else f"{self.device}:{self.index}"
        return f"{self.framework}:{place}" + ("+tf32" if self.tf32 else "") + kinds.written(self.modes)

    @functools.cached_property
    def arithmetic(self) -> str:
        """What it multiplies in: ``float32``, ``tf32``, or the mode by which it is another, such as ``bf16``."""
        return "tf32" if self.tf32 else kinds.arithmetic(self.modes)


def written(spec: LaneSpec) -> str:
    """A specification as a person would type it."""
    lead = f"{spec.label}=" if spec.label else ""
    return lead + spec.name + (f"@{spec.where}" if spec.where else "")


def parse(text: str) -> LaneSpec:
    """Read one specification; raise :class:`SpecError` with a sentence that names the part that is wrong."""
    match = _SPEC.fullmatch(text.strip())
    if not match:
        raise SpecError(f"cannot read lane {text!r}: the form is {FORM}")
    framework = match["framework"].lower()
    if framework not in FRAMEWORKS:
        raise SpecError(f"lane {text!r}: unknown framework {framework!r}; known are {', '.join(FRAMEWORKS)}")
    device = (match["device"] or "cpu").lower()
    if device not in DEVICES[framework]:
        known = ", ".join(dict.fromkeys(DEVICES[framework].values()))
        raise SpecError(f"lane {text!r}: unknown device {device!r}; {framework} knows {known}")
    device = DEVICES[framework][device]
    if match["index"] and device == "cpu":
        raise SpecError(f"lane {text!r}: the CPU has no index; drop :{match['index']}")
    given = [each.lower() for each in match["modes"].split("+")[1:]]
    tf32 = "tf32" in given
    if tf32 and device == "cpu":
        raise SpecError(f"lane {text!r}: TF32 exists on CUDA devices only; drop +tf32 or name a GPU")
    try:
        modes = kinds.parse(framework, [each for each in given if each != "tf32"])
    except kinds.ModeError as error:
        raise SpecError(f"lane {text!r}: {error}") from None
    if tf32 and kinds.arithmetic(modes) != "float32":
        raise SpecError(
            f"lane {text!r}: +tf32 and +{kinds.arithmetic(modes)} exclude each other; leave one of the two out"
        )
    where = match["where"] or ""
    return LaneSpec(framework, device, int(match["index"] or 0), tf32, match["label"] or "", where, modes)


def interpreter_at(path: Path) -> Path | None:
    """The interpreter that a path stands for: itself, or that of an environment's folder; ``None`` where none is."""
    candidates = [path / "bin" / "python", path / "Scripts" / "python.exe"] if path.is_dir() else [path]
    return next((found.absolute() for found in candidates if found.is_file()), None)


def default_specs() -> list[LaneSpec]:
    """One lane for each framework on the CPU; visible GPUs are added once the frameworks are imported."""
    return [LaneSpec(framework, "cpu") for framework in FRAMEWORKS]


def require_installed(spec: LaneSpec) -> None:
    """Raise :class:`SpecError` where the framework is not installed at all (without importing it)."""
    if importlib.util.find_spec(spec.framework) is None:
        package = {"torch": "torch", "paddle": "paddlepaddle"}[spec.framework]
        elsewhere = " ".join(f"--lane {name}{'@ENV' * (name == spec.framework)}" for name in FRAMEWORKS)
        raise SpecError(
            f"lane {spec}: {spec.framework} is not installed in this environment; install {package}, or choose the "
            f"lanes with --lane: `{elsewhere}`, where ENV is a virtual environment that has it"
        )
