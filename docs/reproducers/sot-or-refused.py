import paddle

@paddle.jit.to_static(full_graph=False)
def program(x):
    return x * (x.sum() or x.max())


try:
    program(paddle.to_tensor([1.0, 2.0]))
except Exception as error:
    raise AssertionError(f"got {type(error).__name__}, expected [3.0, 6.0]") from error
