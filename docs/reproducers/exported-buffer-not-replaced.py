"""exported-buffer-not-replaced: paddle+static >=3.0, <3.4. Promised: What comes back from a file does what the
saved model did, and refuses what it was not exported for. Instead: A buffer that a model replaces in each call
stays as it was saved, in the call itself too: self.count = self.count + 1; return x * self.count gives the first
count for ever."""
import tempfile

import paddle

layer = paddle.nn.Layer()
layer.register_buffer("count", paddle.to_tensor([2.0]))


def forward(x):
    layer.count = layer.count + 1.0
    return x * layer.count


layer.forward = forward
with tempfile.TemporaryDirectory() as folder:
    spec = paddle.static.InputSpec([1], "float32")
    paddle.jit.save(layer, f"{folder}/model", input_spec=[spec])
    loaded = paddle.jit.load(f"{folder}/model")
    got = [loaded(paddle.ones([1])).item() for _ in range(2)]
assert got == [3.0, 4.0], f"got {got}, expected [3.0, 4.0]"
