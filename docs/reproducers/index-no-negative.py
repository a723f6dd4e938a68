"""index-no-negative: paddle >=2.6.2, <3.0. Promised: Tensors or lists of integers, some negative, that broadcast;
an element named twice gets both gradients. Instead: A tensor of integers may hold no negative one."""
import paddle

try:
    got = paddle.to_tensor([1.0, 2.0])[paddle.to_tensor([-1])].tolist()
except Exception as error:
    got = error
assert got == [2.0], f"got {got}, expected [2.0]"
