"""dlpack-no-protocol: paddle >=2.6.2, <3.0. Promised: An array taken by DLPack from a tensor, or from a view of
one, has its numbers and is its memory. Instead: Tensors have the DLPack protocol since paddle 3.0."""
import numpy as np
import paddle

try:
    def viewed(tensor, view):
        if view == 'transposed':
            return tensor.t()
        if view == 'sliced':
            return tensor[1:, ::2]
        if view == 'expanded':
            return tensor[:1].expand([3, 6])
        return {'0-d': tensor[0, 1], 'empty': tensor[:0]}.get(view, tensor)
    tensor = paddle.to_tensor(np.array([[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0, 11.0], [12.0, 13.0, 14.0, 15.0, 16.0, 17.0], [18.0, 19.0, 20.0, 21.0, 22.0, 23.0]], 'float32'))
    array = np.from_dlpack(viewed(tensor, 'contiguous'))
    before = array.copy()
    tensor.fill_(1)
    {'before': before, 'after': array}
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
