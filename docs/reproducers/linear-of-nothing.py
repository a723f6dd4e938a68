"""linear-of-nothing: paddle >=2.6.2, <3.0. Promised: x weight' + bias, by the function and by the layer. Instead: A
linear layer of no rows raises an error: dims size must not be equal 0."""
import paddle

try:
    paddle.nn.functional.linear(paddle.zeros([0, 1]), paddle.ones([1, 1]), paddle.ones([1]))
except Exception as error:
    raise AssertionError(f"got {error}, expected no rows") from error
