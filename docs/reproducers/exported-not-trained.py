"""exported-not-trained: paddle+static >=3.0, <3.4. Promised: What comes back from a file does what the saved model
did, and refuses what it was not exported for. Instead: train() of what jit.load gives changes nothing: dropout that
was saved in evaluation drops nothing."""
import tempfile

import paddle

model = paddle.nn.Dropout(0.5)
model.eval()
with tempfile.TemporaryDirectory() as folder:
    spec = paddle.static.InputSpec([256], "float32")
    paddle.jit.save(model, f"{folder}/model", input_spec=[spec])
    loaded = paddle.jit.load(f"{folder}/model")
loaded.train()
dropped = int((loaded(paddle.ones([256])) == 0).sum())
assert dropped, "got none dropped in training, expected about half"
