"""``conformance``, which is ``python -m conformance`` too: :mod:`conformance.commands` tells of each command."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

from conformance.commands import COMMANDS, DESCRIPTION, EPILOG
from conformance.options import OPTIONS


def parser(program: str, only: str | None = None) -> argparse.ArgumentParser:
    """All commands and their help, with the options of ``only`` alone, the one that will be run."""
    shown = argparse.RawDescriptionHelpFormatter
    made = argparse.ArgumentParser(prog=program, description=DESCRIPTION, epilog=EPILOG, formatter_class=shown)
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        one = commands.add_parser(
            name, help=command.line, description=command.text, formatter_class=shown, allow_abbrev=False
        )
        if name == only:
            _function(command.options)(one)
            if command.pytest:
                one.usage = f"{one.format_usage().removeprefix('usage: ').strip()} [OPTIONS OF PYTEST ...]"
                one.epilog = f"among {_pytest_options()}"
    return made


def _pytest_options() -> str:
    """What this project adds to pytest's options."""
    shown = argparse.ArgumentParser(add_help=False, usage=argparse.SUPPRESS)
    group = shown.add_argument_group("the options of pytest are")
    for name, attributes in OPTIONS.items():
        group.add_argument(name, **attributes)
    return shown.format_help().strip()


def _function(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def main(arguments: Sequence[str] | None = None, program: str = "python -m conformance") -> int:
    """Run one command; the exit status is 2 for input that cannot be used."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    name = next((text for text in given if not text.startswith("-")), None)
    made = parser(program, name)
    command = COMMANDS.get(name or "")
    if command is None or not command.pytest:
        options = made.parse_args(given)
        return _sentence(f"{program} {options.command}", COMMANDS[options.command], options)
    options, more = made.parse_known_args(given)
    return _sentence(f"{program} {options.command}", command, options, [text for text in more if text != "--"])


def _sentence(called: str, command: Any, *given: Any) -> int:
    """Run the work of a command; what cannot be used is one sentence."""
    try:
        return int(_function(command.work)(*given))
    except (ValueError, RuntimeError) as error:
        if not _ours(error):
            raise
        print(f"{called}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _ours(error: Exception) -> bool:
    """Whether an error is one of this project's own, whose message is a sentence for the person who typed."""
    return type(error).__module__.partition(".")[0] == "conformance"


def console() -> int:
    """The script ``conformance``."""
    return main(program="conformance")


if __name__ == "__main__":
    sys.exit(main())
