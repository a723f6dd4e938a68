"""eig-of-nothing-refused: paddle >=3.1.1, <3.3. Promised: Of matrices without elements: 1 is their determinant, 0
their norms and ranks, and no more than shapes all else. The gradient is without elements too. Instead: eig refuses
matrices without elements; eigvals and eigh take them."""
import paddle

try:
    got = paddle.linalg.eig(paddle.ones([0, 0]))[0].shape
except Exception as error:
    got = error
assert got == [0], f"got {got}, expected eigenvalues of shape [0]"
