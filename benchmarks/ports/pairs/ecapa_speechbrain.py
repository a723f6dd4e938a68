"""ECAPA-TDNN, small: speechbrain's ECAPA_TDNN and ppvector's EcapaTdnn."""


def torch_model():
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

    return ECAPA_TDNN(
        20, lin_neurons=16, channels=[32, 32, 32, 32, 96], attention_channels=16, res2net_scale=4, se_channels=16
    )


def paddle_model():
    from ppvector.models.ecapa_tdnn import EcapaTdnn

    return EcapaTdnn(
        20, embd_dim=16, channels=[32, 32, 32, 32, 96], attention_channels=16, res2net_scale=4, se_channels=16
    )


inputs = ("batch", 30, 20)
