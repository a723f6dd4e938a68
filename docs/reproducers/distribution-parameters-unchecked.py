"""distribution-parameters-unchecked: paddle >=3.0, <3.4. Promised: Parameters that no law has, values and pairs of
another shape: each is refused, with the default checks. Instead: StudentT, Chi2, LKJCholesky and the count of
Multinomial are checked, and covariances by the decomposition that fails. All other parameters are taken, though
most pages name their domain: Normal(0, -1) has an entropy of NaN, Uniform(2, 1) draws between 1 and 2, and
Exponential(-1) draws negative numbers."""
import paddle

try:
    got = paddle.distribution.Uniform(paddle.to_tensor([2.0]), paddle.to_tensor([1.0])).sample([1]).shape
except Exception:
    got = "an error"
assert got == "an error", f"got draws of shape {got}, expected an error"
