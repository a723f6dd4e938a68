"""power-to-db-whole-to-each: paddle >=3.0, <3.1. Promised: 10 log10(max(x, amin) / ref), not less than top_db below
the largest of all. Instead: The loudest that are equal have the whole gradient of the floor each, where they share
it."""
import paddle

x = paddle.to_tensor([8.0, 8.0, 0.125], stop_gradient=False)
paddle.audio.functional.power_to_db(x, top_db=10.0)[2].backward()  # 10 below the largest
got, expected = x.grad.tolist(), [0.2714, 0.2714, 0.0]
assert all(abs(one - other) < 1e-3 for one, other in zip(got, expected)), f"got {got}, expected {expected}"
