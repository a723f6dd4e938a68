"""promotion-as-the-left: paddle >=2.6.2, <3.0. Promised: Of two dtypes the result has the wider of one kind, and of
two kinds the higher: integers, floating, complex. Instead: Integers and truth values on the left keep their dtype:
of int64 and float32 the sum is int64, and a fraction is lost."""
import paddle

x, y = paddle.to_tensor([2], dtype="int64"), paddle.to_tensor([3.5], dtype="float32")
try:
    got = (x + y).tolist()
except TypeError as error:  # later releases refuse
    got = error
assert got != [5], f"got {got}, expected [5.5]"
