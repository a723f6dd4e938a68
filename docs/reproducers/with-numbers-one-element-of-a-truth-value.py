"""with-numbers-one-element-of-a-truth-value: paddle >=2.6.2, <3.0. Promised: All six comparisons with a number,
which is not rounded to the tensor's dtype. Instead: x == True and x != True of a tensor without axes have one axis;
comparisons with other numbers have none."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array(1.5, 'float32'))
got = x == True
assert tuple(got.shape) == (), f"got shape {tuple(got.shape)}"
