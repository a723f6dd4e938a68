"""clip-nan-ignored: paddle >=2.6.2, <3.0. Promised: A step with clipped gradients goes as far as the clipping says:
of all, of each parameter, of each element. Instead: A norm that is NaN counts as one within the limit: a NaN in one
gradient leaves all others as they are, where torch and later releases make all of them NaN. Else as
clip-without-eps."""
import numpy as np
import paddle

def paddle_parameters(gradients):
    import paddle
    found = [paddle.create_parameter([2], 'float32')]
    for array in [np.array([-1.6365921e-31, -3.9444272e-31, 4.650481e-31, 3.1905529e-31], 'float32'), np.array([[-1.7180167e-31, 2.1122198e-30, 1.0416914e-30, 9.7857013e-32, 6.9762895e-31], [4.6561585e-31, 3.248108e-31, 3.7825854e-31, -4.0068474e-31, 6.0644473e-31], [-9.459046e-31, 1.5246067e-30, 1.2474147e-30, np.nan, -2.8781433e-32], [-2.7203194e-31, -5.6828804e-31, 2.389726e-30, 1.6664436e-30, -2.0601632e-31]], 'float32')]:
        weight = paddle.create_parameter(array.shape, str(array.dtype))
        weight.set_value(np.zeros_like(array))
        (weight * paddle.to_tensor(array)).sum().backward()
        found.append(weight)
    return found
weights = paddle_parameters([np.array([-1.6365921e-31, -3.9444272e-31, 4.650481e-31, 3.1905529e-31], 'float32'), np.array([[-1.7180167e-31, 2.1122198e-30, 1.0416914e-30, 9.7857013e-32, 6.9762895e-31], [4.6561585e-31, 3.248108e-31, 3.7825854e-31, -4.0068474e-31, 6.0644473e-31], [-9.459046e-31, 1.5246067e-30, 1.2474147e-30, np.nan, -2.8781433e-32], [-2.7203194e-31, -5.6828804e-31, 2.389726e-30, 1.6664436e-30, -2.0601632e-31]], 'float32')])
kinds = {'global': paddle.nn.ClipGradByGlobalNorm, 'each': paddle.nn.ClipGradByNorm, 'value': paddle.nn.ClipGradByValue}
paddle.optimizer.SGD(1.0, parameters=weights, grad_clip=kinds['global'](10.0)).step()
got = np.ravel({f'step.{place}': -each for place, each in enumerate(weights[1:])}['step.0'])[0]
assert np.isnan(got), f"got {got}, expected NaN"
