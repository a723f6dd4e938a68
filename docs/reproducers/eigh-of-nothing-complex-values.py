"""eigh-of-nothing-complex-values: paddle >=3.1.1, <3.4. Promised: Of matrices without elements: 1 is their
determinant, 0 their norms and ranks, and no more than shapes all else. The gradient is without elements too.
Instead: The eigenvalues of a complex matrix without elements are complex, where those of any other are real."""
import paddle

got = paddle.linalg.eigvalsh(paddle.ones([0, 0], dtype="complex64")).dtype
assert got == paddle.float32, f"got {got}, expected {paddle.float32}"
