"""initializer-functions-absent: paddle >=3.0, <3.2. Promised: Numbers are equally likely between two bounds.
Instead: The functions of paddle.nn.init, which are called as torch's are, came with 3.2."""
import paddle

weight = paddle.zeros([3])
try:
    paddle.nn.init.uniform_(weight, 1.0, 2.0)
except AttributeError as error:
    raise AssertionError(f"got {error}, expected numbers between 1 and 2") from error
