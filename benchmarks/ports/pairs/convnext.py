"""ConvNeXt, small: timm's ConvNeXt and paddleclas'."""


def torch_model():
    from timm.models.convnext import ConvNeXt

    return ConvNeXt(num_classes=5, depths=(1, 1, 2, 1), dims=(8, 16, 24, 32), ls_init_value=0.5)


def paddle_model():
    from paddleclas.ppcls.arch.backbone.model_zoo.convnext import ConvNeXt

    return ConvNeXt(class_num=5, depths=[1, 1, 2, 1], dims=[8, 16, 24, 32], layer_scale_init_value=0.5)


inputs = ("batch", 3, 64, 64)
blocks = [(0, 0), (1, 0), (2, 0), (2, 1), (3, 0)]
norms = {
    "stem.1": "downsample_layers.0.1",
    **{f"stages.{stage}.downsample.0": f"downsample_layers.{stage}.0" for stage in (1, 2, 3)},
    **{f"stages.{stage}.blocks.{block}.norm": f"stages.{stage}.{block}.norm" for stage, block in blocks},
}
names = {f"{one}.{part}": f"{other}.{part}" for one, other in norms.items() for part in ("weight", "bias")}
