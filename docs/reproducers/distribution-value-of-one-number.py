"""distribution-value-of-one-number: paddle >=3.0, <3.4. Promised: Parameters that no law has, values and pairs of
another shape: each is refused, with the default checks. Instead: The length of an event is not checked: a value of
one number is repeated for all of a Dirichlet, Multinomial or multivariate normal distribution, and LKJCholesky
takes a factor of more rows. Dirichlet([2, 2]) has the density 6 at [1]."""
import paddle

try:
    got = paddle.distribution.Dirichlet(paddle.to_tensor([2.0, 2.0])).log_prob(paddle.to_tensor([1.0])).item()
except Exception:
    got = "an error"
assert got == "an error", f"got {got}, expected an error"
