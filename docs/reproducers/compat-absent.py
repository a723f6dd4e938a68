"""compat-absent: paddle >=2.6.2, <3.2. Promised: The largest, the smallest or the lower median, with its index
along dim; a NaN is all of these, but of nanmedian. The gradient goes to the element that was chosen. Instead: There
is no paddle.compat."""
import paddle

assert hasattr(paddle, "compat"), "got no paddle.compat, expected one with torch's functions"
