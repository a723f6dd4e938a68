"""bernoulli-in-place-absent: paddle >=2.6.2, <3.0. Promised: A number is 1 with its probability, and 0 otherwise.
Instead: bernoulli_, log_normal, log_normal_, binomial and standard_gamma came with 3.0."""
import paddle

names = ("bernoulli_", "log_normal", "log_normal_", "binomial", "standard_gamma")
got = [name for name in names if not hasattr(paddle, name)]
assert got == [], f"got a paddle without {got}, expected one with all of {list(names)}"
