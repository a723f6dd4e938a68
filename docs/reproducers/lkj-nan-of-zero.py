"""lkj-nan-of-zero: paddle >=3.0, <3.4. Promised: Each correlation of a matrix drawn by LKJ's law has one law,
wherever it stands and by whichever method. Instead: One matrix in some millions is NaN: a row is divided by its
length, which is 0 where its normal number is exactly 0."""
import paddle

paddle.seed(3986)
drawn = paddle.distribution.LKJCholesky(3, 1.0, "onion").sample([128, 128])
got, expected = int(paddle.isnan(drawn).any(axis=[-2, -1]).sum()), 0
assert got == expected, f"got {got} matrices with NaN, expected {expected}"
