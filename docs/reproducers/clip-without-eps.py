"""clip-without-eps: paddle >=3.0, <3.4. Promised: A step with clipped gradients goes as far as the clipping says:
of all, of each parameter, of each element. Instead: ClipGradByGlobalNorm and ClipGradByNorm divide by the norm
alone, where torch (and paddle's own clip_grad_norm_) adds 1e-6 to it: gradients are clipped to the limit itself,
and tiny ones are not made far smaller. Of float64, ClipGradByNorm has no kernel."""
import numpy as np
import paddle

def paddle_parameters(gradients):
    import paddle
    found = [paddle.create_parameter([2], 'float32')]
    for array in [np.array([0.12573022], 'float32')]:
        weight = paddle.create_parameter(array.shape, str(array.dtype))
        weight.set_value(np.zeros_like(array))
        (weight * paddle.to_tensor(array)).sum().backward()
        found.append(weight)
    return found
weights = paddle_parameters([np.array([0.12573022], 'float32')])
kinds = {'global': paddle.nn.ClipGradByGlobalNorm, 'each': paddle.nn.ClipGradByNorm, 'value': paddle.nn.ClipGradByValue}
paddle.optimizer.SGD(1.0, parameters=weights, grad_clip=kinds['global'](0.012573021650314332)).step()
got = np.ravel({f'step.{place}': -each for place, each in enumerate(weights[1:])}['step.0'])[0]
expected = 0.0125729217
assert abs(got - expected) <= 1.1e-08, f"got {got}, expected {expected}"
