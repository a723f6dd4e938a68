import paddle


def by_zero(x):
    return x / 0


try:
    paddle.jit.to_static(by_zero, full_graph=True)(paddle.to_tensor([1.0]))
except ZeroDivisionError as error:
    raise AssertionError("got a ZeroDivisionError, expected an infinity") from error
