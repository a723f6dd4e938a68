"""``conformance transfer``: its options. The work is done where they are met."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

FROM = (
    ".pth, .pt, .pth.tar, .bin, .ckpt, .pdparams, .pdiparams or .safetensors, an index of shards (.index.json), or the "
    "folder of one"
)
TO = ".pth, .pt, .bin, .ckpt, .pdparams or .safetensors, of the other framework; .safetensors for more than memory"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add = parser.add_argument
    add("pair", metavar="PAIR", type=Path, help="Python file that names torch_model, paddle_model and inputs")
    add("--from", dest="source", metavar="FILE", type=Path, required=True, help=FROM)
    add("--to", dest="target", metavar="FILE", type=Path, required=True, help=TO)
    add("--optimizer", metavar="FILE", type=Path, help="the optimizer's state where it has a file of its own")
    add("--optimizer-to", metavar="FILE", type=Path, help="file for the optimizer's state: .pdopt, .pth")
    add(
        "--lane", metavar="SPEC", action="append", default=[],
        help="where a framework runs, torch@ENV or paddle@ENV, if not in this environment (once for each framework)",
    )  # fmt: skip
    add("--dry-run", action="store_true", help="say what would go where, and write nothing")
    add("--force", action="store_true", help="replace files that exist")


def main(options: argparse.Namespace) -> int:
    """Run the command; 130 for an interruption, after which every file is as it was."""
    try:
        return int(importlib.import_module("conformance.transfer.carry").main(options))
    except KeyboardInterrupt:
        print("interrupted: nothing was written", file=sys.stderr)
        return 130
