"""unique-other-order: paddle >=2.6.2, <3.4. Promised: The different elements or slices in order, for each where it
is among them, and how often each occurs. Instead: Along the third axis slices are ordered as if that axis and the
first were exchanged: not by their own elements in order."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[1, 3, 3], [1, 2, 4]], [[4, 4, 1], [3, 4, 3]]], 'int64'))
got = np.ravel(dict(zip(('output', 'inverse', 'counts'), [part.reshape(x.shape) if place == 1 and 2 is None else part for place, part in enumerate(paddle.unique(x, return_inverse=True, return_counts=True, axis=2))], strict=True))['inverse'])[1]
expected = 1
assert got == expected, f"got {got}, expected {expected}"
