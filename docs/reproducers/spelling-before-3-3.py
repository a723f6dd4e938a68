"""spelling-before-3-3: paddle >=3.2, <3.3. Promised: Reductions with dim, keepdim, dtype and correction. Instead:
Some of torch's names came with 3.3 alone, and raise an error before: dim of quantile, gather by torch's rule, clamp
of a tensor, steps of linspace."""
import paddle

x = paddle.to_tensor([[1.0, 2.0]])
try:
    got = x.quantile(q=0.5, dim=1, keepdim=True).tolist()
except Exception as error:
    got = f"{type(error).__name__}: {error}"
assert got == [[1.5]], f"got {got}, expected [[1.5]]"
