"""windows-some-unknown: paddle >=2.6.2, <3.0. Promised: Weights that fade at both ends, symmetric or periodic, as
SciPy defines them. Instead: The windows bartlett, nuttall and kaiser are not known."""
import paddle

unknown = []
for window in ("bartlett", "nuttall", ("kaiser", 8.0)):
    try:
        paddle.audio.functional.get_window(window, 7, fftbins=False)
    except ValueError as error:
        unknown.append(str(error))
assert not unknown, f"got {unknown}, expected the weights of each window"
