"""Regenerate clip.yaml with every `model/pretrained` pair of the installed open_clip.

Run `python -m render.models.registry.generate` after an update of open_clip; importing this module does nothing.
"""

import json
from pathlib import Path
from typing import Any

CLIP_YAML = Path(__file__).with_name("clip.yaml")

_HEADER = """\
# Made from open_clip {version} by `python -m render.models.registry.generate`: do not edit.
#
# MODEL/PRETRAINED, as in a schedule, and:
#   model         the architecture to build: the one whose activation (quick_gelu) the weights were trained with
#   pretrained    open_clip's tag
#   hf_hub        owner/repository on the Hugging Face hub
#   files         of hf_hub, tried in this order; default:
#                 open_clip_model.safetensors, open_clip_pytorch_model.bin
#   url           the publisher's own file; OpenAI's are TorchScript archives: code, not loaded safely
#   url_sha256    of the file at url, or its beginning; the file on the hub is a different one
#   image_size    pixels on a side
#   mean, std     of the tag, where they are not OpenAI's (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258,
#                 0.27577711); open_clip does not know them for weights that it loads from a file
#   hf_tokenizer  a tokenizer on the hub: needs the package transformers, and the network once
#   hf_text       a text tower of transformers, whose config comes from the hub
#   licence       of hf_hub, as its card states it, where that was looked up; open_clip states none
#
# Left out, since no architecture has the activation that the tag states: {left_out}.
"""


# From the repositories' model cards; docs/models.md lists the same.
_LICENCES = {
    "timm/vit_base_patch32_clip_224.openai": "Apache-2.0",
    "timm/vit_base_patch16_clip_224.openai": "Apache-2.0",
    "timm/vit_large_patch14_clip_224.openai": "Apache-2.0",
    "timm/resnet50_clip.openai": "MIT",
    "timm/resnet50x4_clip.openai": "MIT",
    "laion/CLIP-ViT-B-32-laion2B-s34B-b79K": "MIT",
    "laion/CLIP-ViT-B-32-256x256-DataComp-s34B-b86K": "MIT",
    "laion/CLIP-ViT-L-14-laion2B-s32B-b82K": "MIT",
    "laion/CLIP-ViT-H-14-laion2B-s32B-b79K": "MIT",
    "laion/CLIP-convnext_base_w-laion2B-s13B-b82K": "MIT",
    "timm/ViT-B-16-SigLIP": "Apache-2.0",
    "timm/vit_base_patch32_clip_224.metaclip_2pt5b": "CC BY-NC 4.0",
    "apple/MobileCLIP-S2-OpenCLIP": "Apple AMLR",
}


def document() -> str:
    """Return the text of clip.yaml for the installed open_clip, one pair per line, in open_clip's order."""
    import open_clip

    lines, left_out = [], []
    for model, pretrained in open_clip.list_pretrained():
        entry = _entry(model, pretrained)
        if entry is None:
            left_out.append(f"{model}/{pretrained}")
        else:
            fields = ", ".join(f"{key}: {_flow(value)}" for key, value in entry.items())
            lines.append(f"{model}/{pretrained}: {{{fields}}}\n")
    header = _HEADER.format(version=open_clip.__version__, left_out=", ".join(left_out) or "none")
    return header + "".join(lines)


def _entry(model: str, pretrained: str) -> dict[str, Any] | None:
    """Return the entry of a pair in clip.yaml; None if no architecture has the weights' activation."""
    import open_clip
    from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD

    tag: dict[str, Any] = open_clip.get_pretrained_cfg(model, pretrained)
    architecture = _architecture(model, bool(tag.get("quick_gelu")))
    if architecture is None:
        return None
    config = open_clip.get_model_config(architecture)
    found = {
        "model": architecture,
        "pretrained": pretrained,
        **_hub(tag["hf_hub"]),
        "url": tag["url"],
        "url_sha256": _hash_in(tag["url"]),
        "image_size": config["vision_cfg"]["image_size"],
        "mean": tag["mean"] if tag["mean"] != OPENAI_DATASET_MEAN else None,
        "std": tag["std"] if tag["std"] != OPENAI_DATASET_STD else None,
        "hf_tokenizer": config["text_cfg"].get("hf_tokenizer_name"),
        "hf_text": config["text_cfg"].get("hf_model_name"),
        "licence": _LICENCES.get(_hub(tag["hf_hub"])["hf_hub"]),
    }
    return {key: value for key, value in found.items() if value}


def _architecture(model: str, quick_gelu: bool) -> str | None:
    import open_clip

    for name in (model, f"{model}-quickgelu"):
        config = open_clip.get_model_config(name)
        if config is not None and bool(config.get("quick_gelu")) is quick_gelu:
            return name
    return None


def _hub(place: str) -> dict[str, Any]:
    """Split open_clip's `owner/repository/` or `owner/repository/file.bin` into repository and files.

    Source: `open_clip.pretrained.download_pretrained_from_hf`, which also prefers safetensors.
    """
    repository, _, file = place.rpartition("/")
    stem, dot, _ = file.rpartition(".")
    return {"hf_hub": repository, "files": [f"{stem}.safetensors", file] if dot else None}


def _hash_in(url: str) -> str | None:
    """Return the SHA-256, or its beginning, that OpenAI's and open_clip's own addresses contain; None without one.

    Source: `open_clip.pretrained.download_pretrained_from_url`.
    """
    if "openaipublic" in url:
        return url.split("/")[-2]
    return Path(url).stem.rpartition("-")[2] if "mlfoundations" in url else None


def _flow(value: Any) -> str:
    """Format a value for YAML's flow style; text is quoted if it would be read as a number."""
    if isinstance(value, str):
        return json.dumps(value) if value.replace("e", "", 1).isdigit() else value
    return json.dumps(value)


if __name__ == "__main__":
    CLIP_YAML.write_text(document(), encoding="utf-8", newline="\n")
