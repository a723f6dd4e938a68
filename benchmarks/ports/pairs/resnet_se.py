"""A ResNet with squeeze and excitation over spectrograms, small: mvector's ResNetSE and ppvector's."""

SIZES = {"input_size": 24, "layers": [1, 1, 1, 1], "num_filters": [8, 8, 16, 16], "embd_dim": 16}


def torch_model():
    from mvector.models.resnet_se import ResNetSE

    return ResNetSE(**SIZES)


def paddle_model():
    from ppvector.models.resnet_se import ResNetSE

    return ResNetSE(**SIZES)


inputs = ("batch", 30, 24)
