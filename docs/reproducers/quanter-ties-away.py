"""quanter-ties-away: paddle >=2.6.2, <3.4. Promised: By a scale that is kept, each number becomes the nearest step
within the range, ties to even. Instead: Ties are rounded away from 0 where its page writes round, paddle.round and
torch's fake_quantize round them to even, and so does the quanter's own converted layer: 0.5 of a step becomes 1
step for 0."""
import paddle
from paddle.quantization.quanters.abs_max import FakeQuanterWithAbsMaxObserverLayer

quanter = FakeQuanterWithAbsMaxObserverLayer(None)
quanter.set_state_dict({**quanter.state_dict(), "_scale": paddle.to_tensor([127.0])})
quanter.eval()
got, expected = quanter(paddle.to_tensor([0.5, 1.5, 2.5])).tolist(), [0.0, 2.0, 2.0]
assert got == expected, f"got {got}, expected {expected}"
