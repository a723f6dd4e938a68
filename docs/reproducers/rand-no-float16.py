"""rand-no-float16: paddle >=2.6.2, <3.0. Promised: Numbers of low precision that are uniform between 0 and 1 are
below 1: some 2^18 of them, in which 1 would be. Instead: There is no kernel that draws float16 numbers on the
CPU."""
import paddle

try:
    paddle.seed(0)
    found = paddle.rand([512, 512], 'float16').astype('float32')
    {'below': bool((found < 1).all()), 'from': bool((found >= 0).all())}
except Exception as error:
    raise AssertionError(f"refused: {error}") from error
