"""What can stand before the codes of a transformer over a VQGAN: the condition stages that a config may name."""

from collections.abc import Mapping

from render.files.setting_rules import Rules, flag, matching, whole

CONDITION_STAGE = "cond_stage_config"
TEXT_STAGE = "render.priors.transformer.texts.TextStage"
"""Ours: taming has no transformer of texts."""

CONDITIONS = ("none", "class", "coordinates", "segmentation", "depth", "picture", "text")

STAGES: Mapping[str, tuple[str, Rules]] = {
    "taming.modules.util.SOSProvider": (
        "none",
        {"sos_token": whole(0, 1 << 20), "quantize_interface": flag},
    ),
    "taming.modules.util.Labelator": ("class", {"n_classes": whole(1, 1 << 20), "quantize_interface": flag}),
    "taming.modules.misc.coord.CoordStage": (
        "coordinates",
        {"n_embed": whole(1, 1 << 20), "down_factor": whole(1, 256)},
    ),
    TEXT_STAGE: (
        "text",
        {
            "embed_dim": whole(1, 8192),
            "positions": whole(1, 256),
            "codebook": matching(r"[0-9a-f]{64}", "the SHA-256 of the codebook of the VQGAN whose latents it draws"),
        },
    ),
    "taming.models.vqgan.VQModel": ("codes", {}),
    "taming.models.vqgan.VQSegmentationModel": ("codes", {}),
}
"""The class, what it makes of a picture or a word, and the bounds of its settings."""
