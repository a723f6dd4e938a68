"""clip-grad-norm-float32-eps: paddle >=2.6.2, <3.0. Promised: clip_grad_norm_ scales all gradients by one factor
where their norm is greater, and returns the norm. Instead: The 1e-6 that is added to the norm is float32 even where
the gradients are float64."""
import numpy as np
import paddle

def paddle_parameters(gradients):
    import paddle
    found = [paddle.create_parameter([2], 'float32')]
    for array in [np.array([-0.1321048632913019], 'float64')]:
        weight = paddle.create_parameter(array.shape, str(array.dtype))
        weight.set_value(np.zeros_like(array))
        (weight * paddle.to_tensor(array)).sum().backward()
        found.append(weight)
    return found
weights = paddle_parameters([np.array([-0.1321048632913019], 'float64')])
norm = paddle.nn.utils.clip_grad_norm_(weights, 0.013210486329130189, 2.0, error_if_nonfinite=False)
got = np.ravel({'norm': norm, **{f'gradient.{place}': each.grad for place, each in enumerate(weights[1:])}}['gradient.0'])[0]
expected = -0.013210386329887157
assert abs(got - expected) <= 4.7e-17, f"got {got}, expected {expected}"
