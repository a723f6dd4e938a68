"""load-as-float32: paddle >=2.6.2, <3.4. Promised: A part of a file of 16 bits, as fractions or as int16; files of
other widths are refused. Instead: With normalize=False the numbers are float32, where its page says int16."""
import io
import wave

import paddle

data = io.BytesIO()
with wave.open(data, "wb") as file:
    file.setparams((1, 2, 8000, 1, "NONE", ""))
    file.writeframes((4096).to_bytes(2, "little"))
data.seek(0)
got = paddle.audio.load(data, num_frames=1, normalize=False)[0].dtype
assert got == paddle.int16, f"got {got}, expected {paddle.int16}"
