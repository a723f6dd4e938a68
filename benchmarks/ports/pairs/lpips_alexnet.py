"""LPIPS, a distance of pictures, on AlexNet: lpips' LPIPS and paddle_lpips'."""


def torch_model():
    from lpips import LPIPS

    return LPIPS(pretrained=False, pnet_rand=True, verbose=False)


def paddle_model():
    from paddle_lpips import LPIPS

    return LPIPS(pretrained=False, pnet_rand=True, verbose=False)


inputs = [("batch", 3, 64, 64), ("batch", 3, 64, 64)]
