"""save-wraps-at-one: paddle >=2.6.2, <3.4. Promised: Fractions of 1, or whole numbers, become those of 16 bits;
what is louder is the loudest there is. Instead: A float32 sample of 1.0 is written as -32768, and louder ones wrap
around too, where full scale is 32767: the loudest peak turns into its opposite."""
import tempfile
import wave

import paddle

with tempfile.TemporaryDirectory() as folder:
    paddle.audio.save(f"{folder}/sound.wav", paddle.to_tensor([[1.0]]), 8000)
    with wave.open(f"{folder}/sound.wav") as file:
        got = int.from_bytes(file.readframes(1), "little", signed=True)
assert abs(got - 32767) <= 1, f"got {got}, expected 32767"
