""""""
import paddle

got = paddle.linalg.eigvalsh(paddle.ones([0, 0], dtype="complex64")).dtype
assert got == paddle.float32, f"got {got}, expected {paddle.float32}"
