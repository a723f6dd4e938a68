"""sparse-sum-first-axis-alone: paddle >=2.6.2, <3.4. Promised: The sum over one axis, both or all of a matrix whose
coordinates are in any order. Instead: Of a list of axes the first alone is summed over: the sum of a matrix over
[0, 1] is that of its columns, [4, 2] for 6."""
import paddle

matrix = paddle.sparse.sparse_coo_tensor([[0, 0, 1], [0, 1, 0]], [1.0, 2.0, 3.0], [2, 2])
got, expected = paddle.sparse.sum(matrix, axis=[0, 1]).to_dense().tolist(), 6.0
assert got == expected, f"got {got}, expected {expected}"
