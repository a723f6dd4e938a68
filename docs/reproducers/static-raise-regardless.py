"""static-raise-regardless: paddle+static=ast >=2.6.2, <3.4. Promised: A compiled program takes the branch that its
input's values choose, and its gradient goes back through it. Instead: An error that one side of a branch on a
tensor raises is raised when the program is compiled, whichever side the values choose."""
import paddle

@paddle.jit.to_static(full_graph=True)
def program(x):
    if x.sum() > 1000.0:
        raise ValueError("the sum is too large")
    return x * 2.0


try:
    program(paddle.to_tensor([1.0, 2.0]))
except ValueError as error:
    raise AssertionError("got the error of the side that is not taken, expected [2.0, 4.0]") from error
