"""compiled-pinv-complex-conjugated: torch+compile >=2.12, <2.16. Promised: The pseudoinverse of complex matrices.
Instead: The compiled pseudoinverse of a complex matrix is another matrix, and nothing says so: its singular vectors
on the right are not conjugated. Torch 2.10 still compiled it right."""
import torch

x = torch.tensor([[1.0, 1.0j]])
got = torch.compile(torch.linalg.pinv, backend="aot_eager")(x).tolist()
assert abs(got[1][0] + 0.5j) < 1e-6, f"pseudoinverse of [[1, i]]: got {got}, expected [[0.5], [-0.5i]] as without compile"
