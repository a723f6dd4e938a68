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
