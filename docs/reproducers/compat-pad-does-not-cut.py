"""compat-pad-does-not-cut: paddle >=3.3, <3.4. Promised: Widths in pairs from the last axis on; a negative one
cuts. Instead: A negative width raises an error, where torch's cuts, unless there are widths for all axes but the
first two."""
import paddle

x = paddle.to_tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
try:
    got = paddle.compat.nn.functional.pad(x, [0, -1]).tolist()
except Exception as error:
    got = f"{type(error).__name__}: {error}"
assert got == [[1.0, 2.0], [4.0, 5.0]], f"got {got}, expected [[1.0, 2.0], [4.0, 5.0]]"
