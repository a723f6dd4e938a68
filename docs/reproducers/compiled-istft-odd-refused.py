"""compiled-istft-odd-refused: torch+compile >=2.4, <2.16. Promised: The signal of which these are the transforms,
given as their parts. Instead: Windows of an odd length, which the eager call takes, are refused once it is
compiled: the formula that stands for the kernel makes the transform back without its length, which gives the even
number below."""
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
