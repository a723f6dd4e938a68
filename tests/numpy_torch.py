"""NumPy under torch's name, as a module that an interpreter of its own can import too."""

from tests.numpy_lane import NumpyAdapter


class Adapter(NumpyAdapter):
    framework = "torch"
