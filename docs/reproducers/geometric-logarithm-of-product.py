"""geometric-logarithm-of-product: paddle >=2.6.2, <3.4. Promised: How often a truth value is false before it is
true for the first time. Instead: log_pmf is the logarithm of the probability: -inf with a gradient of NaN for
-277.95 where the probability is below 1e-38."""
import paddle

probs = paddle.to_tensor(0.5, stop_gradient=False)
found = paddle.distribution.Geometric(probs).log_pmf(400)
found.backward()
got, expected = float(found), -277.95
assert abs(got - expected) < 0.01, f"got {got} with the gradient {float(probs.grad)}, expected {expected}"
