"""compat-max-skips-nan: paddle >=3.2, <3.4. Promised: The largest, the smallest or the lower median, with its index
along dim; a NaN is all of these, but of nanmedian. The gradient goes to the element that was chosen. Instead:
paddle.compat.max and min along dim skip NaN, which torch's give with its index: of [nan, 1] the largest is 1 with
index 1. Over all elements the value is NaN as in torch, and every gradient is NaN too, where torch's goes to the
NaN and is 0 elsewhere."""
import math

import paddle

values, indices = paddle.compat.max(paddle.to_tensor([math.nan, 1.0]), dim=0)
got = values.item(), indices.item()
assert math.isnan(got[0]) and got[1] == 0, f"got {got}, expected (nan, 0)"
