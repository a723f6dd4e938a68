"""power-to-db-float32-numbers: paddle >=2.6.2, <3.0. Promised: 10 log10(max(x, amin) / ref), not less than top_db
below the largest of all. Instead: The reference's decibels are rounded to float32 beside a float64 tensor: with a
reference of 0.5 the decibels are off by 4e-8. And the loudest that are equal have the whole gradient each, where
they share it."""
import math

import paddle

x = paddle.to_tensor([1.0], dtype="float64")
got, expected = paddle.audio.functional.power_to_db(x, 0.5).item(), 10 * math.log10(2)
assert abs(got - expected) < 1e-12, f"got {got}, expected {expected}"
