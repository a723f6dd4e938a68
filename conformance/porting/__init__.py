"""A user's own model and its port: ``conformance port my_port.py``.

The laws here have no oracle in NumPy, which cannot know the user's network. The arbiter is the model itself in
float64, in both frameworks: there a port that is right agrees to many more digits than float32 shows, so that an
error far below single precision's noise stands out, and that noise itself is measured and says what is normal.
"""
