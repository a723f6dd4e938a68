"""save-bytes-of-doubles: paddle >=2.6.2, <3.4. Promised: Fractions of 1, or whole numbers, become those of 16 bits;
what is louder is the loudest there is. Instead: The bytes of a float64 tensor are written as if they were whole
numbers of 16 bits: 20 frames of noise for 5."""
import tempfile
import wave

import paddle

with tempfile.TemporaryDirectory() as folder:
    path = f"{folder}/sound.wav"
    paddle.audio.save(path, paddle.to_tensor([[0.25, 0.5, 0.75]], dtype="float64"), 8000)
    with wave.open(path) as file:
        got = file.getnframes()
assert got == 3, f"got {got} frames, expected 3"
