"""ECAPA-TDNN, a network that tells speakers apart, small: mvector's EcapaTdnn and ppvector's."""

SIZES = {
    "input_size": 20,
    "embd_dim": 16,
    "channels": [32, 32, 32, 32, 96],
    "attention_channels": 16,
    "res2net_scale": 4,
    "se_channels": 16,
}


def torch_model():
    from mvector.models.ecapa_tdnn import EcapaTdnn

    return EcapaTdnn(**SIZES)


def paddle_model():
    from ppvector.models.ecapa_tdnn import EcapaTdnn

    return EcapaTdnn(**SIZES)


inputs = ("batch", 30, 20)
