"""positions-split-count: paddle >=2.6.2, <3.4. Promised: Calls that move elements, by position, give what they give
in torch, or are refused. Instead: The first argument of split is the count of parts, in torch the length of each:
x.split(2, 1) of six columns gives two parts of three and not three of two."""
import paddle

got = [part.shape[1] for part in paddle.ones([3, 6]).split(2, 1)]
assert got == [2, 2, 2], f"got parts of {got} columns, expected three of 2"
