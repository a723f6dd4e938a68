"""The training step and the loop over epochs, as the tutorials write them."""

from __future__ import annotations

from typing import Any

import torch

from conformance.transfer import from_torch, load_into_torch
from reference_impl.initial import initial_state
from reference_impl.options import MODELS, Options
from reference_impl.progress import Silent
from reference_impl.run import MEAN, STD, Average, Run

from . import checkpoints, losses
from .cnn import SimpleCNN
from .dataset import CustomDataset, make_loader, set_epoch
from .optimizers import learning_rate, make_optimizer
from .resnet import resnet50
from .schedules import make_schedule
from .transforms import CenterCrop, Compose, Normalize, Resize, ToTensor


def trainable(model: torch.nn.Module) -> list[tuple[str, torch.nn.Parameter]]:
    """The model's parameters that are trained, with their names."""
    return [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]


def train_step(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    images: torch.Tensor,
    labels: torch.Tensor,
    l1: float = 0.0,
    l2: float = 0.0,
) -> dict[str, torch.Tensor]:
    """One update on one batch: {"loss" (with penalties), "logits"} from before it, detached.

    ``l1`` adds l1 * sum |w| and ``l2`` adds l2 / 2 * sum w^2 to the loss, over all trainable parameters. The gradients
    stay in the parameters until the next step.
    """
    optimizer.zero_grad()
    logits = model(images)
    loss = losses.cross_entropy(logits, labels)
    if l1:
        loss = loss + losses.l1_penalty((parameter for _, parameter in trainable(model)), l1)
    if l2:
        loss = loss + losses.l2_penalty((parameter for _, parameter in trainable(model)), l2)
    loss.backward()
    optimizer.step()
    return {"loss": loss.detach(), "logits": logits.detach()}


def train_epoch(
    model: torch.nn.Module, optimizer: torch.optim.Optimizer, batches: Any, l1: float = 0.0, l2: float = 0.0
) -> float:
    """One pass over ``batches`` of (images, labels): the mean loss over all samples, each from before its update."""
    model.train()
    average = Average()
    for images, labels in batches:
        step = train_step(model, optimizer, images, labels, l1, l2)
        average.add(step["loss"].item(), len(labels))
    return average.value


def build_model(name: str, classes: int, dropout: float = 0.0) -> torch.nn.Module:
    """One of :data:`reference_impl.options.MODELS` with its framework's own initial weights."""
    if name == "resnet50":
        return resnet50(classes)
    return SimpleCNN(relu=name == "cnn", dropout=dropout, classes=classes)


def make_transform(size: int) -> Compose:
    """An RGB image to a float tensor [3, size, size] with values in [-1, 1]."""
    return Compose([Resize(size), CenterCrop(size), ToTensor(), Normalize(MEAN, STD)])


def train(options: Options, progress: Silent | None = None) -> list[dict[str, Any]]:
    """Trains by ``options``, saves the run after every epoch, and returns {"epoch", "loss", "lr"} for each.

    The first weights and the order of the samples depend on ``options.seed`` alone, so that a run in the other
    framework sees the same numbers; dropout's masks do not, each framework draws its own. Raises SampleError,
    OptionError, CheckpointError or TrainingError.
    """
    run = Run.start(options)
    progress = progress or Silent()
    torch.set_num_threads(options.threads)
    model = build_model(options.model, run.classes, options.dropout)
    dataset = CustomDataset(run.samples.image_paths, run.samples.labels, make_transform(MODELS[options.model]))
    loader = make_loader(dataset, options.batch_size, shuffle=True, workers=options.workers, seed=options.seed)
    optimizer = make_optimizer(
        options.optimizer, trainable(model), options.lr, options.weight_decay, **options.optimizer_options
    )
    schedule = make_schedule(options.schedule, optimizer, **options.full_schedule_options)
    if options.resume:
        run.go_on_from(checkpoints.load(options.resume, model, optimizer, schedule))
    else:
        load_into_torch(model, initial_state(from_torch(model), options.seed))
    for epoch in run.epochs():
        # Seeded by epoch, so that a resumed run draws the dropout masks that the whole run would have drawn.
        torch.manual_seed(options.seed + epoch)
        set_epoch(loader, epoch)
        batches = progress.batches(loader, epoch + 1, options.epochs)
        loss = train_epoch(model, optimizer, batches, options.l1, options.l2)
        record = run.record(epoch, loss, learning_rate(optimizer))
        schedule.step()
        kept = options.kept(run.classes)
        checkpoints.save(options.checkpoint_path, model, optimizer, schedule, epoch + 1, kept, run.history)
        progress.epoch_done(record, options.epochs)
    return run.history
