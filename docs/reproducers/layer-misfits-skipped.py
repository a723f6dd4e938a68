"""layer-misfits-skipped: paddle >=2.6.2, <3.4. Promised: A state with an entry of another shape is refused.
Instead: An entry of another shape is left out with a warning, and the layer keeps what it had, where torch refuses
the whole state."""
import paddle

try:
    paddle.nn.Linear(2, 2).set_state_dict({"weight": paddle.zeros([3, 3]), "bias": paddle.zeros([2])})
    got = "the layer as it was"
except Exception:
    got = "an error"
assert got == "an error", f"got {got}, expected an error"
