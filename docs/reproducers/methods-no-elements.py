"""methods-no-elements: paddle >=2.6.2, <3.0. Promised: What a tensor says of itself: axes, elements, shape, numbers
in lists; and its copies. Instead: A tensor without elements has no copy."""
import numpy as np
import paddle

x = paddle.to_tensor(np.zeros((0,), 'float32'))
try:
    x.clone()
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
