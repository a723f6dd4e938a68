"""quanter-not-converted: paddle >=3.0, <3.4. Promised: A layer that is trained with fake quantisation computes with
its averaged scales in evaluation, also from its saved state, and where it was converted. Instead: QAT.convert of a
model that was trained with FakeQuanterWithAbsMaxObserver, the only quanter there is, raises an error: its zero
point is None."""
import paddle
from paddle.quantization import QAT, QuantConfig
from paddle.quantization.quanters import FakeQuanterWithAbsMaxObserver

quanter = FakeQuanterWithAbsMaxObserver(moving_rate=0.9)
process = QAT(QuantConfig(activation=quanter, weight=quanter))
model = process.quantize(paddle.nn.Sequential(paddle.nn.Linear(2, 1)))
model(paddle.ones([1, 2]))
try:
    got = process.convert(model)(paddle.ones([1, 2])).shape
except Exception as error:
    got = f"{type(error).__name__}: {error}"
assert list(got) == [1, 1], f"got {got}, expected an output of shape [1, 1]"
