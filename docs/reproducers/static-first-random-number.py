"""static-first-random-number: paddle+static=ast >=2.6.2, <3.4. Promised: Statistics, buffers, weights and random
numbers go on from call to call as they do in the eager model. Instead: A random number of Python or NumPy is drawn
once, when the program is compiled, and is the same in every call."""
import random

import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    return x * random.random()


first, second = (program(paddle.ones([1])).item() for _ in range(2))
assert first != second, f"got {first} twice, expected another number"
