"""Pictures of every kind as prompts and in previews, through the commands, each compared with a plain copy of it."""

import json
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from pipeline.cli import main
from render.guidance.perceptors.toy import Toy

SIDE = 64


def _upright() -> Image.Image:
    """Red at the top, blue at the bottom."""
    picture = Image.new("RGB", (SIDE, SIDE), "blue")
    picture.paste("red", (0, 0, SIDE, SIDE // 2))
    return picture


def _turned(path: Path) -> Image.Image:
    """As a phone held upright stores it: on its side, with an orientation tag."""
    exif = Image.Exif()
    exif[0x0112] = 6
    _upright().transpose(Image.Transpose.ROTATE_90).save(path, "JPEG", exif=exif, quality=95)
    return _upright()


def _cmyk(path: Path) -> Image.Image:
    _upright().convert("CMYK").save(path, "JPEG", quality=95)
    return _upright()


def _palette(path: Path) -> Image.Image:
    """Blue at the bottom, transparent at the top, which becomes white like paper."""
    picture = Image.new("P", (SIDE, SIDE), 1)
    picture.putpalette([0, 255, 0, 0, 0, 255])
    picture.paste(0, (0, 0, SIDE, SIDE // 2))
    picture.save(path, "PNG", transparency=0)
    plain = _upright()
    plain.paste("white", (0, 0, SIDE, SIDE // 2))
    return plain


def _grey(path: Path) -> Image.Image:
    levels = np.full((SIDE, SIDE), 60_000, dtype=np.uint16)
    levels[SIDE // 2 :] = 9_000
    Image.fromarray(levels).save(path, "PNG")
    return Image.fromarray((levels / 257).round().astype(np.uint8)).convert("RGB")


KINDS = {"exif": _turned, "cmyk": _cmyk, "palette": _palette, "grey16": _grey}
TOY = f"models: {{latent: pixels, perceptors: [toy]}}\noutput: {{size: [{SIDE}, {SIDE}], length: 2, seed: 1}}\n"
Save = Callable[[Path], Image.Image]


def _render(*arguments: str) -> list[dict[str, object]]:
    done = CliRunner().invoke(main, [*arguments], catch_exceptions=False, standalone_mode=False)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("save", KINDS.values(), ids=KINDS)
def test_a_picture_prompt_is_decoded_as_people_see_it(
    save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = save(tmp_path / "given")
    plain.save(tmp_path / "plain.png")
    asked: list[torch.Tensor] = []
    encode = Toy.encode_image

    def noted(toy: Toy, images: torch.Tensor) -> torch.Tensor:
        if not torch.is_grad_enabled():  # the prompt's picture, not a frame
            asked.append(images)
        return encode(toy, images)

    monkeypatch.setattr(Toy, "encode_image", noted)
    targets = []
    for name in ("given", "plain.png"):
        file = tmp_path / f"of-{name}.yaml"
        file.write_text(f"{TOY}prompts: [{{image: {name}}}]\nrefine: {{steps: 2, first_frame: 4, cutouts: 4}}\n")
        asked.clear()
        events = _render(str(file), "--out", str(tmp_path), "--device", "cpu", "--json")
        assert events[-1]["event"] == "finished"
        targets.append(asked[0])
    assert targets[0].shape == (1, 3, Toy.side, Toy.side)
    assert targets[0].std() > 0.2  # the two halves differ
    assert (targets[0] - targets[1]).abs().mean() < 0.02


@pytest.mark.parametrize("save", KINDS.values(), ids=KINDS)
def test_a_preview_moves_the_picture_as_people_see_it(save: Save, tmp_path: Path) -> None:
    plain = np.asarray(save(tmp_path / "given")).astype(int)
    (tmp_path / "a.yaml").write_text(f"{TOY}prompts: red\n")
    video = tmp_path / "a.mp4"
    _render("preview", str(tmp_path / "a.yaml"), "--image", str(tmp_path / "given"), "-o", str(video))
    with av.open(str(video)) as container:
        seen = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    for rows in (slice(4, 24), slice(36, 46)):  # the line of text is below
        assert np.abs(seen[rows, 8:-8] - plain[rows, 8:-8]).mean() < 12
