"""exported-structure-lost: paddle+static >=2.6.2, <3.4. Promised: What comes back from a file does what the saved
model did, and refuses what it was not exported for. Instead: What a model gives comes back without its form:
tensors alone, in a list, those of a dictionary in the order of their names; numbers and None are left out, and a
list of one is its element."""
import tempfile

import paddle


@paddle.jit.to_static(input_spec=[paddle.static.InputSpec([1], "float32")], full_graph=True)
def program(x):
    return {"b": x * 2.0, "a": x * 3.0}


with tempfile.TemporaryDirectory() as folder:
    paddle.jit.save(program, f"{folder}/model")
    loaded = paddle.jit.load(f"{folder}/model")
    got = [each.item() for each in loaded(paddle.ones([1]))]
assert got == [2.0, 3.0], f"got {got} without names, expected b: 2.0, a: 3.0"
