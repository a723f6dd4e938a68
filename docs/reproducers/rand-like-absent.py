"""rand-like-absent: paddle >=2.6.2, <3.1. Promised: Numbers are as many, and of the dtype, as those of another
tensor. Instead: randn_like came with 3.1, and rand_like with 3.2."""
import paddle

got = [name for name in ("rand_like", "randn_like") if not hasattr(paddle, name)]
assert not got, f"got no paddle.{' and no paddle.'.join(got)}, expected both"
