"""adaptive-numbers-for-classes: paddle >=3.0, <3.4. Promised: The log-probabilities of a layer in the dtype of its
weights, and the most probable class of each input. Instead: predict gives classes as float32 unless every input
falls into a cluster, and log_prob gives float32 also for float64 weights."""
import paddle

made = paddle.nn.AdaptiveLogSoftmaxWithLoss
paddle.set_default_dtype("float64")
layer = made(8, 4, [2], div_value=2.0)  # with weights in float64
x = paddle.zeros([3, 8])  # equal logits: each input has class 0, which is in no cluster
paddle.set_default_dtype("float32")
got = [str(layer.predict(x).dtype), str(layer.log_prob(x).dtype)]
expected = [str(paddle.int64), str(paddle.float64)]
assert got == expected, f"of classes and log-probabilities got {got}, expected {expected}"
