"""cast-cut-off: paddle >=3.0, <3.2. Promised: Every dtype into every other: rounded to nearest, integers wrapped
around, what is not 0 true, NaN too. Instead: A number cast to float16 is cut off and not rounded: -653.5 for
-654."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([-7.819085e-10, -2571.9224], 'float32'))
def call(x, dtype, how):
    if 'cast' == 'type_as':
        return x.type_as(paddle.zeros([], dtype='float16')) if hasattr(x, 'type_as') else x.astype('float16')
    if 'cast' == 'cast':
        return paddle.cast(x, 'float16')
    return x.astype('float16')
got = np.ravel(call(dtype='float16', how='cast', x=x))[0]
expected = -0.0
assert got == expected, f"got {got}, expected {expected}"
