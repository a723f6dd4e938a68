"""lstsq-of-nothing-no-ranks: paddle >=3.1.1, <3.4. Promised: Of matrices without elements: 1 is their determinant,
0 their norms and ranks, and no more than shapes all else. The gradient is without elements too. Instead: The ranks
that lstsq returns are none where the matrices have no elements: two of three rows and no columns have the rank 0
each."""
import paddle

got = paddle.linalg.lstsq(paddle.ones([2, 3, 0]), paddle.ones([2, 3, 1]))[2].shape
assert got == [2], f"got ranks of shape {got}, expected [2]"
