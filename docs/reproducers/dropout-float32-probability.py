"""dropout-float32-probability: paddle >=2.6.2, <3.4. Promised: Each element is dropped for itself; the others are
divided by 1 - p, unless evaluation multiplies by it. Instead: 1 - p is kept in float32, in float64 too: with p =
0.1 all that is kept is 2.6e-8 too large."""
import paddle

got = float(paddle.nn.functional.dropout(paddle.ones([1000], "float64"), 0.1).max())
expected = 1 / 0.9
assert abs(got - expected) <= 1e-12, f"got {got}, expected {expected}"
