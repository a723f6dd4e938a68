"""contiguous-in-place: paddle >=2.6.2, <3.4. Promised: contiguous() leaves a view what it is: what is added to it
in place afterwards, its tensor has too. Instead: contiguous() does not only return a copy: it gives the view itself
the copy's memory, so that what is then written to the view no longer reaches its tensor."""
import paddle

tensor = paddle.zeros([2, 3])
view = tensor.transpose([1, 0])
view.contiguous()  # without this line the sum is 6
view.add_(paddle.ones([3, 2]))
assert float(tensor.sum()) == 6, tensor.tolist()
