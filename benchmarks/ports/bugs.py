"""Thirty bugs in published models, chosen before the check saw any of them."""

from __future__ import annotations

from benchmarks.ports.planting import Bug

NLP, VISION, VOICE, DIFFUSION = "paddlenlp.transformers", "ppim.models", "ppvector.models", "ppdiffusers.models"

_LIST = [
    Bug(
        "bias transposed",
        "t5",
        "the relative position is taken from the other side, so that the bias is transposed",
        {
            f"{NLP}.t5.modeling": [
                (
                    "relative_position = memory_position - context_position",
                    "relative_position = context_position - memory_position",
                )
            ]
        },
        r"t5\.t5\.encoder\.block\.0\.layer\.0\.SelfAttention(\.relative_attention_bias|\.o)?",
    ),
    Bug(
        "tied head unscaled",
        "t5",
        "the tied output projection is not scaled by the root of the width",
        {f"{NLP}.t5.modeling": [('sequence_output = sequence_output * (self.t5.config["d_model"] ** -0.5)', "pass")]},
        r"t5(\.t5)?(\.decoder(\.dropout|\.final_layer_norm)?)?",
    ),
    Bug(
        "mask off by one",
        "t5",
        "the decoder sees the next token",
        {f"{NLP}.t5.modeling": [(") <= seq_ids.unsqueeze(axis=[0, 2])", ") <= seq_ids.unsqueeze(axis=[0, 2]) + 1")]},
        r"t5\.t5\.decoder(\.block\.0(\.layer\.0(\.SelfAttention(\.o)?)?)?)?",
    ),
    Bug(
        "rotation interleaved",
        "llama",
        "the rotary embedding turns neighbours instead of halves",
        {
            f"{NLP}.llama.modeling": [
                (
                    "x1 = x[..., : x.shape[-1] // 2]\n    x2 = x[..., x.shape[-1] // 2 :]",
                    "x1 = x[..., 0::2]\n    x2 = x[..., 1::2]",
                ),
                (
                    "return paddle.concat([-x2, x1], axis=-1)",
                    "return paddle.stack([-x2, x1], axis=-1).reshape(x.shape)",
                ),
            ]
        },
        r"llama\.llama\.layers\.0\.self_attn(\.rotary_emb|\.o_proj)?",
    ),
    Bug(
        "final norm missing",
        "llama",
        "the norm before the output projection is not applied",
        {
            f"{NLP}.llama.modeling": [
                ("        hidden_states = self.norm(hidden_states)", "        hidden_states = hidden_states + 0")
            ]
        },
        r"llama\.llama\.norm(\.weight)?|llama\.lm_head|llama\.llama",
    ),
    Bug(
        "keys tiled",
        "llama",
        "grouped keys and values are repeated as a whole instead of one by one",
        {
            f"{NLP}.llama.modeling": [
                (
                    "hidden_states = hidden_states.unsqueeze(-2).tile([1, 1, 1, n_rep, 1])",
                    "hidden_states = hidden_states.tile([1, 1, n_rep, 1])",
                )
            ]
        },
        r"llama\.llama\.layers\.0\.self_attn(\.o_proj)?",
    ),
    Bug(
        "gate and up swapped",
        "llama",
        "the activation is applied to the other of two projections",
        {
            f"{NLP}.llama.modeling": [
                ("x = swiglu(self.gate_proj(x), self.up_proj(x))", "x = swiglu(self.up_proj(x), self.gate_proj(x))")
            ]
        },
        r"llama\.llama\.layers\.0\.mlp(\.down_proj|\.gate_proj|\.up_proj)?",
    ),
    Bug(
        "norm subtracts the mean",
        "llama",
        "a layer norm where a root mean square norm belongs",
        {
            f"{NLP}.llama.modeling": [
                (
                    '                hidden_states = hidden_states.astype("float32")\n',
                    '                hidden_states = hidden_states.astype("float32")\n'
                    + "                hidden_states = hidden_states - hidden_states.mean(-1, keepdim=True)\n",
                )
            ]
        },
        r"llama\.llama\.layers\.0\.input_layernorm",
    ),
    Bug(
        "mask too weak",
        "gpt2",
        "the mask adds -1 where it must add minus infinity",
        {f"{NLP}.gpt.modeling": [("mask = paddle.full_like(x, -np.inf)", "mask = paddle.full_like(x, -1.0)")]},
        r"decoder\.layers\.0\.self_attn(\.out_proj)?",
    ),
    Bug(
        "heads not transposed back",
        "gpt2",
        "the heads are joined without moving them behind the tokens",
        {
            f"{NLP}.gpt.modeling": [
                (
                    "out = tensor.transpose(out, perm=[0, 2, 1, 3])  # bs, seq_len, num_head, head_dim\n"
                    "        out = tensor.reshape(x=out, shape=[0, 0, -1])",
                    "out = out\n        out = tensor.reshape(x=out, shape=[out.shape[0], out.shape[2], -1])",
                )
            ]
        },
        r"decoder\.layers\.0\.self_attn(\.out_proj)?",
    ),
    Bug(
        "positions from one",
        "bert",
        "the first position is 1",
        {f"{NLP}.bert.modeling": [("position_ids = seq_length - ones", "position_ids = seq_length")]},
        r"embeddings(\.position_embeddings)?",
    ),
    Bug(
        "last token pooled",
        "ernie",
        "the pooler takes the last token instead of the first",
        {
            f"{NLP}.ernie.modeling": [
                ("first_token_tensor = hidden_states[:, 0]", "first_token_tensor = hidden_states[:, -1]")
            ]
        },
        r"pooler(\.dense)?",
    ),
    Bug(
        "pooler without tanh",
        "roberta",
        "the pooler's activation is left out",
        {f"{NLP}.roberta.modeling": [("pooled_output = self.activation(pooled_output)", "pass")]},
        r"pooler(\.dense|\.activation)?",
    ),
    Bug(
        "token types left out",
        "electra",
        "the embedding of the token types is not added",
        {
            f"{NLP}.electra.modeling": [
                (
                    "embeddings = input_embeddings + position_embeddings + token_type_embeddings",
                    "embeddings = input_embeddings + position_embeddings + 0 * token_type_embeddings",
                )
            ]
        },
        r"(electra\.)?embeddings(\.layer_norm)?",
    ),
    Bug(
        "scores divided by the width",
        "albert_gelu",
        "attention scores are divided by the width of a head instead of its root",
        {
            f"{NLP}.albert.modeling": [
                (
                    "attention_scores / math.sqrt(self.attention_head_size)",
                    "attention_scores / self.attention_head_size",
                )
            ]
        },
        r"(transformer|encoder)\.albert_layer_groups\.0\.albert_layers\.0\.attention(\.attention_dropout|\.dense)?",
    ),
    Bug(
        "heads before query, key, value",
        "vit",
        "the fused projection is split into heads first",
        {
            f"{VISION}.vit": [
                (
                    ".reshape((-1, N, 3, self.num_heads, C // self.num_heads))\n"
                    "            .transpose((2, 0, 3, 1, 4))",
                    ".reshape((-1, N, self.num_heads, 3, C // self.num_heads))\n"
                    "            .transpose((3, 0, 2, 1, 4))",
                )
            ]
        },
        r"blocks\.0\.attn(\.attn_drop|\.proj)?",
    ),
    Bug(
        "patches by column",
        "vit",
        "patches are put in a row column by column",
        {
            f"{VISION}.vit": [
                (
                    "x = self.proj(x).flatten(2).transpose((0, 2, 1))",
                    "x = self.proj(x).transpose((0, 1, 3, 2)).flatten(2).transpose((0, 2, 1))",
                )
            ]
        },
        r"patch_embed|pos_drop",
    ),
    Bug(
        "shift reversed",
        "swin",
        "windows are shifted the other way",
        {
            f"{VISION}.swin": [
                (
                    "x, shifts=(-self.shift_size, -self.shift_size), axis=(1, 2)",
                    "x, shifts=(self.shift_size, self.shift_size), axis=(1, 2)",
                )
            ]
        },
        r"layers\.0\.blocks\.1(\.attn(\.qkv)?)?",
    ),
    Bug(
        "position index transposed",
        "swin",
        "the index of the relative position bias is that of the transposed window",
        {
            f"{VISION}.swin": [
                (
                    "relative_coords = coords_flatten.unsqueeze(-1) - coords_flatten.unsqueeze(\n"
                    "            1\n"
                    "        )",
                    "relative_coords = coords_flatten.unsqueeze(1) - coords_flatten.unsqueeze(\n"
                    "            -1\n"
                    "        )",
                )
            ]
        },
        r"layers\.0\.blocks\.0\.attn(\.softmax|\.attn_drop|\.proj)?",
    ),
    Bug(
        "window mask missing",
        "swin",
        "shifted windows see what was rolled into them",
        {
            f"{VISION}.swin": [
                (
                    "attn_windows = self.attn(x_windows, mask=self.attn_mask)",
                    "attn_windows = self.attn(x_windows, mask=None)",
                )
            ]
        },
        r"layers\.0\.blocks\.1(\.attn(\.softmax|\.attn_drop|\.proj)?)?",
    ),
    Bug(
        "paths dropped in evaluation",
        "swin",
        "stochastic depth is left on in evaluation mode",
        {
            f"{VISION}.common": [("if drop_prob == 0.0 or not training:", "if drop_prob == 0.0:")],
            f"{VISION}.swin": [("DropPath(drop_path) if drop_path > 0.0 else Identity()", "DropPath(0.2)")],
        },
        r"layers\.\d\.blocks\.\d(\.drop_path)?",
    ),
    Bug(
        "residual after the norm",
        "mixer",
        "the residual connection starts behind the norm",
        {
            f"{VISION}.mixer": [
                (
                    "y = self.norm_0(x)\n        y = y.transpose((0, 2, 1))",
                    "x = self.norm_0(x)\n        y = x.transpose((0, 2, 1))",
                )
            ]
        },
        r"blocks\.0(\.norm_1)?",
    ),
    Bug(
        "layer scale after the sum",
        "convnext",
        "the layer scale multiplies the residual too",
        {
            "paddleclas.ppcls.arch.backbone.model_zoo.convnext": [
                ("            x = self.gamma * x", "            pass"),
                ("x = input + self.drop_path(x)", "x = (input + self.drop_path(x)) * self.gamma[:, None, None]"),
            ]
        },
        r"stages\.0\.0|stages\.0|downsample_layers\.1(\.0)?",
    ),
    Bug(
        "softmax over channels",
        "ecapa",
        "the attention of the pooling is normalised over channels instead of time",
        {f"{VOICE}.pooling": [("attn = F.softmax(attn, axis=2)", "attn = F.softmax(attn, axis=1)")]},
        r"asp",
        "axis",
    ),
    Bug(
        "dilation of one",
        "ecapa",
        "the convolutions of the residual blocks are not dilated",
        {
            f"{VOICE}.ecapa_tdnn": [
                (
                    "in_channel, hidden_channel, kernel_size=3, dilation=dilation)",
                    "in_channel, hidden_channel, kernel_size=3, dilation=1)",
                )
            ]
        },
        r"blocks\.1\.res2net_block\.blocks\.0(\.conv(\.conv)?)?",
        "dilation",
    ),
    Bug(
        "momentum of the batch norm",
        "campplus",
        "a batch norm keeps 0.99 of its statistics instead of 0.9",
        {
            f"{VOICE}.campplus": [
                ("self.bn1 = nn.BatchNorm2D(m_channels)", "self.bn1 = nn.BatchNorm2D(m_channels, momentum=0.99)")
            ]
        },
        r"head\.bn1",
        "momentum",
    ),
    Bug(
        "biased deviation",
        "campplus",
        "the pooling divides by n instead of n - 1",
        {
            f"{VOICE}.campplus": [
                ("std = x.std(axis=axis, unbiased=unbiased)", "std = x.std(axis=axis, unbiased=False)")
            ]
        },
        r"xvector\.stats",
        "unbiased",
    ),
    Bug(
        "frequency shift",
        "unet",
        "the frequencies of the time step end one step lower",
        {
            f"{DIFFUSION}.unet_2d": [
                (
                    "Timesteps(block_out_channels[0], flip_sin_to_cos, freq_shift)",
                    "Timesteps(block_out_channels[0], flip_sin_to_cos, freq_shift + 1)",
                )
            ]
        },
        r"unet\.time_proj",
        "downscale_freq_shift",
    ),
    Bug(
        "padding on the other side",
        "vae",
        "strided convolutions are padded on the left and above instead of right and below",
        {f"{DIFFUSION}.resnet": [("pad = (0, 1, 0, 1)", "pad = (1, 0, 1, 0)")]},
        r"vae\.encoder\.down_blocks\.0\.downsamplers\.0(\.conv)?",
    ),
    Bug(
        "corners aligned",
        "segformer_epsilon",
        "the coarsest features are enlarged with aligned corners",
        {"paddleseg.models.segformer": [("align_corners=self.align_corners)", "align_corners=True)")]},
        r"segformer(\.linear_fuse(\._conv|\.conv)?)?",
        "align_corners",
    ),
]
BUGS = {bug.name: bug for bug in _LIST}
