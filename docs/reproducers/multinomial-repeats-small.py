"""multinomial-repeats-small: paddle >=2.6.2, <3.4. Promised: Without replacement every place that has a weight
comes once, however small its weight is. Instead: Without replacement a place is drawn again and again where the
others' shares are below 6e-8, half the distance to the next number below 1."""
import paddle

weights = paddle.to_tensor([[1.0, 1e-8]] * 1000)
drawn = paddle.multinomial(weights, 2)
got = int((drawn[:, 0] == drawn[:, 1]).sum())
assert got == 0, f"got {got} rows of 1000 with one place twice, expected 0"
