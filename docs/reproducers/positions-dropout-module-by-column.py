"""positions-dropout-module-by-column: paddle >=2.6.2, <3.3. Promised: Elements are dropped one by one, and whole
columns of 40 by a chance of 2e-12 alone, by share and a flag. Instead: The second argument of nn.Dropout is an
axis: Dropout(0.5, True), torch's way to say in place, drops whole columns. In 3.3 it says in place, so that
Dropout(0.5, 1) changes its meaning between releases. And as positions-dropout-trained."""
import paddle

found = paddle.nn.Dropout(0.5, True)(paddle.ones([40, 40]))
got = int((found == found[:1]).all(0).sum())
assert got == 0, f"got {got} columns of which all or nothing was dropped, expected 0"
