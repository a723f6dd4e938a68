"""An input that no gradient reaches eagerly gets a gradient of zeros in a compiled program."""
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
