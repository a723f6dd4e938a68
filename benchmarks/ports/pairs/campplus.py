"""CAM++, a network that tells speakers apart, small: mvector's CAMPPlus and ppvector's."""

SIZES = {"input_size": 24, "embd_dim": 16, "growth_rate": 8, "bn_size": 2, "init_channels": 16}


def torch_model():
    from mvector.models.campplus import CAMPPlus

    return CAMPPlus(**SIZES)


def paddle_model():
    from ppvector.models.campplus import CAMPPlus

    return CAMPPlus(**SIZES)


inputs = ("batch", 30, 24)
