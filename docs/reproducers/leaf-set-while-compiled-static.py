"""leaf-set-while-compiled-static: paddle+static=sot >=3.0, <3.4. Promised: A graph may be gone through once, or
again if kept, from a number, for floats, with its values intact. Instead: A function compiled by SOT that sets
stop_gradient = False on what it is given, and goes back to it, leaves it without a gradient: grad stays None and
nothing is said."""
import os

os.environ["MIN_GRAPH_SIZE"] = "0"  # or SOT runs so small a function eagerly

import paddle


def gradient(x):
    x.stop_gradient = False
    (x * x).sum().backward()
    return x.grad


got = paddle.jit.to_static(gradient, full_graph=False)(paddle.to_tensor([3.0, 1.0]))
assert got is not None and got.tolist() == [6.0, 2.0], f"got {got}, expected [6.0, 2.0]"
