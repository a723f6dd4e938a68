"""bce-target-zero-static: paddle+static >=2.6.2, <3.4. Promised: The gradient of a target is the difference of the
two logarithms, neither of them below -100. Instead: An input that no gradient reaches, as of
bce-target-no-gradient, gets one of zeros from a compiled program: an optimizer takes it for one, and decays the
weight."""
import paddle


def loss(x, target):
    return paddle.nn.functional.binary_cross_entropy(x, target)


def gradient(function):
    x, target = paddle.to_tensor([0.5]), paddle.to_tensor([0.25], stop_gradient=False)
    x.stop_gradient = False
    function(x, target).sum().backward()
    return target.grad


eager, compiled = gradient(loss), gradient(paddle.jit.to_static(loss, full_graph=True))
print("eager:", eager, "compiled:", compiled)
assert (eager is None) == (compiled is None), "the gradient is absent eagerly, and zeros where it is compiled"
