"""compiled-cross-entropy-uint8-labels: torch+compile >=2.4, <2.16. Promised: Labels of any integer dtype name the
same classes. Instead: Labels of uint8, which the eager loss takes, are refused once it is compiled: the formula
that stands for the kernel gathers by them, and a gather takes no uint8."""
import torch

logits, labels = torch.zeros(1, 2), torch.tensor([1], dtype=torch.uint8)
eager = torch.nn.functional.cross_entropy(logits, labels).item()
try:
    got = torch.compile(torch.nn.functional.cross_entropy, backend="eager")(logits, labels).item()
except RuntimeError as error:
    got = str(error)
assert got == eager, f"compiled loss of uint8 labels: got {got[:300]!r}, expected {eager} as without compile"
