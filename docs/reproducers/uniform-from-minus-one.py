"""uniform-from-minus-one: paddle >=2.6.2, <3.3. Promised: Without bounds numbers lie between 0 and 1. Instead:
Without bounds uniform and uniform_ draw from [-1, 1); from 3.3 on from [0, 1), as torch's."""
import paddle

paddle.seed(0)
function, method = paddle.uniform([4096]), paddle.empty([4096]).uniform_()
got, expected = [function.min().item(), method.min().item()], "at least 0"
assert min(got) >= 0.0, f"got the smallest numbers {got} of uniform and uniform_, expected {expected}"
