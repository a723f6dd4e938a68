"""assign-number-no-axes: paddle >=2.6.2, <3.4. Promised: A number written to a part, which has no gradient any
more. Instead: y[...] = 3 is refused where y has no axes, in every dtype but float32, by a message that speaks of
more than six."""
import paddle

y = paddle.to_tensor(0.5, dtype="float64")
try:
    y[...] = 3
    got = y.item()
except Exception as error:
    got = error
assert got == 3, f"got {got}, expected 3.0"
