"""index-masks-by-first-axis: paddle >=3.0, <3.2. Promised: Truth values for one axis or several, with other parts
around them; they may choose nothing. Instead: Beside a slice a mask of several axes counts as one: x[:, mask] of
shape [3, 2, 4] and a mask of [2, 4] is refused, and where lengths agree by chance other elements come back."""
import paddle

x, mask = paddle.arange(1.0, 7.0).reshape([3, 1, 2]), paddle.to_tensor([[True, False]])
try:
    got = x[:, mask].tolist()
except Exception as error:
    got = f"{type(error).__name__}: {str(error)[:200]}"
assert got == [[1.0], [3.0], [5.0]], f"x[:, mask]: got {got}, expected [[1.0], [3.0], [5.0]]"
