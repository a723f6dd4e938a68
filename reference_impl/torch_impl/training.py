"""The training step and the loop over epochs, as the tutorials write them."""

from __future__ import annotations

import torch

from . import losses


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
