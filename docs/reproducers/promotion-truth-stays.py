"""promotion-truth-stays: paddle >=2.6.2, <3.0. Promised: A tensor and a number: the tensor's dtype, unless the
number is of a higher kind. Instead: A truth value and a whole number give a truth value: True + 2 is True."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(True, 'bool'))
got = {'add': lambda: x + 2, 'multiply': lambda: x * 2, 'subtract': lambda: x - 2}['add']()
assert str(got.dtype).endswith('int64'), f"got {got.dtype}"
