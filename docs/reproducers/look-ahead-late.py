"""look-ahead-late: paddle >=2.6.2, <3.4. Promised: Every k steps the weights go half of the way from where they
were, and a resumed run goes on where it stopped. Instead: LookAhead takes its slow weights after the first step and
not before it; and a run that loads its state counts its steps from 0 again, and takes the weights of its own first
step for the slow ones."""
import paddle

weight = paddle.create_parameter([1], "float32")
weight.set_value(paddle.zeros([1]))
inner = paddle.optimizer.SGD(1.0, parameters=[weight])
optimizer = paddle.incubate.LookAhead(inner, alpha=0.5, k=2)
for _ in range(2):
    weight.sum().backward()
    optimizer.step()
    optimizer.clear_grad()
got = weight.item()
assert got == -1.0, f"got {got} after two steps of -1 from 0, expected half of the way, -1.0"
