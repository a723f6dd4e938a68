"""The command line: ``python -m reference_impl train`` runs the reference training in either framework."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reference_impl import checkpoint
from reference_impl.hyperparameters import OPTIMIZERS, SCHEDULES
from reference_impl.options import DEFAULT_DATA, FRAMEWORKS, MODELS, OptionError, Options, resumed
from reference_impl.progress import Terminal
from reference_impl.run import TrainingError

DESCRIPTION = """\
Trains a model on a directory of images, in torch or in paddle, and saves it after every epoch with everything that is
needed to go on. Initial weights and sample order depend on --seed alone: the same command in the other framework sees
the same numbers, and the losses agree to within rounding. Not with --dropout: each framework draws its own masks. Not
with rmsprop: its eps is added inside the square root in paddle, outside in torch. And resnet50 amplifies
rounding errors from step to step. Everything runs on the CPU."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code: 0, 2 for bad input, 130 after Ctrl-C."""
    given = vars(_parser().parse_args(arguments))
    given.pop("command")
    try:
        options = _options(given)
        history = _train(options)
    except (ValueError, OSError, TrainingError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: the last finished epoch, if any, is saved in --out", file=sys.stderr)
        return 130
    print(f"saved {options.checkpoint_path} after epoch {history[-1]['epoch']}")
    return 0


def _options(given: dict[str, Any]) -> Options:
    """The settings of the run: those given, over those of the run to be resumed, over the defaults."""
    for name in ("optimizer_options", "schedule_options"):
        if name in given:
            given[name] = dict(given[name])
    if "resume" in given:
        return resumed(given, checkpoint.read(given["resume"]))
    return Options(**given)


def _train(options: Options) -> list[dict[str, Any]]:
    # OpenMP reads this once, when the framework is imported.
    os.environ.setdefault("OMP_NUM_THREADS", str(options.threads))
    try:
        training = importlib.import_module(f"reference_impl.{options.framework}_impl.training")
    # A framework that is there but broken fails with whatever its libraries raise.
    except Exception as error:
        other = next(name for name in FRAMEWORKS if name != options.framework)
        raise OptionError(
            f"{options.framework} cannot be imported ({type(error).__name__}: {error}): "
            f"install it or choose --framework {other}"
        ) from error
    return training.train(options, Terminal())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reference_impl", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser(
        "train",
        description=DESCRIPTION,
        argument_default=argparse.SUPPRESS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_run_options(train.add_argument_group("the run"))
    _add_kept_options(train.add_argument_group("what is trained", "A resumed run has these from its checkpoint."))
    return parser


def _add_run_options(group: Any) -> None:
    group.add_argument("--framework", choices=FRAMEWORKS, required=True)
    group.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help=f"holds labels.csv (columns file, label) or one folder for each class (default {_shown(DEFAULT_DATA)})",
    )
    group.add_argument(
        "--out", type=Path, metavar="DIR", required=True, help="where model.pth or model.pdparams is written"
    )
    group.add_argument("--epochs", type=int, metavar="N", help="epochs in all, resumed ones included (default 10)")
    group.add_argument(
        "--resume", type=Path, metavar="FILE", help="go on from a .pth or .pdparams checkpoint, of either framework"
    )
    group.add_argument("--workers", type=int, metavar="N", help="processes that read images (default 0: none)")
    group.add_argument("--threads", type=int, metavar="N", help="threads for each operation (default 1: repeatable)")


def _add_kept_options(group: Any) -> None:
    group.add_argument("--model", choices=MODELS, help="default cnn; cnn-linear is without ReLU")
    group.add_argument("--batch-size", type=int, metavar="N", help="default 32")
    group.add_argument("--lr", type=float, metavar="X", help="learning rate, default 1e-3")
    group.add_argument("--optimizer", choices=OPTIMIZERS, help="default adam")
    _add_pairs(group, "--optimizer-option", "optimizer_options", OPTIMIZERS)
    group.add_argument("--schedule", choices=SCHEDULES, help="learning-rate decay by epoch, default constant")
    _add_pairs(group, "--schedule-option", "schedule_options", SCHEDULES)
    group.add_argument("--weight-decay", type=float, metavar="X", help="L2 in the optimizer: adds X * w (default 0)")
    group.add_argument("--l1", type=float, metavar="X", help="adds X * sum |w| to the loss (default 0)")
    group.add_argument("--l2", type=float, metavar="X", help="adds X / 2 * sum w^2 to the loss (default 0)")
    group.add_argument(
        "--dropout", type=float, metavar="P", help="before the last layer (default 0); its masks differ by framework"
    )
    group.add_argument("--seed", type=int, metavar="N", help="of initial weights, sample order and dropout, default 0")


def _add_pairs(group: Any, flag: str, name: str, table: dict[str, dict[str, Any]]) -> None:
    keys = sorted({key for defaults in table.values() for key in defaults})
    group.add_argument(
        flag,
        dest=name,
        type=_pair,
        action="append",
        metavar="NAME=VALUE",
        help=f"repeatable; names: {', '.join(keys)}",
    )


def _pair(text: str) -> tuple[str, Any]:
    """``momentum=0.9``, ``nesterov=true`` or ``milestones=3,6`` as a name and a value."""
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, [_value(part) for part in value.split(",")] if "," in value or name == "milestones" else _value(value)


def _value(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor true or false")


def _shown(path: Path) -> str:
    return os.path.join(*path.parts[-2:])


if __name__ == "__main__":
    sys.exit(main())
