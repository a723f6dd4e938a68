"""ConvNeXt, small: timm's ConvNeXt and paddleclas'."""


def torch_model():
    from timm.models.convnext import ConvNeXt

    return ConvNeXt(num_classes=5, depths=(1, 1, 2, 1), dims=(8, 16, 24, 32), ls_init_value=0.5)


def paddle_model():
    from paddleclas.ppcls.arch.backbone.model_zoo.convnext import ConvNeXt

    return ConvNeXt(class_num=5, depths=[1, 1, 2, 1], dims=[8, 16, 24, 32], layer_scale_init_value=0.5)


inputs = ("batch", 3, 64, 64)
