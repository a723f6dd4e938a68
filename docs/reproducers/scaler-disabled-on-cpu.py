"""scaler-disabled-on-cpu: paddle >=2.6.2, <3.4 on cpu. Promised: A scaler multiplies the loss, divides the
gradients, skips steps that overflow, and moves its scale. Instead: On a CPU GradScaler does nothing, after a
warning: the loss is not scaled, and a step with an infinite gradient is taken, where torch's skips it."""
import paddle

got = paddle.amp.GradScaler(init_loss_scaling=4.0).scale(paddle.to_tensor(1.0)).item()
assert got == 4.0, f"got {got}, expected 4.0"
