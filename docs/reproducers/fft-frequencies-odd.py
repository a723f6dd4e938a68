"""fft-frequencies-odd: paddle >=2.6.2, <3.4. Promised: Frequencies of mels and of a spectrum, triangular filters of
every normalization, and a cosine transform. Instead: The bins of a transform of odd size end at half the rate,
where its last one lies below: 8000 for 7873 Hz of size 63, and the mel filters are moved likewise."""
import paddle

got = paddle.audio.functional.fft_frequencies(16000, 63)[-1].item()
expected = 31 * 16000 / 63
assert abs(got - expected) < 0.1, f"got {got}, expected {expected}"
