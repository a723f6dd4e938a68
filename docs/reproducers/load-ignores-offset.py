"""load-ignores-offset: paddle >=2.6.2, <3.4. Promised: A part of a file of 16 bits, as fractions or as int16; files
of other widths are refused. Instead: frame_offset is ignored unless num_frames is given: the whole file comes."""
import io
import wave

import paddle

data = io.BytesIO()
with wave.open(data, "wb") as file:
    file.setparams((1, 2, 8000, 4, "NONE", ""))
    file.writeframes(b"".join(number.to_bytes(2, "little") for number in (0, 4096, 8192, 16384)))
data.seek(0)
got, expected = paddle.audio.load(data, frame_offset=2)[0].tolist(), [[0.25, 0.5]]
assert got == expected, f"got {got}, expected {expected}"
