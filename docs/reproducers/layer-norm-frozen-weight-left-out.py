"""layer-norm-frozen-weight-left-out: paddle >=2.6.2, <3.4. Promised: The gradient goes back through a layer whose
weight and bias do not learn, by that weight. Instead: Where the weight of layer_norm has no gradient, as in a layer
that is frozen, the gradient of the input is that of the weight 1, and nothing says so: all layers in front learn
from wrong gradients. So it is on CPUs."""
import paddle

x, weight = paddle.to_tensor([[0.0, 1.0, 5.0]]), paddle.full([3], 2.0)
x.stop_gradient = False
plain, twice = (paddle.nn.functional.layer_norm(x, [3], each)[0, 0] for each in (None, weight))
got, once = (paddle.grad(each, [x])[0].numpy().tolist() for each in (twice, plain))
expected = [[2 * each for each in once[0]]]
assert abs(got[0][0] - expected[0][0]) < 1e-4, f"got {got}, expected {expected}"
