"""second-gradient-refused: paddle >=3.0, <3.4. Promised: The gradient of a gradient times a vector is the Hessian
times that vector. Instead: Many calls have no second gradient: with create_graph=True an error says that the op's
gradient doesn't have any grad op."""
import paddle

x = paddle.to_tensor([0.0], dtype="float64", stop_gradient=False)
try:
    first = paddle.grad([paddle.nn.functional.gelu(x)], [x], create_graph=True)[0]
    got = round(paddle.grad([first], [x])[0].item(), 4)
except Exception as error:
    got = f"{type(error).__name__}: {error}"
paddle.set_grad_enabled(True)
assert got == 0.7979, f"got {got}, expected sqrt(2 / pi), 0.7979"
