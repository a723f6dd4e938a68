"""spelling-before-3-2: paddle >=2.6.2, <3.2. Promised: Reductions with dim, keepdim, dtype and correction. Instead:
Many of torch's names came with 3.2 alone, and raise an error before: dim of sum, permute, cat, tensor."""
import paddle

x = paddle.to_tensor([[1.0, 2.0]])
try:
    got = x.sum(dim=1, keepdim=True).tolist()
except Exception as error:
    got = f"{type(error).__name__}: {error}"
assert got == [[3.0]], f"got {got}, expected [[3.0]]"
