"""digits-integers-through-floating-numbers: paddle >=2.6.2, <3.4. Promised: Integers keep all of their digits,
beyond those that float64 has. Instead: The matrix product of int64 is formed in float32, and a power whose exponent
is a tensor in float64: of (2^53 + 1) times 1 the product is 2^53, and 3877 to the power of 5 loses its last
digits."""
import paddle

product = paddle.matmul(paddle.to_tensor([[2**53 + 1]]), paddle.to_tensor([[1]])).item()
power = paddle.pow(paddle.to_tensor([3877]), paddle.to_tensor([5])).item()
got, expected = [product, power], [2**53 + 1, 3877**5]
assert got == expected, f"got {got}, expected {expected}"
