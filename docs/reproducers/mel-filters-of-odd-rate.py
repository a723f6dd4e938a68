"""mel-filters-of-odd-rate: paddle >=2.6.2, <3.4. Promised: Spectra of frames, in mels, in decibels, and their
cosine transform. Instead: Of an odd sample rate the layers take rate // 2 as the highest frequency, where
compute_fbank_matrix takes half of it: 800 for 800.5 Hz."""
import paddle

options = {"sr": 1601, "n_fft": 16, "hop_length": 4, "n_mels": 3, "f_min": 20.0}
x = paddle.ones([1, 40])
got = paddle.audio.features.MelSpectrogram(**options)(x)[0, 0, 0].item()
expected = paddle.audio.features.MelSpectrogram(**options, f_max=800.5)(x)[0, 0, 0].item()
assert abs(got / expected - 1) < 1e-5, f"got {got}, expected {expected}"
