"""A damaged or foreign checkpoint, or one that asks for a call, is refused with a sentence; the model is kept.

The call that files ask for here is harmless: of a function of the standard library that computes three numbers. Whether
a reader obeyed shows by the module of that function, which nothing else imports.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, real, seeds
from suites.archives import SUFFIXES, Call, Name, checkpoint_bytes, checkpoint_tree, pickled, torch_archive
from suites.layers import layers, paddle_layer, torch_layer, weight_shapes
from suites.repeats import equal_bits
from suites.runs import optimizer_arrays, plain_run

ADAM: dict[str, Any] = {"name": "adam", "hyper": {}}
MOMENTUM: dict[str, Any] = {"name": "momentum", "hyper": {"momentum": 0.9}}

DAMAGED = ("missing", "empty", "shortened", "cut", "misnamed", "unknown_suffix")
FOREIGN = ("no_epoch", "epoch_in_words", "later_format", "no_rate", "weights_only", "other_model", "other_optimizer")
CALLING = ("calls_at_once", "calls_in_weights", "calls_in_history")
UNASKED = "colorsys"


@st.composite
def faulty_files(draw: st.DrawFn) -> list[Sample]:
    """Checkpoints of both formats, each with one thing wrong with it; ``cut`` says where one is cut."""
    layer, cut = draw(layers()), draw(st.floats(0.0, 1.0, exclude_max=True))
    rng, shapes = generator(draw(seeds)), weight_shapes(**layer)
    inputs = {**layer, "weights": {name: real(rng, shape) for name, shape in shapes.items()}, "cut": cut}
    own, others = (optimizer_arrays(rng, optimizer, shapes) for optimizer in (ADAM, MOMENTUM))
    samples = []
    for fault in (*DAMAGED, *FOREIGN, *CALLING):
        state = others if fault == "other_optimizer" else own
        samples += [Sample({**inputs, "state": state, "fault": fault, "suffix": suffix}) for suffix in SUFFIXES]
    return samples


@contract("checkpoint.refusals", area="checkpoints", samples=faulty_files(), tensors=False, share=0.13)
class refusals:
    """A bad checkpoint is refused as such, by the name of its file; no call in it is made, the model stays as it is."""

    @staticmethod
    def torch(kind, sizes, weights, state, fault, cut, suffix):
        import tempfile

        from conformance.transfer import from_torch, places
        from reference_impl.torch_impl.checkpoints import load
        from reference_impl.torch_impl.optimizers import make_optimizer
        from reference_impl.torch_impl.training import trainable

        model = torch_layer(kind, sizes)
        updater = make_optimizer("adam", trainable(model), 0.1)
        before = from_torch(model)
        with tempfile.TemporaryDirectory() as folder:
            path = bad_file(Path(folder), fault, weights, state, cut, suffix, places(model))
            refused = attempt(lambda: load(path, model, updater), path)
        return {**refused, "kept": equal(before, from_torch(model))}

    @staticmethod
    def paddle(kind, sizes, weights, state, fault, cut, suffix):
        import tempfile

        from conformance.transfer import from_paddle, places
        from reference_impl.paddle_impl.checkpoints import load
        from reference_impl.paddle_impl.optimizers import make_optimizer
        from reference_impl.paddle_impl.training import trainable

        model = paddle_layer(kind, sizes)
        updater = make_optimizer("adam", trainable(model), 0.1)
        before = from_paddle(model)
        with tempfile.TemporaryDirectory() as folder:
            path = bad_file(Path(folder), fault, weights, state, cut, suffix, places(model))
            refused = attempt(lambda: load(path, model, updater), path)
        return {**refused, "kept": equal(before, from_paddle(model))}

    @staticmethod
    def oracle(kind, sizes, weights, state, fault, cut, suffix) -> dict[str, Acceptance]:
        return {
            "error": accuracy.exact("CheckpointError"),
            "names_the_file": accuracy.exact(True),
            "ran": accuracy.exact("nothing"),
            "kept": accuracy.exact(True),
        }


def attempt(load: Any, path: Path) -> dict[str, Any]:
    """The error that loading ends in, whether it names the file, and whether the call in the file was made."""
    error, message = "none", ""
    before = sys.modules.pop(UNASKED, None)
    try:
        load()
    except Exception as raised:
        error, message = type(raised).__name__, str(raised)
    ran = "the call in the file" if UNASKED in sys.modules else "nothing"
    if before is not None:
        sys.modules[UNASKED] = before
    return {"error": error, "names_the_file": str(path) in message and "\n" not in message, "ran": ran}


def equal(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> bool:
    """Whether two states have the same bits."""
    return all(equal_bits(array, after[name]) == array.size for name, array in before.items())


def bad_file(folder: Path, fault: str, weights: Any, state: Any, cut: float, suffix: str, places: Any) -> Path:
    """Write a checkpoint that has the fault; return its path."""
    path = folder / f"bad{suffix}"
    tree = checkpoint_tree(plain_run(weights, state, 0.125, 1, []), suffix, places)
    if fault in CALLING:
        path.write_bytes(calling_bytes(fault, tree, suffix))
        return path
    data = checkpoint_bytes(foreign(fault, tree), suffix)
    if fault == "missing":
        return path
    if fault == "unknown_suffix":
        path = path.with_suffix(".checkpoint")
    elif fault == "misnamed":
        path = path.with_suffix(SUFFIXES[SUFFIXES.index(suffix) - 1])
    lengths = {"empty": 0, "shortened": len(data) - 1 - int(8 * cut), "cut": int(len(data) * cut)}
    path.write_bytes(data[: lengths.get(fault, len(data))])
    return path


def foreign(fault: str, tree: dict[str, Any]) -> Any:
    """The tree of a checkpoint of something else, or of nothing; unchanged for other faults."""
    tree = copy.deepcopy(tree)
    changes: dict[str, Any] = {"epoch_in_words": {"epoch": "three"}, "later_format": {"format": 2}}
    if fault == "no_epoch":
        del tree["epoch"]
    elif fault == "no_rate":
        del tree["optimizer"]["lr"]
    elif fault == "weights_only":
        return tree["model"]
    elif fault == "other_model":
        name = sorted(tree["model"])[0]
        tree["model"][name] = np.concatenate([tree["model"][name], tree["model"][name]])
    return {**tree, **changes.get(fault, {})}


def calling_bytes(fault: str, tree: dict[str, Any], suffix: str) -> bytes:
    """A checkpoint that makes a reader that obeys pickles convert a colour."""
    call = Call(Name(UNASKED, "rgb_to_hsv"), (1.0, 0.5, 0.0))
    weights = {"weight": call} if fault == "calls_in_weights" else {}
    history = [call] if fault == "calls_in_history" else []
    whole = {**tree, "model": weights, "history": history, "optimizer": {"lr": 0.1, "state": {}}}
    asked = call if fault == "calls_at_once" else whole
    return torch_archive(asked) if suffix == ".pth" else pickled(asked)


UNWRITABLE = ("wrong_suffix", "no_folder", "no_plain_data", "a_folder")


def unwritable_runs() -> st.SearchStrategy[Sample]:
    """A layer, and why its run cannot be saved."""

    def make(layer: dict[str, Any], fault: str, seed: int) -> Sample:
        rng = generator(seed)
        weights = {name: real(rng, shape) for name, shape in weight_shapes(**layer).items()}
        return Sample({**layer, "weights": weights, "fault": fault})

    return st.builds(make, layers(), st.sampled_from(UNWRITABLE), seeds)


@contract("checkpoint.unwritable", area="checkpoints", samples=unwritable_runs(), tensors=False, share=0.75)
class unwritable:
    """A run that cannot be saved leaves the earlier checkpoint as it was, and no other file behind."""

    @staticmethod
    def torch(kind, sizes, weights, fault):
        import tempfile

        from conformance.transfer import load_into_torch
        from reference_impl.torch_impl.checkpoints import save
        from reference_impl.torch_impl.optimizers import make_optimizer
        from reference_impl.torch_impl.training import trainable

        model = torch_layer(kind, sizes)
        updater = make_optimizer("adam", trainable(model), 0.1)
        with tempfile.TemporaryDirectory() as folder:
            earlier = Path(folder) / "model.pth"
            save(earlier, model, updater)
            load_into_torch(model, weights)
            return blocked(lambda path, options: save(path, model, updater, options=options), earlier, fault)

    @staticmethod
    def paddle(kind, sizes, weights, fault):
        import tempfile

        from conformance.transfer import load_into_paddle
        from reference_impl.paddle_impl.checkpoints import save
        from reference_impl.paddle_impl.optimizers import make_optimizer
        from reference_impl.paddle_impl.training import trainable

        model = paddle_layer(kind, sizes)
        updater = make_optimizer("adam", trainable(model), 0.1)
        with tempfile.TemporaryDirectory() as folder:
            earlier = Path(folder) / "model.pdparams"
            save(earlier, model, updater)
            load_into_paddle(model, weights)
            return blocked(lambda path, options: save(path, model, updater, options=options), earlier, fault)

    @staticmethod
    def oracle(kind, sizes, weights, fault) -> dict[str, Acceptance]:
        files = "model, taken" if fault == "a_folder" else "model"
        return {
            "error": accuracy.exact("CheckpointError"),
            "names_the_file": accuracy.exact(True),
            "files": accuracy.exact(files),
            "earlier_kept": accuracy.exact(True),
        }


def blocked(save: Any, earlier: Path, fault: str) -> dict[str, Any]:
    """What comes of saving to a place, or with options, that do not do."""
    path, options = earlier, {"lr": {0.1} if fault == "no_plain_data" else 0.1}
    if fault == "wrong_suffix":
        path = earlier.with_suffix(".txt")
    elif fault == "no_folder":
        path = earlier.parent / "nowhere" / earlier.name
    elif fault == "a_folder":
        path = earlier.with_stem("taken")
        path.mkdir()
    before = earlier.read_bytes()
    refused = attempt(lambda: save(path, options), path)
    files = ", ".join(sorted(file.name.removesuffix(earlier.suffix) for file in earlier.parent.iterdir()))
    del refused["ran"]
    return {**refused, "files": files, "earlier_kept": earlier.read_bytes() == before}
