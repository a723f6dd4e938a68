"""What cannot be carried is one sentence that names the place, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paddle
import pytest
import torch

from conformance.__main__ import main
from conformance.lanes import InProcessLane
from conformance.transfer import carry, write_atomically
from conformance.transfer.safetensors_format import write
from tests.faults.fault import started_lanes

ROOT = Path(__file__).resolve().parent.parent
PAIR = """
import paddle, torch
torch_model = lambda: torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 3))
paddle_model = lambda: paddle.nn.Sequential(paddle.nn.Linear(4, 4), paddle.nn.Linear(4, 3))
inputs = ("batch", 4)
"""
OPTIMIZERS = """
torch_optimizer = lambda parameters: torch.optim.{}
paddle_optimizer = lambda parameters: paddle.optimizer.{}
"""
SGD = "SGD(parameters, lr=0.1)"
PADDLE_SGD = "SGD(0.1, parameters)"
MOMENTUM = "SGD(parameters, lr=0.1, momentum=0.9)"
ADAMW = "AdamW(parameters, lr=0.1)"
AMSGRAD = "Adam(parameters, amsgrad=True)"
PADDLE_ADAM = "Adam(0.1, parameters=parameters)"


@pytest.fixture(scope="module")
def lanes() -> list[InProcessLane]:
    return started_lanes()


@pytest.fixture
def refused(lanes, monkeypatch, tmp_path, capsys) -> Callable[..., str]:
    """The one sentence that a command ends with, its files being in a folder that is as it was afterwards."""

    @contextlib.contextmanager
    def started(asked, meanwhile):
        meanwhile()
        yield sorted(lanes, key=lambda lane: lane.spec.framework == "paddle")

    monkeypatch.setattr(carry, "_lanes", started)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, pair: str = PAIR, status: int = 2) -> str:
        (tmp_path / "port.py").write_text(pair, "utf-8")
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        assert main(["transfer", "port.py", *arguments]) == status
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
        said = capsys.readouterr().err
        lead = "conformance transfer: "
        assert said.startswith(lead) and said.count("\n") == 1
        return said.removeprefix(lead).rstrip()

    return run


def net(outputs: int = 3) -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, outputs))


def saved(model: torch.nn.Module, optimizer: Any = None, path: str = "a.pth", **more: Any) -> None:
    """A checkpoint of torch after an update."""
    if optimizer is None:
        torch.save(model.state_dict(), path)
        return
    model(torch.ones(2, 4)).sum().backward()
    optimizer.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), **more}, path)


TO = ("--from", "a.pth", "--to", "a.pdparams")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--from", "a.onnx", "--to", "a.pdparams"), "a.onnx has the suffix '.onnx'; name it .pth, .pt, .pth.tar"),
        (("--from", "a.pth", "--to", "a.onnx"), "a.onnx has the suffix '.onnx'"),
        (("--from", "a.pth", "--to", "b.pt"), "a.pth and b.pt are both of torch; transfer goes from one framework"),
        (("--from", "none.pth", "--to", "a.pdparams"), "cannot read none.pth: No such file or directory"),
        (("--from", "a.pth", "--to", "none/a.pdparams"), "cannot write none/a.pdparams: none is no folder that can be"),
        (("--from", "a.pth", "--to", "port.py.pdparams/x.pdparams"), "cannot write port.py.pdparams/x.pdparams"),
        (("--from", "a.pth", "--to", "old.pdparams"), "old.pdparams exists; give another name, or --force"),
        (("--from", "a.pth", "--to", "dir.pdparams"), "dir.pdparams is a folder; name a file"),
        (("--from", "a.pth", "--to", "a.pdopt"), "a.pdopt is paddle's file of an optimizer's state; give it by"),
        ((*TO, "--optimizer", "o.pth"), "--optimizer o.pth needs --optimizer-to, the file to write its state to"),
        ((*TO, "--optimizer-to", "o.safetensors"), "o.safetensors: .safetensors holds weights alone"),
        ((*TO, "--optimizer-to", "a.pdparams"), "a.pdparams cannot hold both the weights and --optimizer-to"),
        ((*TO, "--optimizer-to", "o.pdopt"), "a.pth holds no optimizer's state for --optimizer-to; give it by"),
        ((*TO, "--optimizer", "a.pdopt", "--optimizer-to", "o.pdopt"), "cannot read a.pdopt: No such file"),
        ((*TO, "--optimizer", "a.pth", "--optimizer-to", "o.pth"), "a.pth and o.pth are both of torch"),
    ],
)
def test_files_that_cannot_be_what_they_are_asked_to_be(refused, arguments, sentence):
    saved(net())
    Path("old.pdparams").write_text("old")
    Path("dir.pdparams").mkdir()
    assert refused(*arguments).startswith(sentence)


def test_a_checkpoint_of_another_model(refused):
    saved(torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(4, 3)))
    lead = "a.pth does not fit torch_model of port.py: "
    assert refused(*TO) == f"{lead}it lacks '1.weight', '1.bias' and it has '2.weight', '2.bias'"
    saved(net(5))
    assert refused(*TO) == f"{lead}'1.weight' has shape [5, 4] where the model's has [3, 4]"
    torch.save(net().state_dict(), "b.pth")
    paddle.save(paddle.nn.Linear(4, 4).state_dict(), "b.pdparams")
    said = refused("--from", "b.pdparams", "--to", "c.pth")
    assert said.startswith("b.pdparams does not fit paddle_model of port.py: it lacks '0.weight', '0.bias', '1.weight'")


def test_a_file_that_is_damaged_or_asks_for_a_call(refused):
    saved(net())
    data = Path("a.pth").read_bytes()
    Path("a.pth").write_bytes(data[: len(data) // 2])
    assert refused(*TO).startswith("a.pth cannot be read as .pth: ")
    torch.save(net(), "a.pth")
    assert refused(*TO).startswith("a.pth is refused: it names torch.nn.modules.container.Sequential")
    Path("b.pdparams").write_bytes(b"cfractions\nFraction\n(I1\nI2\ntR.")
    said = refused("--from", "b.pdparams", "--to", "b.pth")
    assert said.startswith("b.pdparams is refused: it names fractions.Fraction")


def test_a_file_without_weights_or_with_two_of_them(refused):
    torch.save({"epoch": 3}, "a.pth")
    assert refused(*TO).startswith("a.pth has no state dict among its parts ('epoch'); exactly one of the names model,")
    torch.save({"model": net().state_dict(), "net": net().state_dict()}, "a.pth")
    assert refused(*TO).startswith("a.pth has state dicts at 'model', 'net' among its parts")
    torch.save([1], "a.pth")
    assert refused(*TO).startswith("a.pth holds no weights but a list")


def test_a_file_of_safetensors_that_fits_both_models_or_neither(refused):
    """Square matrices under the same names: whose they are, the file says, or what the target is not."""
    square = PAIR.replace("4, 3", "4, 4")
    arrays = {key: value.numpy() for key, value in net(4).state_dict().items()}
    for label in ("torch", "paddle", None):
        write_atomically(Path(f"{label}.safetensors"), functools.partial(write, arrays=arrays, layout=label))
    said = refused("--from", "paddle.safetensors", "--to", "a.pdparams", pair=square)
    assert said.startswith("paddle.safetensors and a.pdparams are both of paddle; transfer goes from one framework to")
    assert "are both of torch" in refused("--from", "torch.safetensors", "--to", "a.pth", pair=square)
    said = refused("--from", "None.safetensors", "--to", "a.safetensors", pair=square)
    assert said.startswith("None.safetensors fits both models of port.py by names and shapes and does not say whose")
    said = refused("--from", "None.safetensors", "--to", "a.safetensors")
    assert "fits neither model of port.py; as for torch_model: '1.bias' has shape [4] where" in said


def test_tied_weights_that_are_not(refused):
    pair = PAIR.replace("4, 3", "4, 4") + "untied = torch_model, paddle_model\n"
    pair += "def tied(net):\n    net[1].weight = net[0].weight\n    return net\n"
    pair += "torch_model, paddle_model = lambda: tied(untied[0]()), lambda: tied(untied[1]())\n"
    saved(net(4))
    assert refused(*TO, pair=pair) == "'0.weight' and '1.weight' are one tensor of the model, and hold unlike arrays"


@pytest.mark.parametrize(
    ("pair", "sentence"),
    [
        ("1 / 0", "port.py does not run: line 1: ZeroDivisionError"),
        ("inputs = (1,)", "port.py does not name torch_model, paddle_model"),
        (PAIR + "def paddle_model():\n    raise KeyError('no such file')\n", "paddle_model on paddle:cpu failed while"),
        (PAIR + "torch_model = dict\n", "torch_model() gave a dict, which is no torch model"),
        (PAIR.replace("paddle.nn.Linear(4, 3)", "paddle.nn.Linear(4, 2)"), "tensors of one model only; torch: 1"),
        (PAIR + "names = {'7': '1'}\n", "names: the torch model has no unmatched layer or tensor '7'"),
        (PAIR + "inputs = ('many',)\n", "inputs cannot be drawn"),
        (
            PAIR.replace("torch.nn.Linear(4, 3))", "torch.nn.Linear(4, 3)).double()"),
            "0.weight is float64 in torch_model, 0.weight is float32 in paddle_model; give both one dtype",
        ),
    ],
)  # fmt: skip
def test_a_pair_that_cannot_be_used(refused, pair, sentence):
    saved(net())
    assert sentence in refused(*TO, pair=pair)


STATES = [
    (MOMENTUM, PADDLE_SGD, MOMENTUM, "torch_optimizer gives momentum and paddle_optimizer sgd"),
    (ADAMW, PADDLE_ADAM, ADAMW, "torch_optimizer gives adamw and paddle_optimizer adam"),
    (SGD, PADDLE_SGD, "Adam(parameters, lr=0.1)", "it is the state of Adam or AdamW, and torch_optimizer gives SGD"),
    (
        *(MOMENTUM, "Momentum(0.1, 0.9, parameters)", "RMSprop(parameters, momentum=0.9)"),
        "the state of RMSprop, and torch_optimizer gives SGD",
    ),
    (
        *("RMSprop(parameters)", "RMSProp(0.1, parameters=parameters)", "RMSprop(parameters, centered=True)"),
        "the optimizers differ: alpha 0.99 in the file, 0.95 in paddle_optimizer; eps 1e-08 in the file, 1e-06 in",
    ),
    (
        *("Adam(parameters)", "Adam(parameters=parameters)", "Adam(parameters[:2])"),
        "its groups have [2] parameters, those of torch_optimizer (Adam) [4]",
    ),
    (
        *("Adagrad(parameters)", "Adagrad(0.1, parameters=parameters)", "Adagrad(parameters)"),
        "eps 1e-10 in the file, 1e-06 in paddle_optimizer; paddle's file keeps no settings, so make paddle_opti",
    ),
    (
        *("Adagrad(parameters, lr_decay=0.1, eps=1e-6)", "Adagrad(0.1, parameters=parameters)"),
        "Adagrad(parameters, lr_decay=0.1, eps=1e-6)",
        "the optimizers differ: lr_decay 0.1 in the file, 0 in paddle_optimizer",
    ),
    (
        *("Rprop(parameters)", "Rprop(0.1, parameters=parameters)", "Rprop(parameters)"),
        "the state of a torch Rprop has no portable form here, which those of Adadelta, Adagrad, Adam",
    ),
    (AMSGRAD, PADDLE_ADAM, AMSGRAD, "the optimizers differ: amsgrad True in the file, False in paddle_optimizer"),
    (
        *("SGD(parameters, lr=0.1, momentum=0.9, dampening=0.5)", "Momentum(0.1, 0.9, parameters)"),
        "SGD(parameters, lr=0.1, momentum=0.9, dampening=0.5)",
        "the optimizers differ: dampening 0.5 in the file, 0 in paddle_optimizer",
    ),
    (
        *("Adam(parameters, maximize=True)", "Adam(parameters=parameters)", "Adam(parameters, maximize=True)"),
        "the optimizers differ: maximize True in the file, False in paddle_optimizer",
    ),
    (
        *("Adam(parameters)", "Adam(parameters=parameters, weight_decay=0.1)", "Adam(parameters)"),
        "the optimizers differ: weight decay (L2) 0 in the file, 0.1 in paddle_optimizer",
    ),
    (
        *("Adam(parameters)", "Lamb(parameters=parameters)", "Adam(parameters)"),
        "the state of a paddle Lamb has no portable form here: torch has no such optimizer, or another rule for it",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "given", "sentence"), STATES)
def test_the_state_of_another_optimizer(refused, one, other, given, sentence):
    model = net()
    saved(model, eval(f"torch.optim.{given}", {"torch": torch, "parameters": list(model.parameters())}))
    said = refused(*TO, pair=PAIR + OPTIMIZERS.format(one, other))
    assert sentence in said


@pytest.mark.parametrize(("one", "other"), [("SGD(no)", PADDLE_SGD), (SGD, "SGD(no)")])
def test_a_function_of_the_pair_file_that_raises_is_named(refused, one, other):
    model = net()
    saved(model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))
    name = "torch_optimizer" if one == "SGD(no)" else "paddle_optimizer"
    told = f"{name}, which is called with a list of the parameters to train, failed: NameError: name 'no' is not"
    assert told in refused(*TO, pair=PAIR + OPTIMIZERS.format(one, other))


def test_an_optimizer_s_state_of_other_shapes(refused):
    model = net()
    optimizer = torch.optim.Adam(model.parameters())
    saved(model, optimizer)
    tree = torch.load("a.pth", weights_only=True)
    tree["optimizer"]["state"][2]["exp_avg"] = torch.zeros(3)
    torch.save(tree, "a.pth")
    assert refused(*TO) == (
        "the optimizer's state in a.pth cannot be carried: optimizer state 'm' of '1.weight' has shape (3,), the "
        "parameter needs (3, 4)"
    )
    torch.save({**tree, "optimizer": {"lr": 1.0}}, "a.pth")
    assert "it is no optimizer's state of torch, which has 'state' and 'param_groups'" in refused(*TO)


def in_paddle(optimizer: Callable[..., Any]) -> None:
    """A checkpoint of paddle after an update, without the names of parameters."""
    with paddle.utils.unique_name.guard():
        model = paddle.nn.Sequential(paddle.nn.Linear(4, 4), paddle.nn.Linear(4, 3))
        made = optimizer(parameters=model.parameters())
        model(paddle.ones([2, 4])).sum().backward()
        made.step()
        states = {"model": model.state_dict(), "optimizer": made.state_dict()}
    arrays = {name: {key: value.numpy() for key, value in state.items()} for name, state in states.items()}
    paddle.save(arrays, "b.pdparams")


BACK = ("--from", "b.pdparams", "--to", "b.pth")


def test_the_state_of_another_optimizer_in_paddle(refused):
    in_paddle(paddle.optimizer.Momentum)
    said = refused(*BACK)
    assert "it holds velocity of 'linear_0.w_0', and paddle_optimizer (Adam) keeps beta1_pow_acc" in said
    in_paddle(paddle.optimizer.Adam)
    assert "and paddle_optimizer (SGD) keeps nothing" in refused(*BACK, pair=PAIR + OPTIMIZERS.format(SGD, PADDLE_SGD))
    in_paddle(lambda parameters: paddle.optimizer.Adagrad(0.1, parameters=parameters))
    assert "it holds moment of 'linear_0.w_0', and paddle_optimizer (Adam) keeps beta1_pow_acc" in refused(*BACK)
    in_paddle(lambda parameters: paddle.optimizer.Rprop(0.1, parameters=parameters))
    assert "it holds 'linear_0.w_0_prevs_0', which no Adam of paddle keeps that can be carried" in refused(*BACK)
    in_paddle(paddle.optimizer.Adam)
    betas = OPTIMIZERS.format("Adam(parameters)", "Adam(parameters=parameters, beta2=0.99)")
    said = refused(*BACK, pair=PAIR + betas)
    assert "has not counted its steps with that beta" in said


def test_paddle_s_names_that_nothing_explains(refused):
    in_paddle(paddle.optimizer.Adam)
    tree = paddle.load("b.pdparams")
    state = {key.replace("linear_0", "linear_8"): value for key, value in tree["optimizer"].items()}
    paddle.save({**tree, "optimizer": state}, "b.pdparams")
    said = refused(*BACK)
    assert "it holds state of 'linear_8." in said
    assert "the trained parameters of paddle_model are called linear_0.b_0, linear_0.w_0, linear_1.b_0" in said


def test_rates_of_groups_that_are_no_factors_in_paddle(refused):
    model = net()
    groups = [{"params": list(model[0].parameters())}, {"params": list(model[1].parameters()), "lr": 0.1}]
    optimizer = torch.optim.RMSprop(groups, lr=0.01, momentum=0.9)
    saved(model, optimizer)
    one = "RMSprop([{'params': parameters[:2]}, {'params': parameters[2:]}], momentum=0.9)"
    other = "RMSProp(0.01, momentum=0.9, parameters=parameters)"
    said = refused(*TO, pair=PAIR + OPTIMIZERS.format(one, other))
    assert (
        "its rates are 0.01 of '0.weight' and 0.1 of '1.weight', and paddle_optimizer multiplies its own by 1 and 1: a "
        "group's 'learning_rate' is a factor in paddle; make it 10 there"
    ) in said


def test_a_schedule_without_an_epoch(refused):
    model = net()
    saved(model, torch.optim.Adam(model.parameters()), scheduler={"gamma": 0.1})
    assert refused(*TO).startswith("a.pth: the schedule's state has no last_epoch; save its")


def test_a_port_that_does_something_else_is_exit_status_1(refused):
    saved(net())
    wrong = PAIR.replace("paddle.nn.Linear(4, 3))", "paddle.nn.Linear(4, 3), paddle.nn.ReLU())")
    said = refused(*TO, pair=wrong, status=1)
    assert said.startswith("the models give other outputs with these weights: outputs.0 differs by")
    assert said.endswith("nothing is kept. `conformance port port.py` says which layer differs")


USER = """
import paddle
model = paddle.nn.Sequential(paddle.nn.Linear(4, 4), paddle.nn.Linear(4, 3))
optimizer = paddle.optimizer.Adam(1e-3, parameters=model.parameters())
held = paddle.load("a.pdparams")
assert model.set_state_dict(held["model"]) == ([], [])
optimizer.set_state_dict(held["optimizer"])
model(paddle.ones([2, 4])).sum().backward()
optimizer.step()
(power,) = optimizer.state_dict()["linear_1.w_0_beta1_pow_acc_0"].tolist()
print(held["epoch"], round(power, 6))
"""


def test_the_command_as_a_user_types_it(tmp_path):
    """In interpreters of their own; and its file is loaded by a program that knows nothing of this project."""
    (tmp_path / "port.py").write_text(PAIR, "utf-8")
    model = net()
    saved(model, torch.optim.Adam(model.parameters()), str(tmp_path / "a.pth"), epoch=7)
    command = [sys.executable, "-m", "conformance", "transfer", str(tmp_path / "port.py")]
    command += ["--from", str(tmp_path / "a.pth"), "--to", str(tmp_path / "a.pdparams")]
    how: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 240}
    done = subprocess.run(command, cwd=ROOT, **how)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"wrote {tmp_path / 'a.pdparams'}" in done.stdout
    used = subprocess.run([sys.executable, "-W", "ignore", "-c", USER], cwd=tmp_path, **how)
    assert used.stdout.split() == ["7", str(round(0.9**3, 6))], used.stderr
    again = subprocess.run(command, cwd=ROOT, **how)
    assert again.returncode == 2 and again.stderr.count("\n") == 1 and "exists; give another name" in again.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdparams", "a.pth", "port.py"]


@pytest.mark.parametrize("asked", [["torch", "old=torch"], ["paddle:gpu"], ["torch:cuda", "paddle"]], ids=" ".join)
def test_lanes_are_one_of_each_framework_on_the_cpu(asked, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "port.py").write_text(PAIR, "utf-8")
    torch.save(net().state_dict(), "a.pth")
    arguments = ["port.py", "--from=a.pth", "--to=b.pdparams", *(f"--lane={text}" for text in asked)]
    assert main(["transfer", *arguments]) == 2
    assert "name torch and paddle once each, and on the CPU" in capsys.readouterr().err
