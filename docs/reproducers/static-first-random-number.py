import random

import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    return x * random.random()


first, second = (program(paddle.ones([1])).item() for _ in range(2))
assert first != second, f"got {first} twice, expected another number"
