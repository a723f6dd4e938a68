"""A pair file: the CNN of the reference implementation, which ``python -m reference_impl train`` trains."""

from reference_impl.paddle_impl.cnn import SimpleCNN as PaddleCNN
from reference_impl.torch_impl.cnn import SimpleCNN as TorchCNN

torch_model, paddle_model = TorchCNN, PaddleCNN
inputs = ("batch", 3, 32, 32)
