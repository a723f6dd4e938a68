"""embedding-padding-row: paddle >=2.6.2, <3.4. Promised: The padding index of an embedding keeps its row from being
trained; what the row holds is still looked up. Instead: embedding gives zeros for the padding index, as its
documentation says; torch looks up the row, which is zero only until someone writes to it. A transferred table whose
padding row is not zero computes something else."""
import numpy as np
import paddle
from paddle.nn import functional

indices = paddle.to_tensor(np.array([0, 1], 'int64'))
weight = paddle.to_tensor(np.array([[3.0], [5.0]], 'float32'))
got = np.asarray(functional.embedding(indices, weight, 0))[0, 0]
expected = 3.0
assert got == expected, f"got {got}, expected {expected}"
