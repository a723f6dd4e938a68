"""What the pytest plugin may be asked for: its options, as argparse takes them. Importing this imports nothing else."""

from __future__ import annotations

from typing import Any

from conformance.modes import KINDS, Kind

SHRINK_SECONDS = 10.0
"""After a first failure Hypothesis may look for a simpler sample for this long."""

DEFAULT_LIMIT = 120.0
"""Seconds that a sample may take."""
MODE_BUDGET = 600.0
"""Seconds that the contracts of a run may take on lanes that compile."""


def _values(kind: Kind) -> str:
    """What may follow the name of a mode, as a help text shows it."""
    if kind.values is None:
        return "=N"
    return f"[={'|'.join(kind.values)}]" if kind.values else ""


OPTIONS: dict[str, dict[str, Any]] = {
    "--lane": {
        "action": "append",
        "default": [],
        "metavar": "SPEC",
        "help": "run on this lane (repeatable): [LABEL=]FRAMEWORK[:DEVICE[:INDEX]][+MODE...][@WHERE], for example "
        "torch:cpu, torch+compile=aot_eager, coarse=torch:cuda+tf32 or old=paddle@/envs/paddle-2.6. MODE is "
        f"{', '.join(f'{kind.name}{_values(kind)}' for kind in KINDS.values())} or tf32, as docs/modes.md says. "
        "WHERE is a virtual environment, an "
        "interpreter, or an execnet specification such as ssh=gpu-box//python=python3.12; it needs NumPy and the "
        "framework only. Default: torch and paddle, on the CPU and on every visible GPU, in this environment",
    },
    "--in-process": {
        "action": "store_true",
        "help": "run the lanes in this process instead of one interpreter each, so that a debugger can step into the "
        "calls; a crash of a framework then ends the run",
    },
    "--sample-limit": {
        "default": f"{DEFAULT_LIMIT:g}",
        "metavar": "SECONDS",
        "help": "time after which a lane that does not answer is ended and started again; the sample's verdict is "
        "'error'; a lane that compiles has five times as long (default: %(default)s)",
    },
    "--mode-budget": {
        "default": f"{MODE_BUDGET:g}",
        "metavar": "SECONDS",
        "help": "how long the contracts of a run may take together on lanes that compile (+compile, +static): each "
        "gets its share of what is left, draws no further sample when that is used up, and is reported as not run on "
        "these lanes when nothing is left (default: %(default)s)",
    },
    "--shrink-seconds": {
        "default": f"{SHRINK_SECONDS:g}",
        "metavar": "SECONDS",
        "help": "how long to look for a simpler sample after a failure (default: %(default)s)",
    },
    "--gate-on": {
        "choices": ["failures", "regressions"],
        "default": "failures",
        "help": "what fails a comparison of --lane old=... with --lane new=...: every divergence that is not known, or "
        "regressions only, that is samples on which new is wrong and old is not (default: %(default)s)",
    },
    "--dtype": {
        "default": None,
        "metavar": "NAME",
        "help": "run only the samples of this dtype, for example float16; a contract that has none is skipped",
    },
    "--lane-import": {
        "action": "append",
        "default": [],
        "metavar": "MODULE",
        "help": "import this module in every lane before its framework (repeatable), to put a fault in on purpose",
    },
    "--require-lane": {
        "action": "append",
        "default": [],
        "metavar": "SPEC",
        "help": "fail unless this lane is running (repeatable), so that a CI job cannot silently lose its GPU",
    },
    "--conformance-report": {
        "default": "conformance-report",
        "metavar": "DIR",
        "help": "folder for results.json, summary.md, the pages of --pair, and the replay files and scripts of "
        "failures (default: %(default)s)",
    },
    "--ledger": {
        "default": None,
        "metavar": "FILE",
        "help": "file of known divergences (default: fixtures/divergences.toml of the gate)",
    },
    "--pair": {
        "action": "append",
        "default": [],
        "metavar": "FILE",
        "help": "check a Python file that names a model in torch, its port to paddle and their inputs (repeatable): "
        "one test for each law. Without files or folders to collect, nothing else runs. "
        "`python -m pydoc conformance.porting.pair` says what the file may hold",
    },
    "--layers": {
        "action": "store_true",
        "help": "with --pair: compare both models layer by layer also where nothing differs",
    },
    "--replay": {
        "default": None,
        "metavar": "FILE",
        "help": "run only the contract and the sample that a failure wrote to FILE",
    },
}
