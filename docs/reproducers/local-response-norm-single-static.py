"""local-response-norm-single-static: paddle+static >=2.6.2, <3.4. Promised: x / (k + alpha * the mean of squares of
neighbouring channels) ** beta, with zeros beyond both ends. Instead: A program refuses float64 by a TypeError,
where an eager call computes it."""
import paddle


def normalized(x):
    return paddle.nn.functional.local_response_norm(x, 1)


x = paddle.ones([1, 1, 1, 1], dtype="float64")
print("eager:", normalized(x).numpy().ravel())
try:
    paddle.jit.to_static(normalized, full_graph=True)(x)
except TypeError as error:
    raise AssertionError("a compiled local_response_norm refuses float64") from error
