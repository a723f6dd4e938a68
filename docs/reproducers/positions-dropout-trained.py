"""positions-dropout-trained: paddle >=2.6.2, <3.4. Promised: In evaluation all is kept, whatever share training
would drop: by share and whether it is training. Instead: The third argument of dropout is an axis: dropout(x, p,
False), as torch models write evaluation, goes on dropping, whole rows of the first axis."""
import numpy as np
import paddle

x = paddle.to_tensor(np.array([[[[0.12573022, -0.13210486, 0.64042264, 0.104900114], [-0.5356694, 0.36159506, 1.304, 0.94708097], [-0.70373523, -1.2654215, -0.62327445, 0.04132598], [-2.3250308, -0.21879166, -1.245911, -0.7322674]], [[-0.544259, -0.31630015, 0.41163054, 1.0425134], [-0.12853466, 1.3664634, -0.6651947, 0.35151008], [0.90347016, 0.0940123, -0.7434993, -0.9217254], [-0.45772582, 0.22019513, -1.0096182, -0.20917557]]]], 'float32'))
got = np.asarray(paddle.nn.functional.dropout(x, 1.0, False))[0, 0, 0, 0]
expected = 0.1257302165031433
assert got == expected, f"got {got}, expected {expected}"
