"""tensor-split-empty-part-static: paddle+static=ast >=3.0, <3.4. Promised: Parts of which the first have one
element more, joined again from the last to the first. Instead: tensor_split into more parts than there are elements
raises AssertionError in a compiled program, where an eager one makes the last parts empty, as promised."""
import paddle


def parts(x):
    return paddle.tensor_split(x, 3)


try:
    shapes = [tuple(part.shape) for part in paddle.jit.to_static(parts, full_graph=True)(paddle.ones([2]))]
except AssertionError as error:
    raise AssertionError(f"got AssertionError, expected parts of 1, 1 and 0 elements: {error}") from None
assert shapes == [(1,), (1,), (0,)]
