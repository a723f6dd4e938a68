"""The commands of ``conformance``: what each is for, in words, and where its options and its work are.

Importing this imports nothing of them, so that ``conformance --help`` is over before one notices.
"""

from __future__ import annotations

from typing import NamedTuple

DESCRIPTION = "Do PyTorch and PaddlePaddle agree: as you have them installed, or two models and files of your own?"
EPILOG = """\
`conformance COMMAND --help` tells what a command does, with an example.
`python -m conformance COMMAND` is the same, where the script is not on the path."""


class Command(NamedTuple):
    """line: what it is for. text: what it does, an example, what it writes, its exit status.

    options, work: ``module:function``; the first takes a parser, the second what was parsed. pytest: whether the
    second takes options of pytest's too.
    """

    line: str
    text: str
    options: str
    work: str
    pytest: bool = False


COMMANDS = {
    "port": Command(
        "check a model against its port to the other framework",
        """\
Check a model in torch against its port to paddle: outputs in both modes, the loss, every gradient, running
statistics, updates of the optimizer, a saved file. Weights are carried over by the command itself. Where the models
differ, the first layer that does is named. The pair file needs three names:

    from my_network_torch import Net as torch_model
    from my_network_paddle import Net as paddle_model
    inputs = ("batch", 3, 32, 32)

Examples:
    conformance port my_port.py
    conformance port my_port.py --layers -k "forward or gradients"
    conformance port my_port.py --lane torch --lane paddle@/envs/paddle   (write torch_model = "my_network_torch:Net")

`python -m pydoc conformance.porting.pair` lists what else a pair file may say. Further options are pytest's.
Writes conformance-report/: index.html, results.json, and a page of each pair in HTML and in Markdown.
Exit status: 0 where all laws hold; 1 where one does not; 4 for options or lanes that cannot be used; 2 for input that
cannot be used otherwise; 130 after Ctrl-C.""",
        "conformance.gate:add_port",
        "conformance.gate:port",
        pytest=True,
    ),
    "transfer": Command(
        "carry a trained model and its optimizer to the other framework",
        """\
Carry a trained model of one framework over to its port in the other, with the optimizer's state and the schedule where
the file has them, so that training goes on there. The pair file is that of `conformance port`. A file holds a state
dict, or several parts ({'model': ..., 'optimizer': ..., 'scheduler': ..., 'epoch': ...}), or is a checkpoint of
`python -m reference_impl train`.

Examples:
    conformance transfer my_port.py --from model.pth --to model.pdparams
    conformance transfer my_port.py --from model.pdparams --optimizer model.pdopt --to model.pth --optimizer-to adam.pth
    conformance transfer my_port.py --from model.safetensors --to paddle.safetensors --dry-run

A .safetensors file holds weights alone. It is taken for a file of the framework whose model its names and shapes fit;
where both do, of that of its label, or else of the one that --to does not name. One that is written has the names of
the other framework. A file gets its name once the other framework's own loader has read it, and both models have run
in float64.
Writes the files of --to and --optimizer-to.
Exit status: 0; 1 where what was written is not what was meant, and then nothing is kept; 2 for input that cannot be
used; 130 after Ctrl-C.""",
        "conformance.transfer.command:add_arguments",
        "conformance.transfer.command:main",
    ),
    "gate": Command(
        "check the installed frameworks against each other and a float64 reference",
        """\
Run the suites: every contract on torch and paddle of this environment, or on the lanes that are named, against a
reference in float64. Options are pytest's.

Examples:
    conformance gate
    conformance gate -k nn.conv2d -x
    conformance gate -m "area(name='optimizers')" --junitxml=junit.xml
    conformance gate --dtype bfloat16
    conformance gate --lane torch@/envs/torch --lane paddle:gpu@/envs/paddle
    conformance gate --replay=conformance-report/failures/nn.conv2d.json

Writes conformance-report/: index.html, results.json, summary.md, and what replays each failure.
Exit status: 0 only if samples ran and all agree, or differ as the ledger says; 1 where something else differs; 4 for
options or lanes that cannot be used; 5 where nothing ran; 130 after Ctrl-C.""",
        "conformance.gate:add_gate",
        "conformance.gate:gate",
        pytest=True,
    ),
    "upgrade": Command(
        "compare two releases of one framework, and say which is wrong",
        """\
Run the suites on two releases of one framework, and sort the contracts: newly wrong, newly right, still wrong,
changed within bounds, unchanged. An environment needs the framework and NumPy, and nothing of this project.

Examples:
    conformance upgrade --framework paddle /envs/paddle-2.6 /envs/paddle-3.3
    conformance upgrade torch:cuda@/envs/old torch:cuda@/envs/new --gate-on regressions -k optim

Further options are those of `conformance gate`. Writes conformance-report/, as that does.
Exit status: as that of `conformance gate`; with --gate-on regressions, 1 only for what is newly wrong.""",
        "conformance.gate:add_upgrade",
        "conformance.gate:upgrade",
        pytest=True,
    ),
    "matrix": Command(
        "run the gate on many releases: a table of contract x release",
        """\
Run the gate on many releases, each in an environment of its own that uv makes. If interrupted, run the command again
to resume.

Example:
    conformance matrix --torch 2.4.1,2.15.0 --paddle 2.6.2,3.3.1 --out releases -- -k optim

Writes index.html, matrix.md and matrix.json to the folder of --out.
Exit status: 0; 1 where a release has no verdicts; 2 for input that cannot be used; 130 after Ctrl-C.""",
        "conformance.matrix.command:add_arguments",
        "conformance.matrix.command:main",
    ),
    "diff": Command(
        "compare two results.json: what regressed, was fixed, drifted",
        """\
Compare two results.json, of runs that were made at different times: Added, Removed, Regressed, Fixed, Drifted,
Unchanged.

Example:
    conformance diff before/results.json conformance-report/results.json

Writes nothing but its output.
Exit status: 0; 1 where a contract regressed or was removed; 2 for files that cannot be used.""",
        "conformance.diff:add_arguments",
        "conformance.diff:main",
    ),
    "report": Command(
        "write the page of a run again, from its results.json or matrix.json",
        """\
Write the page of a run, and the HTML and Markdown pages of each pair of models that it checked. The pages need no
network and no other file.

Examples:
    conformance report conformance-report/results.json --out pages
    conformance report releases/matrix.json --out pages

Writes index.html, and porting-NAME.html and porting-NAME.md of pairs, to the folder of --out.
Exit status: 0; 2 for input that cannot be used.""",
        "conformance.report.command:add_arguments",
        "conformance.report.command:main",
    ),
    "findings": Command(
        "write the page of known divergences, and a standalone script for each",
        """\
Write the page of known divergences, and a script for each that needs neither this project nor the other framework,
from the ledger. Needs no framework.

Examples:
    conformance findings --out known
    conformance findings --verify /envs/paddle-3.0

Writes findings.md and reproducers/ to the folder of --out; nothing with --check or --verify.
Exit status: 0; 1 where --check or --verify finds something; 2 for input that cannot be used.""",
        "conformance.findings.command:add_arguments",
        "conformance.findings.command:main",
    ),
    "coverage": Command(
        "tell which calls of both frameworks, and of real programs, the contracts judge",
        """\
Of the calls that both frameworks have, and of those that traced programs make, tell which the contracts judge: values,
gradients, dtypes, layouts, refusals. Writes the page of coverage, and the page that translates calls of one framework
to the other. Read from the suites; needs no framework.

Examples:
    conformance coverage
    conformance coverage --json coverage.json --out pages

Writes coverage.md and translation.md to the folder of --out, and the file of --json; nothing with --check.
Exit status: 0; 1 where --check finds a page out of date; 2 for input that cannot be used.""",
        "conformance.coverage:add_arguments",
        "conformance.coverage:main",
    ),
}
