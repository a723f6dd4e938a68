"""embedding-bounded-static: paddle+static=ast >=3.1, <3.4. Promised: Rows that are looked up are first shortened to
a length in the table itself, without a gradient of that. Instead: An embedding with max_norm cannot be compiled:
TypeError, bool(Tensor) is not supported, from its own arithmetic."""
import paddle


def look_up(indices, weight):
    return paddle.nn.functional.embedding(indices, weight, max_norm=1.0)


indices, weight = paddle.to_tensor([0]), paddle.to_tensor([[-2.0]])
print("eager:", look_up(indices, weight.clone()).numpy())
try:
    print("compiled:", paddle.jit.to_static(look_up, full_graph=True)(indices, weight).numpy())
except (TypeError, ValueError) as error:
    raise AssertionError("an embedding with max_norm raises an error where it is compiled") from error
