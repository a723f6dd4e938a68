"""gumbel-float32-number: paddle >=2.6.2, <3.0. Promised: Gumbel's distribution of the largest of many numbers.
Instead: The entropy is made by adding Euler's constant, which is rounded to float32 as in
add-number-float32-number: in float64 it is off by 6.6e-9."""
import paddle

scale = paddle.to_tensor(1.5, dtype="float64")
got = paddle.distribution.Gumbel(scale * 0.0, scale).entropy().item()
assert abs(got - 1.9826807730096971) <= 9.8e-16, f"got {got}"
