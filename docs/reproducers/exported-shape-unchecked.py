"""exported-shape-unchecked: paddle+static >=2.6.2, <3.4. Promised: What comes back from a file does what the saved
model did, and refuses what it was not exported for. Instead: A model that was saved for inputs of three columns
takes inputs of four."""
import tempfile

import paddle


@paddle.jit.to_static(input_spec=[paddle.static.InputSpec([2, 3], "float32")], full_graph=True)
def program(x):
    return x * 2.0


with tempfile.TemporaryDirectory() as folder:
    paddle.jit.save(program, f"{folder}/model")
    loaded = paddle.jit.load(f"{folder}/model")
    try:
        loaded(paddle.ones([2, 4]))
    except Exception:
        pass
    else:
        raise AssertionError("got a result for four columns, expected a refusal")
