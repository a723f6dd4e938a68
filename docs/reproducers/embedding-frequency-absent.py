"""embedding-frequency-absent: paddle >=2.6.2, <3.0. Promised: Rows of a table; the gradient of a row is the sum
over its uses, or their mean, and 0 for the padding row. Instead: embedding takes no scale_grad_by_freq."""
import paddle

try:
    paddle.nn.functional.embedding(paddle.to_tensor([0]), paddle.ones([1, 1]), scale_grad_by_freq=True)
except TypeError as error:
    raise AssertionError(f"got {error}, expected one row") from error
