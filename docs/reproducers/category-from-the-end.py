"""category-from-the-end: paddle >=3.0, <3.4. Promised: A value that a law cannot draw is refused or has the density
0, and the density of NaN is NaN. Instead: The category -1 is the last one to log_prob, as an index that counts from
the end. One that is too large is refused."""
import paddle

law = paddle.distribution.Categorical(paddle.to_tensor([1.0, 2.0, 3.0]))
try:
    got = law.log_prob(paddle.to_tensor([-1])).item()
except Exception:
    got = "an error"
assert got == "an error", f"got {got}, expected an error"
