"""flip-first-axis: paddle >=2.6.2, <3.4. Promised: The order along some axes reversed, the axes in one argument or
in several. Instead: flip(0, 1) reverses axis 0 alone: the second number is taken for a name, and lost."""
import paddle

got = paddle.to_tensor([[1.0, 2.0], [3.0, 4.0]]).flip(0, 1).tolist()
assert got == [[4.0, 3.0], [2.0, 1.0]], f"got {got}, expected [[4.0, 3.0], [2.0, 1.0]]"
