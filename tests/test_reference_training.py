"""Training runs: equal losses on both sides, checkpoints that either side goes on from, and the command line."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from conformance.transfer import from_paddle, from_torch, load_into_paddle, load_into_torch
from fixtures.make_images import IMAGES
from reference_impl import __main__ as command_line
from reference_impl import checkpoint
from reference_impl.checkpoint import CheckpointError
from reference_impl.initial import initial_state
from reference_impl.options import Options
from reference_impl.samples import SampleError

U = 2.0**-24
FRAMEWORKS = ("torch", "paddle")
FILES = {"torch": "model.pth", "paddle": "model.pdparams"}
PORTABLE = {"torch": (from_torch, load_into_torch), "paddle": (from_paddle, load_into_paddle)}


def implementation(framework, name):
    pytest.importorskip(framework)
    return importlib.import_module(f"reference_impl.{framework}_impl.{name}")


def tensors(framework, *arrays):
    module = importlib.import_module(framework)
    return [(module.tensor if framework == "torch" else module.to_tensor)(array) for array in arrays]


class Trained:
    """A small CNN under training in one framework."""

    def __init__(self, framework, optimizer="adam", schedule="step", classes=10, **hyperparameters):
        self.framework = framework
        self.training = implementation(framework, "training")
        self.checkpoints = implementation(framework, "checkpoints")
        self.model = implementation(framework, "cnn").SimpleCNN(classes=classes)
        read, load = PORTABLE[framework]
        load(self.model, initial_state(read(self.model), seed=0))
        make = implementation(framework, "optimizers").make_optimizer
        self.optimizer = make(optimizer, self.training.trainable(self.model), 1e-3, **hyperparameters)
        options = {"step_size": 1, "gamma": 0.5} if schedule == "step" else {}
        self.schedule = implementation(framework, "schedules").make_schedule(schedule, self.optimizer, **options)

    def step(self, batch):
        return self.training.train_step(self.model, self.optimizer, *tensors(self.framework, *batch))

    def save(self, path):
        self.checkpoints.save(path, self.model, self.optimizer, self.schedule, epoch=3)
        return path

    def load(self, path):
        return self.checkpoints.load(path, self.model, self.optimizer, self.schedule)

    @property
    def state(self):
        return PORTABLE[self.framework][0](self.model)


def batch(seed=0):
    generator = np.random.default_rng(seed)
    return generator.uniform(-1, 1, (8, 3, 32, 32)).astype("f4"), generator.integers(0, 10, 8)


OPTIMIZERS = [
    ("sgd", {}),
    ("momentum", {"nesterov": True}),
    ("adam", {}),
    ("adamw", {"weight_decay": 0.01}),
    ("rmsprop", {"momentum": 0.9, "centered": True}),
]


def roads():
    """Every optimizer from each framework to each."""
    for optimizer, hyperparameters in OPTIMIZERS:
        for source in FRAMEWORKS:
            for target in FRAMEWORKS:
                # Where gradients are small, the frameworks' RMSProp are different rules (eps inside or outside the
                # square root); that its state crosses over is shown with large ones, in test_reference_optimizers.
                if optimizer != "rmsprop" or source == target:
                    yield pytest.param(optimizer, hyperparameters, source, target, id=f"{optimizer}-{source}-{target}")


@pytest.mark.parametrize(("optimizer", "hyperparameters", "source", "target"), list(roads()))
def test_a_run_goes_on_in_either_framework(tmp_path, optimizer, hyperparameters, source, target):
    """After the file is loaded, the same next batch must do to the loaded run what it does to the run itself."""
    run = Trained(source, optimizer, **hyperparameters)
    for seed in range(2):
        run.step(batch(seed))
    run.schedule.step()
    path = run.save(tmp_path / FILES[source])
    other = Trained(target, optimizer, **hyperparameters)
    assert other.load(path).epoch == 3
    for name, array in run.state.items():
        if name in other.state:
            np.testing.assert_array_equal(other.state[name], array)

    before, following = run.state, batch(2)
    losses = [float(each.step(following)["loss"]) for each in (run, other)]
    if source == target:
        assert losses[0] == losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=32 * U)
    lr = 0.5e-3
    for name, array in run.state.items():
        if name.endswith("num_batches_tracked"):
            continue
        moved = np.abs(array - before[name]).max()
        assert moved > 0
        # Equal to the bit in one framework; otherwise gradients differ by rounding and, at a kink of ReLU or
        # pooling, by more, and Adam's second moment by paddle's float32 betas: far below the step itself.
        difference = np.abs(other.state[name] - array)
        if source == target:
            assert difference.max() == 0
        else:
            assert np.median(difference) <= 1e-4 * lr + U * np.abs(array).max()
            assert np.linalg.norm(difference) <= 2e-2 * np.linalg.norm(array - before[name])


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_frameworks_own_loaders_take_the_weights(tmp_path, framework):
    run = Trained(framework)
    run.step(batch())
    path = run.save(tmp_path / FILES[framework])
    other = Trained(framework)
    if framework == "torch":
        torch = importlib.import_module("torch")
        other.model.load_state_dict(torch.load(path, weights_only=True)["model"])
    else:
        paddle = importlib.import_module("paddle")
        assert other.model.set_state_dict(paddle.load(str(path))["model"]) == ([], [])
    for name, array in run.state.items():
        np.testing.assert_array_equal(other.state[name], array)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_checkpoint_that_does_not_fit_changes_nothing(tmp_path, framework):
    path = Trained(framework, classes=7).save(tmp_path / FILES[framework])
    run = Trained(framework)
    before = run.state
    with pytest.raises(CheckpointError, match=r"fc2\.weight"):
        run.load(path)
    warm = Trained(framework, "momentum")
    warm.step(batch())
    path = warm.save(tmp_path / FILES[framework])
    with pytest.raises(CheckpointError, match="holds velocity, but a adam"):
        run.load(path)
    for name, array in before.items():
        np.testing.assert_array_equal(run.state[name], array)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_files_that_are_no_checkpoint(tmp_path, framework):
    run = Trained(framework)
    path = run.save(tmp_path / FILES[framework])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match="truncated"):
        run.load(path)
    with pytest.raises(CheckpointError, match="No such file"):
        run.load(tmp_path / "none.pth")
    with pytest.raises(CheckpointError, match="must be named"):
        run.save(tmp_path / "model.txt")
    from conformance.transfer.files import write_tree

    for tree, said in (({"model": {}}, "it has no 'format'"), ([1], "holds a list"), ({"format": "1"}, "is a str")):
        write_tree(path, tree)
        with pytest.raises(CheckpointError, match=f"no training checkpoint: .*{said}"):
            checkpoint.read(path)


@pytest.fixture(scope="module")
def few_images(tmp_path_factory):
    """A data directory with eight images of four classes."""
    directory = tmp_path_factory.mktemp("data")
    for index in range(8):
        (directory / str(index % 4)).mkdir(exist_ok=True)
        path = sorted(IMAGES.glob("*.*"))[(index % 4) + 10 * (index // 4)]
        shutil.copy(path, directory / str(index % 4))
    return directory


def options(framework, data, out, **settings):
    return Options(framework=framework, data=data, out=out, **{"epochs": 3, "batch_size": 3, **settings})


@pytest.mark.parametrize("settings", [{}, {"l1": 1e-4, "l2": 1e-3, "schedule": "cosine", "model": "cnn-linear"}])
def test_losses_agree(tmp_path, few_images, settings):
    histories = []
    for framework in FRAMEWORKS:
        train = implementation(framework, "training").train
        histories.append(train(options(framework, few_images, tmp_path, **settings)))
    for left, right in zip(*histories, strict=True):
        assert left["loss"] == pytest.approx(right["loss"], rel=1e-4)
        assert left["lr"] == right["lr"]
    assert histories[0][-1]["loss"] < histories[0][0]["loss"]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_interrupted_run_ends_where_the_whole_one_does(tmp_path, few_images, framework):
    train = implementation(framework, "training").train
    settings = {"dropout": 0.3, "optimizer": "momentum", "schedule": "exponential", "schedule_options": {"gamma": 0.7}}
    whole = train(options(framework, few_images, tmp_path / "whole", **settings))
    train(options(framework, few_images, tmp_path / "part", **{**settings, "epochs": 2}))
    part = tmp_path / "part" / FILES[framework]
    rest = train(options(framework, few_images, tmp_path / "rest", resume=part, classes=4, **settings))
    assert rest == whole
    ends = [checkpoint.read(tmp_path / name / FILES[framework]) for name in ("whole", "rest")]
    for name, array in ends[0].model.items():
        np.testing.assert_array_equal(ends[1].model[name], array)


def test_the_command_resumes_in_the_other_framework(tmp_path, few_images, capsys):
    for framework in FRAMEWORKS:
        pytest.importorskip(framework)
    start = ["train", "--data", str(few_images), "--framework"]
    first = [*start, "torch", "--out", str(tmp_path), "--epochs", "2", "--lr", "5e-4", "--batch-size", "4"]
    assert command_line.main([*first, "--schedule", "step", "--schedule-option", "step_size=2"]) == 0
    resume = ["--resume", str(tmp_path / "model.pth"), "--epochs", "3"]
    assert command_line.main([*start, "paddle", "--out", str(tmp_path), *resume]) == 0
    assert command_line.main([*start, "torch", "--out", str(tmp_path / "own"), *resume]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch 3/3")]
    losses = [float(line.split()[3]) for line in lines]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    assert all(line.endswith("lr 5e-05") for line in lines)
    found = checkpoint.read(tmp_path / "model.pdparams")
    assert [record["epoch"] for record in found.history] == [1, 2, 3]
    assert (found.options["lr"], found.options["batch_size"], found.options["classes"]) == (5e-4, 4, 4)


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--epochs", "0"], "--epochs is 0: it must be at least 1"),
        (["--lr", "nan"], "--lr is nan: it must be a number above 0"),
        (["--dropout", "1"], "--dropout is 1.0: it must be a probability below 1"),
        (["--data", "no/where"], "data directory 'no/where' does not exist"),
        (["--optimizer-option", "eta=1"], "optimizer 'adam' has no hyperparameter 'eta'"),
        (["--schedule", "multi_step"], "schedule 'multi_step' needs a value for 'milestones'"),
        (["--resume", "none.pth"], "cannot read none.pth: No such file"),
    ],
)
def test_bad_options_get_one_sentence(tmp_path, capsys, extra, said):
    assert command_line.main(["train", "--framework", "torch", "--out", str(tmp_path), *extra]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {said}")
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_framework_that_cannot_be_imported_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "reference_impl.paddle_impl.training", None)
    assert command_line.main(["train", "--framework", "paddle", "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: paddle cannot be imported (ModuleNotFoundError: ")
    assert error.endswith("install it or choose --framework torch\n")


def test_a_resumed_run_cannot_be_contradicted(tmp_path, capsys):
    path = tmp_path / "model.pdparams"
    found = checkpoint.Checkpoint("paddle", {}, {"lr": 0.1, "state": {}}, {"epoch": 2, "base_lr": 0.1, "lr": 0.1}, 2)
    found.options.update(lr=0.1, model="cnn")
    checkpoint.write(path, found)
    start = ["train", "--framework", "paddle", "--out", str(tmp_path), "--resume", str(path)]
    assert command_line.main([*start, "--lr", "0.2"]) == 2
    assert "--lr 0.2 contradicts the run to be resumed, which has 0.1: leave it out" in capsys.readouterr().err
    assert command_line.main([*start, "--epochs", "2"]) == 2
    assert "--epochs 2 is no more than the 2 epochs" in capsys.readouterr().err


def test_a_diverging_run_is_stopped(tmp_path, few_images, capsys):
    pytest.importorskip("torch")
    start = ["train", "--framework", "torch", "--data", str(few_images), "--out", str(tmp_path / "out")]
    assert command_line.main([*start, "--lr", "1e30", "--optimizer", "sgd"]) == 2
    error = capsys.readouterr().err
    assert re.fullmatch(r"error: the loss became (nan|inf) in epoch \d: lower --lr \(it was 1e\+30\)\n", error)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_data_with_more_classes_than_the_model(tmp_path, few_images, framework):
    train = implementation(framework, "training").train
    with pytest.raises(SampleError, match="has 4 classes, the model to be resumed only 2"):
        train(options(framework, few_images, tmp_path, classes=2))


def test_help_imports_no_framework():
    code = (
        "import sys\nfrom reference_impl.__main__ import main\n"
        "try:\n    main(['train', '--help'])\nexcept SystemExit:\n    pass\n"
        "assert not {'torch', 'paddle'} & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    assert "--resume" in result.stdout
    assert "each framework draws its own masks" in result.stdout
