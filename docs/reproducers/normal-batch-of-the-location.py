"""normal-batch-of-the-location: paddle >=2.6.2, <3.4. Promised: One location and four scales make four draws, each
of its own chance. Instead: The batch has the shape of the location alone: one location and four scales make one
draw, four times as it is, and batch_shape is ()."""
import numpy as np
import paddle

def _told(draws, batch):
    apart = np.ptp(draws.reshape(-1, 4), axis=-1) > 1e-06
    return {'shape': str(draws.shape), 'batch': str(tuple(batch)), 'apart': bool(apart.all())}
paddle.seed(0)
scale = paddle.to_tensor([1.0, 2.0, 3.0, 4.0])
made = paddle.distribution.Normal(paddle.to_tensor(0.0), scale)
got = np.asarray(_told((made.rsample(()) / scale).numpy(), made.batch_shape)['batch'])[()]
expected = '(4,)'
assert got == expected, f"got {got}, expected {expected}"
