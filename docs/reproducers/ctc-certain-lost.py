"""ctc-certain-lost: paddle >=2.6.2, <3.4. Promised: Minus the logarithm of the probability of all ways in which
frames can spell labels, with blanks between. Instead: Where a sequence is certain to the last bit its gradient is 1
for 0: the kernel takes the logarithm of 1, which is 0, for no share at all, and pushes the model away from what it
has learnt."""
import paddle

x = paddle.to_tensor([[[0.0, -40.0]]], stop_gradient=False)
labels, one = paddle.to_tensor([[0]], "int32"), paddle.to_tensor([1], "int64")
loss = paddle.nn.functional.ctc_loss(x, labels, one, one, blank=1, reduction="sum")
loss.backward()
got = x.grad.flatten().tolist()
assert abs(got[0]) < 1e-6, f"the loss is {float(loss)}; got its gradient {got}, expected [0.0, 0.0] to 1e-6"
