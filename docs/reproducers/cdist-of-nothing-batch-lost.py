"""cdist-of-nothing-batch-lost: paddle >=3.1.1, <3.4. Promised: Of matrices without elements: 1 is their
determinant, 0 their norms and ranks, and no more than shapes all else. The gradient is without elements too.
Instead: The axes of a batch are lost where the points have no coordinates, or where there are none: [3, 3] for [2,
3, 3]."""
import paddle

x = paddle.ones([2, 3, 0])
got = paddle.cdist(x, x).shape
assert got == [2, 3, 3], f"got distances of shape {got}, expected [2, 3, 3]"
