"""tensor-split-empty-part-static: paddle+static=ast >=3.0, <3.4. Promised: Parts of which the first have one
element more, joined again from the last to the first. Instead: tensor_split into more parts than there are elements
raises AssertionError in a compiled program, where an eager one makes the last parts empty, as promised."""
import paddle


def parts(x):
    return paddle.tensor_split(x, 3)


try:
    got = [tuple(part.shape) for part in paddle.jit.to_static(parts, full_graph=True)(paddle.ones([2]))]
except Exception as error:
    got = f"{type(error).__name__}: {str(error)[:200]}"
assert got == [(1,), (1,), (0,)], f"parts of 2 elements in 3: got {got}, expected shapes (1,), (1,) and (0,)"
