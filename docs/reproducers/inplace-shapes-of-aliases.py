"""inplace-shapes-of-aliases: paddle >=2.6.2, <3.4. Promised: A view that is reshaped in place leaves the tensor's
own shape as it is. Instead: detach, data and a slice of everything share the tensor itself, shape included:
y.detach().unsqueeze_(0) turns a y of shape [3, 4] into one of shape [1, 3, 4], and weight.detach().t_() transposes
the weight of a layer."""
import paddle

y = paddle.ones([3, 4])
y.detach().unsqueeze_(0)
got = list(y.shape)
assert got == [3, 4], f"got shape {got}, expected [3, 4]"
