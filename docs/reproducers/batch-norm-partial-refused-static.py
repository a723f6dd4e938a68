"""batch-norm-partial-refused-static: paddle+static=ast >=2.6.2, <3.0. Promised: A batch norm with only a weight, or
only a bias, trains it. Instead: functional.batch_norm with a weight and no bias, or a bias and no weight, compiled
as a whole graph raises RuntimeError on the way back: its gradient operator wants both or neither."""
import paddle


def normalized(x, weight):
    mean, variance = paddle.zeros([1]), paddle.ones([1])
    return paddle.nn.functional.batch_norm(x, mean, variance, weight, None, training=True)


weight = paddle.to_tensor([2.0], stop_gradient=False)
try:
    output = paddle.jit.to_static(normalized, full_graph=True)(paddle.to_tensor([[1.0], [3.0], [4.0]]), weight)
    output[2].backward()
    got = weight.grad.item()
except RuntimeError as error:
    got = f"RuntimeError: {error}"
assert str(got)[:4] == "1.06", f"gradient of the weight: got {got}, expected 1.069"
