"""index-ellipsis-behind-static: paddle+static=ast >=3.3, <3.4. Promised: Tensors of integers among integers,
slices, None and an ellipsis: side by side or apart, as NumPy has it. Instead: An ellipsis behind a tensor of
integers, x[i, ...], is refused in a program by a TypeError about full(), where an eager call takes it; x[i] and
x[..., i] are taken."""
import paddle


def rows(x, places):
    return x[places, ...]


x, places = paddle.ones([2, 3]), paddle.to_tensor([1])
print("eager:", rows(x, places).shape)
try:
    paddle.jit.to_static(rows, full_graph=True)(x, places)
except TypeError as error:
    raise AssertionError("an ellipsis behind a tensor of integers is refused in a program") from error
