# SPDX-License-Identifier: Apache-2.0
"""What is in the published checkpoints of each system: the names and shapes of all tensors, found from a few of them.

describe(system, shapes, choices) reads sizes off the shapes, and says which tensors a network of these sizes has; those
are the ones that the C++ loaders ask for. Nothing here needs PyTorch. convert_checkpoint.py does the rest.
"""
import fnmatch
import math

from checkpoint_shapes import Refused, Shapes, Tensors, root

# Attention heads are no tensor's size. Those of the published networks, by width: MAR-B, -L, -H; FlowAR-S, -L, -H;
# xAR-B, -L, -H; Harmon's MAR-B and -H.
HEADS = {
    "mar": {768: 12, 1024: 16, 1280: 16},
    "flowar": {768: 12, 1024: 16, 1536: 16},
    "xar": {768: 12, 1024: 16, 1280: 16},
    "harmon": {768: 12, 1024: 16, 1280: 16},
}
# Harmon's language models, Qwen2.5-0.5B-Instruct and -1.5B-Instruct, by width: heads, key/value heads.
LLM_HEADS = {896: (14, 2), 1536: (12, 2)}
LLM_CONSTANTS = {"rope_theta": 1000000.0, "rms_norm_eps": 1e-6, "hidden_act": "silu", "max_position_embeddings": 32768}
LLM_READ = ("num_attention_heads", "num_key_value_heads", *LLM_CONSTANTS)  # of a --llm-config
# Tensors that a checkpoint may have and that drawing has no use for: buffers, and parts of the training.
IGNORED = {
    "mar": (),
    "flowar": ("mask", "*.rope.freqs"),
    "xar": ("mask", "*.rope.freqs", "*.rope.freqs_cos", "*.rope.freqs_sin"),
    "harmon": ("mar.class_emb.weight", "llm.lm_head.weight", "vae.*", "llm.*rotary_emb.inv_freq"),
    "vae": ("encoder.*", "quant_conv.*", "loss.*"),
}
SYSTEMS = tuple(IGNORED)
CLASS_ROWS = 1001  # of FlowAR's class table: 1000 and one for no class


def heads_of(system, part, width, choices):
    """Attention heads of the encoder or decoder: as chosen, else those of the published network of that width."""
    heads = choices.get(f"{part}_heads") or HEADS[system].get(width)
    if not heads:
        raise Refused(f"expected --{part}-heads: no published {system} has width {width} (those of "
                      f"{', '.join(map(str, HEADS[system]))} are known), found no such option")
    if width % heads:
        raise Refused(f"expected --{part}-heads to divide the width {width}, found {heads}")
    return heads


def widths(shapes, prefix=""):
    """What MAR, FlowAR and xAR have in common: widths, depths and numbers of a token."""
    encoder, channels = shapes.of(prefix + "z_proj.weight", 2)
    decoder = shapes.of(prefix + "decoder_embed.weight", 2)[0]
    return {"encoder_embed_dim": encoder, "encoder_depth": shapes.depth(prefix + "encoder_blocks"),
            "decoder_embed_dim": decoder, "decoder_depth": shapes.depth(prefix + "decoder_blocks")}, channels


def add_heads(system, sizes, choices):
    for part in ("encoder", "decoder"):
        sizes[f"{part}_num_heads"] = heads_of(system, part, sizes[f"{part}_embed_dim"], choices)


def latent_sizes(side, channels, choices):
    """How tokens lie in the VAE's latents and these in the picture. Neither is a tensor's size."""
    patch, stride = choices.get("patch_size") or 1, choices.get("vae_stride") or 16
    if channels % patch**2:
        raise Refused(f"expected --patch-size whose square divides the {channels} numbers of a token, found {patch}")
    return {"img_size": side * patch * stride, "vae_stride": stride, "patch_size": patch,
            "vae_embed_dim": channels // patch**2}


def describe_mar(shapes, choices, system="mar", prefix=""):
    sizes, channels = widths(shapes, prefix)
    encoder, decoder = sizes["encoder_embed_dim"], sizes["decoder_embed_dim"]
    tokens = shapes.of(prefix + "diffusion_pos_embed_learned", 3)[1]
    buffer = shapes.of(prefix + "encoder_pos_embed_learned", 3)[1] - tokens
    if buffer < 1:
        raise Refused(f"expected more positions in {prefix}encoder_pos_embed_learned than the {tokens} of "
                      f"{prefix}diffusion_pos_embed_learned, found {buffer + tokens}")
    hidden = {part: shapes.of(f"{prefix}{part}_blocks.0.mlp.fc1.weight", 2)[0] for part in ("encoder", "decoder")}
    ratio = hidden["encoder"] / encoder
    if int(decoder * ratio) != hidden["decoder"] or int(encoder * ratio) != hidden["encoder"]:
        raise Refused(f"expected MLPs of one ratio to their width, found {hidden['encoder']} for {encoder} and "
                      f"{hidden['decoder']} for {decoder}")
    width = shapes.of(prefix + "diffloss.net.input_proj.weight", 2)[0]
    depth = shapes.depth(prefix + "diffloss.net.res_blocks")
    classes = shapes.of(prefix + "class_emb.weight", 2)[0] if system == "mar" else 1000
    constructor = latent_sizes(root(tokens, "the number of tokens"), channels, choices) | sizes
    add_heads(system, constructor, choices)
    constructor |= {"mlp_ratio": ratio, "class_num": classes, "buffer_size": buffer, "diffloss_d": depth,
                    "diffloss_w": width}

    wanted = Tensors()
    wanted[prefix + "fake_latent"] = (1, encoder)
    if system == "mar":
        wanted["class_emb.weight"] = (classes, encoder)
    wanted[prefix + "mask_token"] = (1, 1, decoder)
    wanted[prefix + "encoder_pos_embed_learned"] = (1, buffer + tokens, encoder)
    wanted[prefix + "decoder_pos_embed_learned"] = (1, buffer + tokens, decoder)
    wanted[prefix + "diffusion_pos_embed_learned"] = (1, tokens, decoder)
    wanted.linear(prefix + "z_proj", encoder, channels)
    wanted.norm(prefix + "z_proj_ln", encoder)
    wanted.linear(prefix + "decoder_embed", decoder, encoder)
    for part in ("encoder", "decoder"):
        own = sizes[f"{part}_embed_dim"]
        wanted.norm(f"{prefix}{part}_norm", own)
        for name in (f"{prefix}{part}_blocks.{i}" for i in range(sizes[f"{part}_depth"])):
            wanted.norm(name + ".norm1", own)
            wanted.linear(name + ".attn.qkv", 3 * own, own)
            wanted.linear(name + ".attn.proj", own, own)
            wanted.norm(name + ".norm2", own)
            wanted.linear(name + ".mlp.fc1", hidden[part], own)
            wanted.linear(name + ".mlp.fc2", own, hidden[part])
    head = prefix + "diffloss.net."
    wanted.time_embedding(head + "time_embed", width)
    wanted.linear(head + "cond_embed", width, decoder)
    wanted.linear(head + "input_proj", width, channels)
    for name in (f"{head}res_blocks.{i}" for i in range(depth)):
        wanted.norm(name + ".in_ln", width)
        wanted.linear(name + ".mlp.0", width, width)
        wanted.linear(name + ".mlp.2", width, width)
        wanted.linear(name + ".adaLN_modulation.1", 3 * width, width)
    wanted.linear(head + "final_layer.linear", 2 * channels, width)
    wanted.linear(head + "final_layer.adaLN_modulation.1", 2 * width, width)
    return {"constructor": constructor}, wanted


def add_flow_backbone(wanted, sizes, channels, positions, shapes):
    """FlowAR's and xAR's transformer but for what stands before and behind it."""
    encoder, decoder = sizes["encoder_embed_dim"], sizes["decoder_embed_dim"]
    wanted["encoder_pos_embed_learned"] = (1, positions, encoder)
    wanted["decoder_pos_embed_learned"] = (1, positions, decoder)
    wanted.linear("z_proj", encoder, channels)
    wanted.linear("decoder_embed", decoder, encoder)
    wanted.norm("z_proj_ln", encoder, bias=False)
    for part in ("encoder", "decoder"):
        own = sizes[f"{part}_embed_dim"]
        wanted.norm(f"{part}_norm", own, bias=False)
        wanted.modulated_blocks(f"{part}_blocks", sizes[f"{part}_depth"], own, encoder, shapes)


def describe_flowar(shapes, choices):
    sizes, channels = widths(shapes)
    add_heads("flowar", sizes, choices)
    decoder = sizes["decoder_embed_dim"]
    positions = shapes.of("diffusion_pos_embed_learned", 3)[1]
    scales = choices.get("scales") or [2**i for i in range(8) if (4 ** (i + 1) - 1) // 3 <= positions]
    if sum(side * side for side in scales) != positions:
        raise Refused(f"expected --scales of {positions} tokens in all, found {scales} with "
                      f"{sum(side * side for side in scales)}")
    width, depth = shapes.of("flownet.input_proj.weight", 2)[0], shapes.depth("flownet.res_blocks")
    cross = any(".crossattn." in name for name in shapes.all)
    constructor = latent_sizes(scales[-1], channels, choices) | sizes
    constructor |= {"class_num": CLASS_ROWS - 1, "diffloss_d": depth, "diffloss_w": width, "scale": scales,
                    "cross": cross}

    wanted = Tensors()
    wanted["class_emb.weight"] = (CLASS_ROWS, sizes["encoder_embed_dim"])
    wanted["diffusion_pos_embed_learned"] = (1, positions, decoder)
    add_flow_backbone(wanted, sizes, channels, positions, shapes)
    wanted.time_embedding("flownet.time_embed", width)
    wanted.linear("flownet.cond_embed", width, decoder)
    wanted.linear("flownet.input_proj", width, channels)
    for name in (f"flownet.res_blocks.{i}" for i in range(depth)):
        wanted.linear(name + ".attn.qkv", 3 * width, width, bias=False)
        wanted.linear(name + ".attn.proj", width, width)
        wanted.gated_mlp(name + ".mlp", width, shapes)
        if not cross:
            wanted.linear(name + ".ada_lin", 6 * width, width)
            continue
        wanted.linear(name + ".ada_lin_attn", 3 * width, width)
        wanted.linear(name + ".ada_lin_mlp", 3 * width, width)
        wanted.norm(name + ".norm2_1", width, bias=False)
        wanted.norm(name + ".norm2_2", decoder, bias=False)
        wanted.linear(name + ".crossattn.q", width, width, bias=False)
        wanted.linear(name + ".crossattn.kv", 2 * width, decoder, bias=False)
        wanted.linear(name + ".crossattn.proj", width, width)
    wanted.linear("flownet.final_layer.linear", channels, width)
    wanted.linear("flownet.final_layer.adaLN_modulation.1", 2 * width, width)
    return {"constructor": constructor}, wanted


def describe_xar(shapes, choices):
    sizes, channels = widths(shapes)
    add_heads("xar", sizes, choices)
    positions = shapes.of("encoder_pos_embed_learned", 3)[1]
    rows = shapes.of("class_emb.weight", 2)[0]
    side, cells = root(positions, "the number of tokens"), choices.get("cells") or 4
    grid = root(cells, "--cells")
    if side % grid:
        raise Refused(f"expected --cells that divide a map of {side} x {side} tokens, found {grid} x {grid}")
    constructor = latent_sizes(side, channels, choices) | sizes
    constructor |= {"clusters": cells, "class_num": rows - 1}
    derived = {"cell_grid": [grid, grid], "cell_size": [side // grid, side // grid], "class_embedding_rows": rows,
               "uncond_label": rows - 1}

    wanted = Tensors()
    wanted["class_emb.weight"] = (rows, sizes["encoder_embed_dim"])
    wanted.time_embedding("time_embed", sizes["encoder_embed_dim"])
    add_flow_backbone(wanted, sizes, channels, positions, shapes)
    wanted.linear("pred", channels, sizes["decoder_embed_dim"])
    return {"constructor": constructor, "derived": derived}, wanted


def describe_harmon(shapes, choices):
    document, wanted = describe_mar(shapes, choices, "harmon", "mar.")
    vocabulary, hidden = shapes.of("llm.model.embed_tokens.weight", 2)
    layers = shapes.depth("llm.model.layers")
    inner = shapes.of("llm.model.layers.0.mlp.gate_proj.weight", 2)[0]
    given = choices.get("llm_config")
    if given is None:
        if hidden not in LLM_HEADS:
            raise Refused(f"expected --llm-config: no published harmon has a language model of width {hidden}, found "
                          "no such option")
        given = dict(zip(("num_attention_heads", "num_key_value_heads"), LLM_HEADS[hidden])) | LLM_CONSTANTS
    lacking = [key for key in LLM_READ if key not in given]
    if lacking:
        raise Refused(f"expected \"{lacking[0]}\" in --llm-config, found none")
    llm = {"model_type": "qwen2", "vocab_size": vocabulary, "hidden_size": hidden, "num_hidden_layers": layers,
           "intermediate_size": inner} | {key: given[key] for key in LLM_READ}
    keys = hidden // llm["num_attention_heads"] * llm["num_key_value_heads"]
    encoder = document["constructor"]["encoder_embed_dim"]

    wanted["llm.model.embed_tokens.weight"] = (vocabulary, hidden)
    wanted.norm("llm.model.norm", hidden, bias=False)
    for name in (f"llm.model.layers.{i}" for i in range(layers)):
        for part, out in (("q", hidden), ("k", keys), ("v", keys)):
            wanted.linear(f"{name}.self_attn.{part}_proj", out, hidden)
        wanted.linear(name + ".self_attn.o_proj", hidden, hidden, bias=False)
        wanted.linear(name + ".mlp.gate_proj", inner, hidden, bias=False)
        wanted.linear(name + ".mlp.up_proj", inner, hidden, bias=False)
        wanted.linear(name + ".mlp.down_proj", hidden, inner, bias=False)
        wanted.norm(name + ".input_layernorm", hidden, bias=False)
        wanted.norm(name + ".post_attention_layernorm", hidden, bias=False)
    for name, out, in_ in (("proj_in", hidden, encoder), ("proj_out", encoder, hidden)):
        wanted.linear(name + ".0", hidden, in_)
        wanted.linear(name + ".2", out, hidden)
    scale = choices.get("vae_scale") or 0.2325
    return {"llm": llm, "mar": document["constructor"], "derived": {"vae_scale": scale}}, wanted


def describe_vae(shapes, choices):
    levels = shapes.depth("decoder.up")
    blocks = shapes.depth("decoder.up.0.block")
    latents = shapes.of("post_quant_conv.weight", 4)[0]
    out = shapes.of("decoder.conv_out.weight", 4)[0]
    own = [shapes.of(f"decoder.up.{i}.block.0.conv1.weight", 4)[0] for i in range(levels)]
    ch = math.gcd(*own)
    groups = choices.get("groups") or 32
    if ch % groups:
        raise Refused(f"expected --groups that divide all widths {own}, found {groups}")
    constructor = {"embed_dim": latents, "ch": ch, "ch_mult": [width // ch for width in own],
                   "num_res_blocks": blocks - 1, "out_ch": out, "num_groups": groups}

    wanted = Tensors()

    def block(name, in_, width):
        wanted.norm(name + ".norm1", in_)
        wanted.conv(name + ".conv1", width, in_, 3)
        wanted.norm(name + ".norm2", width)
        wanted.conv(name + ".conv2", width, width, 3)
        if in_ != width:
            wanted.conv(name + ".nin_shortcut", width, in_, 1)

    before = own[-1]
    wanted.conv("post_quant_conv", latents, latents, 1)
    wanted.conv("decoder.conv_in", before, latents, 3)
    block("decoder.mid.block_1", before, before)
    block("decoder.mid.block_2", before, before)
    wanted.norm("decoder.mid.attn_1.norm", before)
    for part in ("q", "k", "v", "proj_out"):
        wanted.conv("decoder.mid.attn_1." + part, before, before, 1)
    for level in reversed(range(levels)):
        for i in range(blocks):
            block(f"decoder.up.{level}.block.{i}", before if i == 0 else own[level], own[level])
        if level > 0:
            wanted.conv(f"decoder.up.{level}.upsample.conv", own[level], own[level], 3)
        before = own[level]
    wanted.norm("decoder.norm_out", own[0])
    wanted.conv("decoder.conv_out", out, own[0], 3)
    return {"constructor": constructor, "vae_scale": choices.get("vae_scale") or 0.2325}, wanted


def ignored(system, name):
    """Whether a tensor is one that drawing has no use for."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in IGNORED[system])


def named(names):
    """A few names for a message."""
    first = ", ".join(names[:3])
    return first if len(names) <= 3 else f"{first} and {len(names) - 3} more"


def describe(system, shapes, choices=None):
    """The JSON of a network, and {name: shape} of its tensors.

    system   one of SYSTEMS
    shapes   {name: shape} of all tensors in the checkpoint
    choices  what no shape says and is not the published one: encoder_heads, decoder_heads, patch_size, vae_stride,
             scales, cells, groups, llm_config, vae_scale
    Raises Refused if tensors are missing, misshapen, or unknown: neither the network's nor among those ignored.
    """
    found = {name: tuple(shape) for name, shape in shapes.items() if not ignored(system, name)}
    describing = {"mar": describe_mar, "flowar": describe_flowar, "xar": describe_xar, "harmon": describe_harmon,
                  "vae": describe_vae}[system]
    document, wanted = describing(Shapes(found), choices or {})
    missing = sorted(wanted.keys() - found.keys())
    if missing:
        raise Refused(f"expected tensor {named(missing)}, found none")
    unknown = sorted(found.keys() - wanted.keys())
    if unknown:
        raise Refused(f"expected the tensors of a {system} of these sizes and no other, found {named(unknown)}")
    for name, shape in wanted.items():
        if found[name] != shape:
            raise Refused(f"expected tensor {name} to be {list(shape)}, found {list(found[name])}")
    return document, wanted
