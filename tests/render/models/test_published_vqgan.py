"""Every published kind of VQGAN, in its published format, compared with taming's own modules.

At full size and through a schedule, see tests/integration/test_published_models.py.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from render.errors import WeightsError
from render.latents import vqgan
from render.models.model import ModelFiles
from render.renderer.loading.load import load_renderer
from render.spec import FrameSpec
from tests.published import KINDS, VQ, Published, Taming, assert_round_trip, picture, publish

CPU = torch.device("cpu")
TOY = ModelFiles(name="toy", entry="toy")


@pytest.fixture(params=KINDS)
def published(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[ModelFiles, Taming]:
    kind = KINDS[request.param]
    taming = Taming(kind.vqgan)
    return publish(kind, taming, tmp_path), taming


@pytest.fixture
def plain(tmp_path: Path) -> ModelFiles:
    return publish(KINDS["VQModel"], Taming(VQ), tmp_path)


def load(files: ModelFiles, *, quantize: bool = True, dtype: torch.dtype = torch.float32) -> vqgan.VQGAN:
    return vqgan.load(files, CPU, dtype, quantize)


def assert_renders(files: ModelFiles, spec: FrameSpec, size: tuple[int, int]) -> None:
    """Render a frame: guidance changes it, and it is a real picture."""
    renderer = load_renderer(files, [(TOY, 1.0)], True, CPU, torch.float32)
    still = renderer.step(None, replace(spec, index=0, size=size, num_steps=0)).image
    frame = renderer.step(None, replace(spec, index=0, size=size, num_steps=2))
    assert frame.image.shape == (1, 3, size[1], size[0])
    assert torch.isfinite(frame.image).all()
    assert 0 <= float(frame.image.min()) <= float(frame.image.max()) <= 1
    assert not torch.equal(frame.image, still)


def test_a_published_checkpoint_encodes_and_decodes_as_taming_does(published: tuple[ModelFiles, Taming]) -> None:
    files, taming = published
    assert_round_trip(load(files), taming, size=(16, 24))


def test_a_frame_is_rendered_from_a_published_checkpoint(published: tuple[ModelFiles, Taming], spec: FrameSpec) -> None:
    assert_renders(published[0], spec, (32, 24))


def test_a_gumbel_latent_starts_at_codebook_entries_and_moves_between_them(tmp_path: Path) -> None:
    model = load(publish(KINDS["GumbelVQ"], Taming(KINDS["GumbelVQ"].vqgan), tmp_path))
    latent = model.encode(picture((16, 16)))
    assert torch.equal(model.nearest(latent), latent)
    assert torch.equal(model.project(latent), latent)
    moving = (0.9 * latent).requires_grad_()
    (gradient,) = torch.autograd.grad(model.decode(moving).square().sum(), moving)
    assert (gradient.abs().sum(dim=(1, 2, 3)) > 0).all()


@pytest.mark.parametrize("kind", ["VQModel", "GumbelVQ"])
def test_half_precision_models_quantise_in_float32(kind: str, tmp_path: Path) -> None:
    files = publish(KINDS[kind], Taming(KINDS[kind].vqgan), tmp_path)
    full, half = load(files), load(files, dtype=torch.bfloat16)
    latent = torch.randn(1, KINDS[kind].vqgan["params"]["embed_dim"], 4, 4, generator=torch.Generator().manual_seed(1))
    assert torch.equal(half.nearest(latent), full.nearest(latent))
    assert half.spread == full.spread
    assert half.encode(picture((16, 16))).dtype == torch.float32


def test_unused_config_keys_are_ignored(tmp_path: Path) -> None:
    config: dict[str, Any] = copy.deepcopy(VQ)
    config["params"] |= {"colorize_nlabels": 182, "remap": None, "sane_index_shape": True, "ckpt_path": "x.ckpt"}
    config["params"]["ddconfig"] |= {"attn_type": "vanilla", "use_checkpoint": False, "resamp_with_conv": True}
    taming = Taming(VQ)
    files = publish(Published(config=config, vqgan=VQ), taming, tmp_path)
    assert_round_trip(load(files), taming, (16, 16))


def test_the_file_may_change_after_loading(plain: ModelFiles) -> None:
    model = load(plain)
    assert plain.weights is not None
    with torch.no_grad():
        before = model.decode(model.encode(picture((16, 16))))
        plain.weights.write_bytes(bytes(plain.weights.stat().st_size))
        assert torch.equal(model.decode(model.encode(picture((16, 16)))), before)


def test_random_weights_come_from_their_seed_alone(plain: ModelFiles) -> None:
    image = picture((16, 16))
    drawn = replace(plain, weights=None, random_seed=5)
    first = load(drawn).encode(image)
    torch.manual_seed(99)
    before = torch.get_rng_state()
    assert torch.equal(load(drawn).encode(image), first)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(load(replace(drawn, random_seed=6)).encode(image), first)


def rewritten(files: ModelFiles, change: Callable[[dict[str, Any]], None]) -> ModelFiles:
    assert isinstance(files.architecture, Path)
    document = yaml.safe_load(files.architecture.read_text())
    change(document["model"])
    files.architecture.write_text(yaml.safe_dump(document))
    return files


def test_an_unknown_target_lists_the_known_ones(plain: ModelFiles) -> None:
    files = rewritten(plain, lambda model: model.update(target="os.system"))
    with pytest.raises(WeightsError) as caught:
        load(files)
    known = ", ".join(vqgan.TARGETS)
    assert str(caught.value) == f"{files.architecture}: target 'os.system' is unknown; expected one of: {known}"


def test_a_model_of_segmentation_maps_is_refused(plain: ModelFiles) -> None:
    files = rewritten(plain, lambda model: model["params"]["ddconfig"].update(in_channels=182, out_ch=182))
    with pytest.raises(WeightsError, match=r"model\.yaml: not a VQGAN of pictures: .*\[182, 182\]"):
        load(files)


@pytest.mark.parametrize("key", ["ch", "resolution", "z_channels"])
def test_an_architecture_with_a_missing_number_is_refused(key: str, plain: ModelFiles) -> None:
    files = rewritten(plain, lambda model: model["params"]["ddconfig"].pop(key))
    with pytest.raises(WeightsError, match=r"model\.yaml: not a taming VQGAN config"):
        load(files)


@pytest.mark.parametrize(
    "change", [{"n_embed": "many"}, {"n_embed": -4}, {"embed_dim": None}, {"norm_groups": 0}, {"norm_groups": 7}]
)
def test_an_architecture_with_a_wrong_number_is_refused(change: dict[str, object], plain: ModelFiles) -> None:
    files = rewritten(plain, lambda model: model["params"].update(change))
    with pytest.raises(WeightsError, match=r"model\.yaml|last\.ckpt"):
        load(files)


def test_a_config_with_another_codebook_is_refused_with_the_checkpoints_likely_kind(
    plain: ModelFiles, tmp_path: Path
) -> None:
    gumbel = rewritten(plain, lambda model: model.update(target="taming.models.vqgan.GumbelVQ"))
    with pytest.raises(WeightsError, match=r"last\.ckpt: 'quantize\.proj\.weight' is missing; it looks like.*VQModel"):
        load(gumbel)


def test_a_checkpoint_with_another_number_of_codes_is_refused_with_both_numbers(plain: ModelFiles) -> None:
    files = rewritten(plain, lambda model: model["params"].update(n_embed=1024))
    with pytest.raises(WeightsError, match=r"has shape \(16, 8\), .* asks for \(1024, 8\); it has n_embed 16"):
        load(files)


def test_shapes_are_known_without_weights(plain: ModelFiles) -> None:
    assert isinstance(plain.architecture, Path)
    wanted = {key: tuple(value.shape) for key, value in Taming(VQ).modules.state_dict().items()}
    assert vqgan.shapes(plain.architecture) == wanted
