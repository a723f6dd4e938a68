"""statistics-are-parameters: paddle >=2.6.2, <3.4. Promised: parameters() lists what is trained, frozen or not, in
order, with names; running statistics are buffers. Instead: The running statistics of batch norm are parameters that
are not trained: parameters() lists them, and named_buffers() is empty."""
import paddle

got = len(paddle.nn.BatchNorm1D(2).parameters())
assert got == 2, f"got {got} parameters, expected 2, a weight and a bias"
