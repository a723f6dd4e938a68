"""contiguous-single-elements: paddle >=2.6.2, <3.4. Promised: A tensor whose elements lie in memory in order is
contiguous; contiguous() copies any other, and no such one. Instead: The stride of an axis that has one element
counts: a tensor whose elements lie in memory in order, as a column of one row, is told to be not contiguous, and
contiguous() copies it."""
import paddle

row = paddle.to_tensor([[1.0], [2.0]]).transpose([1, 0])
assert row.is_contiguous(), f"of shape {list(row.shape)}, with strides {row.strides}"
