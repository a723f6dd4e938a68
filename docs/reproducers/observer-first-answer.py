"""observer-first-answer: paddle >=3.0, <3.4. Promised: The scale of an observer is the largest size that it has
seen, of all or of groups of rows in each column, whether or not it was asked for on the way. Instead: The scale of
an AbsmaxObserver stays what it was when it was first asked for, whatever comes later: 1 for 2."""
import paddle
from paddle.quantization.observers.abs_max import AbsmaxObserverLayer

observer = AbsmaxObserverLayer(None)
observer(paddle.to_tensor([1.0]))
observer.scales()
observer(paddle.to_tensor([2.0]))
got, expected = float(observer.scales()), 2.0
assert got == expected, f"got {got}, expected {expected}"
