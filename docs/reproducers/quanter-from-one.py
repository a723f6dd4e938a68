"""quanter-from-one: paddle >=2.6.2, <3.4. Promised: The scale of a quanter in training is accum / state, both from
0: state = rate state + 1, accum = rate accum + max |x|; in evaluation it is kept. Instead: State and accumulator
start at 1 where its page says that they are zero-initialized: the first scale is (0.9 + max|x|) / 1.9, 0.81 for
0.64, of a large tensor half of it, and of zeros 0.47. And as quanter-ties-away."""
import paddle
from paddle.quantization.quanters.abs_max import FakeQuanterWithAbsMaxObserverLayer

quanter = FakeQuanterWithAbsMaxObserverLayer(None, moving_rate=0.9)
quanter.train()
quanter(paddle.to_tensor([3.0, -1.0]))
got, expected = quanter.scales().item(), 3.0
assert abs(got - expected) < 1e-5, f"got {got}, expected {expected}"
