"""A compiled local_response_norm refuses float64, which an eager one computes."""
import paddle


def normalized(x):
    return paddle.nn.functional.local_response_norm(x, 1)


x = paddle.ones([1, 1, 1, 1], dtype="float64")
print("eager:", normalized(x).numpy().ravel())
try:
    paddle.jit.to_static(normalized, full_graph=True)(x)
except TypeError as error:
    raise AssertionError("a compiled local_response_norm refuses float64") from error
