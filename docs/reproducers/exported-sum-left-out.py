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
