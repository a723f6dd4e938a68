"""The training step and the loop over epochs, as the tutorials write them."""

from __future__ import annotations

import paddle

from . import losses


def trainable(model: paddle.nn.Layer) -> list[tuple[str, paddle.Tensor]]:
    """The model's parameters that are trained, with their names: paddle also lists batch norm's statistics."""
    return [(name, parameter) for name, parameter in model.named_parameters() if not parameter.stop_gradient]


def train_step(
    model: paddle.nn.Layer,
    optimizer: paddle.optimizer.Optimizer,
    images: paddle.Tensor,
    labels: paddle.Tensor,
    l1: float = 0.0,
    l2: float = 0.0,
) -> dict[str, paddle.Tensor]:
    """One update on one batch: {"loss" (with penalties), "logits"} from before it, detached.

    ``l1`` adds l1 * sum |w| and ``l2`` adds l2 / 2 * sum w^2 to the loss, over all trainable parameters. The gradients
    stay in the parameters until the next step.
    """
    # By default clear_grad leaves zeros, and a parameter that gets no new gradient would go on moving by its moments.
    optimizer.clear_grad(set_to_zero=False)
    logits = model(images)
    loss = losses.cross_entropy(logits, labels)
    if l1:
        loss = loss + losses.l1_penalty((parameter for _, parameter in trainable(model)), l1)
    if l2:
        loss = loss + losses.l2_penalty((parameter for _, parameter in trainable(model)), l2)
    loss.backward()
    optimizer.step()
    return {"loss": loss.detach(), "logits": logits.detach()}
