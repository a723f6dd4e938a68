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
