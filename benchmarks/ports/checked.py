"""What each published port was found to be by hand, with both sources read beside each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A published port, and what the check must say of it.

    torch, paddle: the packages. environment: the paddle package's, by its name in ``environments.py``. by_hand: what
    the sources say. says: words that the check must say where the models differ; none where they agree.
    """

    torch: str
    paddle: str
    environment: str
    by_hand: str
    says: tuple[str, ...] = ()


_SAME = "the same, line by line"
PUBLISHED = {
    "bert": Published(
        "transformers",
        "paddlenlp",
        "nlp",
        "agrees: post-norm layers, exact GELU, tanh pooler; paddlenlp sets the epsilon of 1e-12 when it initialises",
    ),
    "roberta": Published(
        "transformers", "paddlenlp", "nlp", "agrees: positions start behind the padding index on both sides"
    ),
    "electra": Published("transformers", "paddlenlp", "nlp", "agrees: both project the narrow embedding"),
    "ernie": Published("transformers", "paddlenlp", "nlp", "agrees: epsilon 1e-12 and exact GELU on both sides"),
    "albert": Published(
        "transformers",
        "paddlenlp",
        "nlp",
        "differs: the activation by default is gelu_new (tanh) in transformers and gelu (exact) in paddlenlp; a buffer "
        "of positions is in paddle's state alone, which is harmless",
        ("activation",),
    ),
    "albert_gelu": Published("transformers", "paddlenlp", "nlp", "agrees, once the activation is the same"),
    "t5": Published(
        "transformers",
        "paddlenlp",
        "nlp",
        "agrees: relative positions, ReLU, tied head scaled by the width; both norms compute in float32",
    ),
    "gpt2": Published(
        "transformers",
        "paddlenlp",
        "nlp",
        "agrees: torch keeps its matrices [in, out], with query, key and value in one; both take the GELU by its tanh",
    ),
    "gpt2_gelu": Published(
        "transformers",
        "paddlenlp",
        "nlp",
        "differs: torch is told to take the exact GELU, and paddlenlp's layer always passes approximate=True",
        ("approximate",),
    ),
    "llama": Published(
        "transformers",
        "paddlenlp",
        "nlp",
        "agrees: halves are rotated, keys repeated one by one; norm, table and softmax are in float32 on both sides",
    ),
    "unet": Published("diffusers", "ppdiffusers", "nlp", "agrees: ported file by file"),
    "vae": Published("diffusers", "ppdiffusers", "nlp", "agrees: ported file by file"),
    "vit": Published("timm", "ppim", "vision", "agrees, with ppim's epsilon set to timm's 1e-6"),
    "swin": Published(
        "timm",
        "ppim",
        "vision",
        "agrees: timm makes the mask and the index when it needs them, ppim keeps them in its state, which is harmless",
    ),
    "mixer": Published("timm", "ppim", "vision", "agrees: epsilon 1e-6 and exact GELU on both sides"),
    "convnext": Published(
        "timm",
        "paddleclas",
        "vision",
        "agrees: paddleclas writes the norm over channels out, with the same epsilon; the pair names them",
    ),
    "segformer": Published(
        "transformers",
        "paddleseg",
        "vision",
        "differs: the norms of blocks and stages have an epsilon of 1e-5 in transformers and of 1e-6 in paddleseg; the "
        "check names a stage's first, which comes after its block's",
        ("eps",),
    ),
    "segformer_epsilon": Published(
        "transformers",
        "paddleseg",
        "vision",
        "differs: with one epsilon, the head still drops whole channels in paddleseg and elements in transformers",
        ("whole channels",),
    ),
    "lpips_alexnet": Published("lpips", "paddle_lpips", "vision", f"agrees: {_SAME}"),
    "ecapa": Published("mvector", "ppvector", "vision", f"agrees: {_SAME}, without lengths"),
    "ecapa_speechbrain": Published(
        "speechbrain",
        "ppvector",
        "vision",
        "differs in shape alone: speechbrain's embedding is [batch, 1, width], ppvector's [batch, width]",
        ("[3, 1, 16]", "[3, 16]"),
    ),
    "campplus": Published(
        "mvector",
        "ppvector",
        "vision",
        "differs: ppvector leaves bias=False out, so that 121 convolutions have a bias more, and the last norm a scale "
        "and a shift; in training, mvector's checkpoints run norms a second time, which moves their statistics twice",
        ("bias",),
    ),
    "resnet_se": Published(
        "mvector",
        "ppvector",
        "vision",
        "differs: ppvector leaves bias=False out, so that 17 convolutions have a bias more",
        ("bias",),
    ),
}
"""By the name of the pair file."""
