import torch


def back(spectrum):
    return torch.istft(spectrum, 5, 2, window=torch.ones(5))


spectrum = torch.stft(torch.arange(8.0), 5, 2, window=torch.ones(5), return_complex=True)
eager = back(spectrum).tolist()
try:
    got = torch.compile(back, backend="eager")(spectrum).tolist()
except RuntimeError as error:
    got = str(error)
assert got == eager, f"compiled inverse of frames of 5: got {got[:300]!r}, expected {eager} as without compile"
