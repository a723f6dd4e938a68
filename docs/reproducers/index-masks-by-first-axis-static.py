"""index-masks-by-first-axis-static: paddle+static >=3.2, <3.4. Promised: Truth values for one axis or several, with
other parts around them; they may choose nothing. Instead: Beside a slice a mask of several axes counts as one in a
program, as it did eagerly before 3.2: x[:, mask] of shape [2, 2, 2, 2] and a mask of [2, 2] is other elements than
eagerly, and where lengths differ it is refused."""
import paddle


def chosen(x, mask):
    return x[:, mask]


x, mask = paddle.arange(16.0).reshape([2, 2, 2, 2]), paddle.to_tensor([[True, False], [False, True]])
eager = chosen(x, mask).tolist()
try:
    got = paddle.jit.to_static(chosen, full_graph=True)(x, mask).tolist()
except Exception as error:
    got = f"{type(error).__name__}: {str(error)[-200:]}"
assert got == eager, f"x[:, mask] in a program: got {got}, eagerly {eager}"
