"""exported-sum-left-out: paddle+static >=3.0, <3.4. Promised: What comes back from a file does what the saved model
did, and refuses what it was not exported for. Instead: A number that the model adds last is left out of what
jit.save writes: a model that gives x + 1.5 gives x after loading."""
import tempfile

import paddle


@paddle.jit.to_static(input_spec=[paddle.static.InputSpec([2], "float32")], full_graph=True)
def program(x):
    return x + 1.5


with tempfile.TemporaryDirectory() as folder:
    paddle.jit.save(program, f"{folder}/model")
    loaded = paddle.jit.load(f"{folder}/model")
    got = loaded(paddle.ones([2])).tolist()
assert got == [2.5, 2.5], f"got {got}, expected [2.5, 2.5]"
