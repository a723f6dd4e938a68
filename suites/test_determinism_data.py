"""The order and content of batches repeat, and whatever a framework draws by itself obeys the framework's own seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from conformance import Acceptance, Sample, accuracy, contract
from conformance.strategies import generator, real, seeds
from reference_impl.samples import permutation
from suites.images import ON_CPU
from suites.repeats import Rows, equal_bits, paddle_interlude, torch_interlude


def loader_samples(workers: int) -> st.SearchStrategy[Sample]:
    """Enough tiny images that two shuffled orders hardly ever coincide; batches that leave a rest, or not."""

    def make(seed: int, count: int, batch: int, drop_last: bool, passes: int) -> Sample:
        images = real(generator(seed), (count, 1, 2, 2))
        options = {"batch_size": batch, "drop_last": drop_last, "workers": workers}
        return Sample({"images": images, "options": options, "passes": passes, "seed": seed})

    passes = st.just(1) if workers else st.integers(1, 3)  # starting processes takes its time
    return st.builds(make, seeds, st.integers(16, 40), st.integers(4, 12), st.booleans(), passes)


class Loaders:
    """The calls and the oracle of the contracts on loaders."""

    @staticmethod
    def torch(images, options, passes, seed):
        import torch

        from reference_impl.torch_impl.dataset import make_loader, set_epoch

        def run(seed: int, start: int = 0, framework_seed: int = 0) -> list[tuple[Any, Any]]:
            torch.manual_seed(framework_seed)
            loader = make_loader(Rows(images), shuffle=True, seed=seed, **options)
            set_epoch(loader, start)
            return [rows_of([(image.numpy(), label.numpy()) for image, label in loader]) for _ in range(start, passes)]

        return shuffled(run, torch_interlude, seed, passes)

    @staticmethod
    def paddle(images, options, passes, seed):
        import paddle

        from reference_impl.paddle_impl.dataset import make_loader, set_epoch

        def run(seed: int, start: int = 0, framework_seed: int = 0) -> list[tuple[Any, Any]]:
            paddle.seed(framework_seed)
            loader = make_loader(Rows(images), shuffle=True, seed=seed, **options)
            set_epoch(loader, start)
            return [rows_of([(image.numpy(), label.numpy()) for image, label in loader]) for _ in range(start, passes)]

        return shuffled(run, paddle_interlude, seed, passes)

    @staticmethod
    def oracle(images, options, passes, seed) -> dict[str, Acceptance]:
        count = len(images)
        used = count - count % options["batch_size"] if options["drop_last"] else count
        order = np.array([permutation(count, seed, epoch)[:used] for epoch in range(passes)])
        return {
            "order": accuracy.exact(order, "int64"),
            "images": accuracy.exact(images[order.ravel()]),
            "equal": accuracy.exact(5 * order.size),
            "resumed": accuracy.exact(5 * used),
            "other_seed_differs": accuracy.exact(True),
        }


def rows_of(batches: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """The images and labels of one pass over a loader."""
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def shuffled(run: Any, interlude: Any, seed: int, passes: int) -> dict[str, Any]:
    """Passes over a loader against those of a second one, of one that starts at the last pass, and of another seed."""
    first = run(seed)
    interlude()
    again, resumed, other = run(seed, framework_seed=1), run(seed, start=passes - 1), run(seed + 1)

    def equal(a: list[tuple[Any, Any]], b: list[tuple[Any, Any]]) -> int:
        return sum(equal_bits(*pair) for x, y in zip(a, b, strict=True) for pair in zip(x, y, strict=True))

    return {
        "order": np.array([labels for _, labels in first]),
        "images": np.concatenate([images for images, _ in first]),
        "equal": equal(first, again),
        "resumed": equal(first[-1:], resumed),
        "other_seed_differs": bool((first[0][1] != other[0][1]).any()),
    }


@contract(
    "determinism.shuffle",
    covers=("data.DataLoader",),
    area="determinism",
    samples=loader_samples(workers=0),
    tensors=False,
    share=0.5,
    unsupported=ON_CPU,
)
class shuffle(Loaders):
    """A loader's order depends on its seed and the epoch alone, in every framework, and can be taken up at an epoch."""


@contract(
    "determinism.workers",
    covers=("data.DataLoader",),
    area="determinism",
    samples=loader_samples(workers=2),
    tensors=False,
    share=0.05,
    unsupported=ON_CPU,
)
class workers(Loaders):
    """Two reading processes give the batches of a single one, in the same order, each time."""


TRANSFORMS = ("flip", "crop", "colour")
DRAWS = (
    *("dropout", "normal", "uniform", "integers", "permutation", "weights", "split", "shuffle"),
    *(*TRANSFORMS, "resized_crop"),
)


def draw_samples() -> st.SearchStrategy[list[Sample]]:
    """Everything random that the frameworks do by themselves, under one seed."""
    return st.integers(0, 2**31).map(lambda seed: [Sample({"what": what, "seed": seed}) for what in DRAWS])


@contract(
    "determinism.seeded",
    covers=("random.seed",),
    area="determinism",
    samples=draw_samples(),
    share=0.13,
    unsupported=ON_CPU,
)
class seeded:
    """Everything random that a framework does by itself is repeated by setting the framework's own seed."""

    @staticmethod
    def torch(what, seed):
        import torch
        from torch.utils.data import RandomSampler, random_split
        from torchvision import transforms

        def host(drawn: Any) -> np.ndarray:
            return drawn.cpu().numpy() if isinstance(drawn, torch.Tensor) else drawn

        draws: dict[str, Any] = {
            "dropout": lambda: torch.nn.functional.dropout(torch.ones(64), 0.5),
            "normal": lambda: torch.randn(16),
            "uniform": lambda: torch.rand(16),
            "integers": lambda: torch.randint(0, 1000, (16,)),
            "permutation": lambda: torch.randperm(24),
            "weights": lambda: torch.nn.Linear(8, 8).weight.detach(),
            "split": lambda: np.array(random_split(range(24), [12, 12])[0].indices),
            "shuffle": lambda: np.array(list(RandomSampler(range(24)))),
            "flip": lambda: transformed(transforms.RandomHorizontalFlip()),
            "crop": lambda: transformed(transforms.RandomCrop(2)),
            "colour": lambda: transformed(transforms.ColorJitter(brightness=0.5)),
            "resized_crop": lambda: transformed(transforms.RandomResizedCrop(4)),
        }
        return governor(lambda: host(draws[what]()), torch.manual_seed, seed)

    @staticmethod
    def paddle(what, seed):
        import paddle
        from paddle.io import RandomSampler, random_split
        from paddle.vision import transforms

        def host(drawn: Any) -> np.ndarray:
            return drawn.numpy() if isinstance(drawn, paddle.Tensor) else drawn

        draws: dict[str, Any] = {
            "dropout": lambda: paddle.nn.functional.dropout(paddle.ones([64]), 0.5),
            "normal": lambda: paddle.randn([16]),
            "uniform": lambda: paddle.rand([16]),
            "integers": lambda: paddle.randint(0, 1000, [16]),
            "permutation": lambda: paddle.randperm(24),
            "weights": lambda: paddle.nn.Linear(8, 8).weight,
            "split": lambda: np.array(random_split(range(24), [12, 12])[0].indices),
            "shuffle": lambda: np.array(list(RandomSampler(range(24)))),
            "flip": lambda: transformed(transforms.RandomHorizontalFlip()),
            "crop": lambda: transformed(transforms.RandomCrop(2)),
            "colour": lambda: transformed(transforms.ColorJitter(brightness=0.5)),
            "resized_crop": lambda: transformed(transforms.RandomResizedCrop(4)),
        }
        return governor(lambda: host(draws[what]()), paddle.seed, seed)

    @staticmethod
    def oracle(what, seed) -> dict[str, Acceptance]:
        return {"governor": accuracy.exact("framework")}

    @staticmethod
    def variant_numpy(what, seed) -> dict[str, Acceptance]:
        """NumPy's global generator shuffles."""
        return {"governor": accuracy.exact("numpy" if what == "shuffle" else "framework")}

    @staticmethod
    def variant_python(what, seed) -> dict[str, Acceptance]:
        """Python's global generator decides about flips, crops and colours."""
        return {"governor": accuracy.exact("python" if what in TRANSFORMS else "framework")}

    @staticmethod
    def variant_several(what, seed) -> dict[str, Acceptance]:
        """A resized crop takes its size from NumPy's generator and its place from Python's."""
        return {"governor": accuracy.exact("several" if what == "resized_crop" else "framework")}


def transformed(transform: Any) -> np.ndarray:
    """What a random transform makes of an image whose pixels all differ, over and over: 32 random bits or more."""
    from PIL import Image

    image = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(6, 8) * 2 + 90).convert("RGB")
    return np.stack([np.asarray(transform(image)) for _ in range(32)])


def governor(draw: Any, framework_seed: Any, seed: int) -> dict[str, str]:
    """Which generator's seed repeats a draw: the framework's, NumPy's or Python's, all of them together, or none."""
    import random

    def all_seeds(seed: int) -> None:
        for sow in (framework_seed, np.random.seed, random.seed):
            sow(seed)

    sowers = {"framework": framework_seed, "numpy": np.random.seed, "python": random.seed, "several": all_seeds}
    for name, sow in sowers.items():
        sow(seed)
        first = draw()
        draw()
        sow(seed)
        again = draw()
        sow(seed + 1)
        if np.array_equal(first, again) and not np.array_equal(first, draw()):
            return {"governor": name}
    return {"governor": "nothing"}
