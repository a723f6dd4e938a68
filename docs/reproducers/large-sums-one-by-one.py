"""large-sums-one-by-one: paddle >=2.6.2, <3.4. Promised: Sums and means of a million numbers, of all, along the
rows or along the columns. Instead: Along an axis float32 numbers are added one after another, and the mean of all
by a kernel that is hardly better: of 262144 rows of 0.6931 the mean is 0.6921, of ten million 0.634."""
import paddle

x = paddle.full([262144, 4], 0.6931)
got = paddle.mean(x, 0).tolist()
assert all(abs(each - 0.6931) < 1e-4 for each in got), f"got {got}, expected 0.6931"
