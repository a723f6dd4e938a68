"""bernoulli-complement: paddle >=3.0, <3.1. Promised: A number is 1 with its probability, and 0 otherwise. Instead:
bernoulli_ gives 0 with the probability that is asked for, and 1 with the rest: a mean of 0.99 for 0.01."""
import paddle

paddle.seed(0)
got, expected = paddle.empty([100, 1000]).bernoulli_(0.01).mean().item(), 0.01
assert abs(got - expected) < 0.002, f"got a mean of {got}, expected {expected}"
