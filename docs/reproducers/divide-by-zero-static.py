"""divide-by-zero-static: paddle+static >=2.6.2, <3.4. Promised: The quotient with a number above or below; kernels
may multiply with the number's reciprocal. Instead: x / 0 is infinite or NaN in an eager call. A program forms 1 / 0
of the number by itself, in Python, which raises ZeroDivisionError."""
import paddle


def by_zero(x):
    return x / 0


try:
    paddle.jit.to_static(by_zero, full_graph=True)(paddle.to_tensor([1.0]))
except ZeroDivisionError as error:
    raise AssertionError("got a ZeroDivisionError, expected an infinity") from error
