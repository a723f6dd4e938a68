"""index-dtypes-inconsistent: paddle >=2.6.2, <3.0. Promised: Tensors or lists of integers, some negative, that
broadcast; an element named twice gets both gradients. Instead: A list of integers beside a tensor of int32 is
refused: the list has become one of int64."""
import paddle

x = paddle.to_tensor([[1.0, 2.0], [3.0, 4.0]])
try:
    got = x[[1], paddle.to_tensor([1], dtype="int32")].tolist()
except Exception as error:
    got = type(error)
assert got == [4.0], f"got {got}"
