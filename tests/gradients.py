"""Floating inputs of operators whose gradients no contract asks for, and why: each kind of reason with its contracts.

What stands nowhere here must have its gradient compared: ``tests/test_gradients_of_arguments.py`` draws samples of
every operator and looks which floating inputs they have.
"""

from __future__ import annotations

STEPS = "The result counts, compares or rounds: it has no gradient."
CHOICES = "The result is a place, or a choice of elements that another contract of the call has the gradient of."
REFUSED = "Every input of the contract is refused."
OTHER = "Another contract of the same call has it; a formula there holds it apart from the other gradients."
LABELS = "It holds the labels 1 and -1, and is no quantity to learn; torch has no gradient of it or refuses it."
WEIGHTS = "Torch refuses a weight of classes that requires a gradient."
BUFFERS = "It is a buffer that layers update without gradients."
PLACES = "It is a number or a dtype that a table is made of, and no quantity to learn."
FORWARD = "The contract is of the value alone; that of the plain call has the gradient."
KERNEL = "Paddle's kernel has no gradient, and its result asks for none."
UNWRITTEN = "Its gradient is not written in the formula yet."
LAW = "It is a law of samples or of moments, which have no gradient in one of the two."


WITHOUT: dict[str, dict[str, tuple[str, ...]]] = {
    STEPS: dict.fromkeys(
        [
            "arithmetic.divide_integers",
            "arithmetic.increment",
            "cast.methods",
            "create.like",
            "elementwise.div_mode",
            "elementwise.floor_divide",
            "elementwise.heaviside",
            "elementwise.nextafter",
            "inplace.increment",
            "linear.matrix_rank",
            "quantisation.fake_quantize",
            "quantisation.to_whole",
            "reduction.all",
            "reduction.any",
            "reduction.count_nonzero",
            "statistic.bincount_weighted",
            "statistic.histc",
            "comparison.allclose",
            "comparison.equal",
            "comparison.equal_all",
            "comparison.greater",
            "comparison.greater_equal",
            "comparison.isclose",
            "comparison.isfinite",
            "comparison.isinf",
            "comparison.isnan",
            "comparison.less",
            "comparison.less_equal",
            "comparison.logical",
            "comparison.logical_not",
            "comparison.not_equal",
            "comparison.signbit",
            "comparison.with_numbers",
        ],
        (),
    ),
    CHOICES: dict.fromkeys(
        [
            "gather.nonzero",
            "linear.eigvalsh_triangles",
            "linear.qr_modes",
            "sort.argmax",
            "sort.argmin",
            "sort.indices",
            "sort.isin",
            "sort.searchsorted",
            "sort.topk_of_all",
            "sort.unique",
            "sort.unique_consecutive",
            "sort.values",
            "inplace.shapes_of_aliases",
        ],
        (),
    ),
    REFUSED: {"attention.refusals": (), "dropout.refusals": (), "embedding.padding_refusals": ()},
    OTHER: {
        "attention.mask_gradient": ("query", "key", "value"),
        "attention.masked": ("mask",),
        "losses.bce": ("target", "weight"),
        "losses.bce_target": ("x", "weight"),
        "losses.bce_with_logits": ("target", "weight", "pos_weight"),
        "losses.bce_with_logits_target": ("x", "weight", "pos_weight"),
        "losses.cross_entropy_soft": ("target", "weight"),
        "losses.cross_entropy_soft_target": ("x",),
        "linear.multi_dot_frozen": ("y", "z"),
        "normalization.layer_norm_frozen": ("weight", "bias"),
        "positions.block_diag": ("y",),
        "positions.kl_div": ("target",),
        "compat.multihead_attention": ("mask",),
        "transformer.attention": ("mask",),
        "transformer.decoder_layer": ("mask",),
        "transformer.encoder_layer": ("mask",),
    },
    LABELS: {
        "losses.cosine_embedding": ("target",),
        "losses.hinge_embedding": ("target",),
        "losses.margin_ranking": ("target",),
        "losses.soft_margin": ("target",),
    },
    WEIGHTS: {
        "losses.cross_entropy": ("weight",),
        "losses.cross_entropy_smoothed": ("weight",),
        "losses.multi_margin": ("weight",),
        "losses.nll": ("weight",),
    },
    BUFFERS: {
        "normalization.batch_norm_eval": ("running_mean", "running_variance"),
        "normalization.batch_norm_train": ("running_mean", "running_variance"),
        "normalization.spectral_norm": ("u", "v"),
        "positions.batch_norm": (),
    },
    PLACES: {"fft.frequencies": ("x",)},
    FORWARD: {
        "distribution.entropy_of_never": (),
        "distribution.exponential_below": (),
        "distribution.kl_poisson_at_zero": (),
        "linear.kron_turned": (),
        "normalization.fused_layer_norm": (),
        "normalization.fused_rms_norm": (),
        "recurrent.evaluation": (),
    },
    KERNEL: {"detection.box_coder": ("corner", "extent", "other", "side")},
    UNWRITTEN: {
        "distribution.softmax_transform": ("x",),
        "linear.matrix_norm_complex": (),
        "linear.ormqr": (),
        "linear.pinv_complex": (),
        "linear.pinv_singular": (),
        "special.i1": (),
    },
    LAW: {
        "distribution.bernoulli": (),
        "distribution.binomial": (),
        "distribution.geometric": ("value",),
        "distribution.laplace_moments": (),
        "distribution.poisson": ("value",),
        "distribution.student_t_moments": (),
    },
}
"""By reason and contract, the inputs; none named means all of them."""
