"""Every published kind of VQGAN, in the format in which it was published, against taming's own modules.

The widths are tiny except under `slow`; names, nesting and prefixes are those of the published files.
"""

import contextlib
import copy
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from taming.modules.diffusionmodules.model import Decoder, Encoder
from taming.modules.vqvae.quantize import GumbelQuantize, VectorQuantizer2
from torch import Tensor, nn

from render import registry
from render.errors import WeightsError
from render.latents import vqgan
from render.models import ModelFiles
from render.renderer import load_renderer
from render.spec import FrameSpec

CPU = torch.device("cpu")
TOY = ModelFiles(name="toy", entry="toy")
# taming's ddconfig with an attention level, no norm_groups: channels come in 32s.
DDCONFIG = {
    **{"double_z": False, "z_channels": 12, "resolution": 16, "in_channels": 3, "out_ch": 3, "ch": 32},
    **{"ch_mult": [1, 1, 2], "num_res_blocks": 1, "attn_resolutions": [4], "dropout": 0.0},
}
LOSS = {"target": "taming.modules.losses.vqperceptual.VQLPIPSWithDiscriminator", "params": {"disc_start": 0}}
VQ: dict[str, Any] = {
    "base_learning_rate": 4.5e-06,
    "target": "taming.models.vqgan.VQModel",
    "params": {"embed_dim": 8, "n_embed": 16, "ddconfig": DDCONFIG, "lossconfig": LOSS},
}
GUMBEL: dict[str, Any] = {
    "base_learning_rate": 4.5e-06,
    "target": "taming.models.vqgan.GumbelVQ",
    "params": {
        **{"kl_weight": 1e-08, "embed_dim": 12, "n_embed": 24, "monitor": "val/rec_loss", "ddconfig": DDCONFIG},
        "temperature_scheduler_config": {"target": "taming.lr_scheduler.LambdaWarmUpCosineScheduler", "params": {}},
        "lossconfig": LOSS,
    },
}


def net2net(first_stage: dict[str, Any]) -> dict[str, Any]:
    """The config of a transformer, as of faceshq, sflckr and coco: its VQGAN is the first stage."""
    params = {
        "cond_stage_key": "coord",
        "transformer_config": {"target": "taming.modules.transformer.mingpt.GPT", "params": {"vocab_size": 16}},
        "first_stage_config": {"target": first_stage["target"], "params": first_stage["params"]},
        "cond_stage_config": {"target": "taming.modules.misc.coord.CoordStage", "params": {"n_embed": 16}},
    }
    return {"target": "taming.models.cond_transformer.Net2NetTransformer", "params": params}


class Taming:
    """The graph of taming's VQModel and GumbelVQ, put together as they do, without any code of ours."""

    def __init__(self, model: dict[str, Any]) -> None:
        params = model["params"]
        channels, embed_dim, n_embed = params["ddconfig"]["z_channels"], params["embed_dim"], params["n_embed"]
        self.gumbel = model["target"].endswith("GumbelVQ")
        with torch.random.fork_rng(devices=()), contextlib.redirect_stdout(io.StringIO()):
            torch.default_generator.manual_seed(3)
            self.modules = nn.ModuleDict(
                {
                    "encoder": Encoder(**params["ddconfig"]),
                    "decoder": Decoder(**params["ddconfig"]),
                    "quantize": (
                        GumbelQuantize(channels, embed_dim, n_embed=n_embed, kl_weight=1e-8, temp_init=1.0)
                        if self.gumbel
                        else VectorQuantizer2(n_embed, embed_dim, beta=0.25)
                    ),
                    "quant_conv": nn.Conv2d(channels, embed_dim, 1),
                    "post_quant_conv": nn.Conv2d(embed_dim, channels, 1),
                }
            )
            if not self.gumbel:  # as wide as what the encoder gives, so that many codes are in use
                self.modules["quantize"].get_parameter("embedding.weight").data.uniform_(-1, 1)
        self.modules.eval().requires_grad_(False)

    def state_dict(self) -> dict[str, Tensor]:
        """As published: with the discriminator and the perceptual loss of training."""
        leftovers = {"loss.logvar": torch.zeros(1), "loss.discriminator.main.0.weight": torch.zeros(64, 3, 4, 4)}
        return {**self.modules.state_dict(), **leftovers}

    def quantised(self, image: Tensor) -> Tensor:
        """The codebook's entries that a picture in [0, 1] is made of: (B, C, h, w)."""
        hidden = self.modules["quant_conv"](self.modules["encoder"](image * 2 - 1))
        quantize: Any = self.modules["quantize"]
        entries: Tensor
        if not self.gumbel:
            entries = quantize(hidden)[0]
            return entries
        logits = quantize.proj(hidden)  # its forward adds noise to them even when it is not trained
        batch, _, height, width = logits.shape
        shape = (batch, height, width, quantize.embedding_dim)
        entries = quantize.get_codebook_entry(logits.argmax(dim=1).flatten(), shape)
        return entries.contiguous()

    def decode(self, entries: Tensor) -> Tensor:
        image: Tensor = self.modules["decoder"](self.modules["post_quant_conv"](entries))
        return ((image + 1) / 2).clamp(0, 1)


@dataclass(frozen=True, kw_only=True)
class Published:
    """How a kind of VQGAN was published: its config and what its checkpoint wraps around the weights."""

    config: dict[str, Any]
    wrap: Callable[[dict[str, Tensor]], dict[str, Tensor]] = dict
    vqgan: dict[str, Any]


def as_first_stage(state: dict[str, Tensor]) -> dict[str, Tensor]:
    stage = {f"first_stage_model.{key}": value for key, value in state.items()}
    return {**stage, "transformer.tok_emb.weight": torch.zeros(16, 4), "transformer.pos_emb": torch.zeros(1, 4, 4)}


def with_averages(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """As latent-diffusion publishes with `use_ema`: the weights of the last step, and averages with flat names."""
    names = [key for key in state if not key.startswith("loss.")]
    averages = {f"model_ema.{key.replace('.', '')}": state[key] for key in names}
    return {**{key: value + 1 for key, value in state.items()}, "model_ema.decay": torch.ones(()), **averages}


LDM = {**VQ, "target": "ldm.models.autoencoder.VQModelInterface"}
KINDS = {
    "VQModel": Published(config=VQ, vqgan=VQ),
    "GumbelVQ": Published(config=GUMBEL, vqgan=GUMBEL),
    "Net2NetTransformer": Published(config=net2net(VQ), wrap=as_first_stage, vqgan=VQ),
    "Net2NetTransformer over GumbelVQ": Published(config=net2net(GUMBEL), wrap=as_first_stage, vqgan=GUMBEL),
    "latent-diffusion with averages": Published(config=LDM, wrap=with_averages, vqgan=LDM),
}


def publish(kind: Published, taming: Taming, folder: Path) -> ModelFiles:
    """model.yaml and last.ckpt as on the authors' server."""
    config, checkpoint = folder / "model.yaml", folder / "last.ckpt"
    config.write_text(yaml.safe_dump({"model": kind.config}, sort_keys=False))
    content = {"epoch": 4, "global_step": 123, "pytorch-lightning_version": "1.0.8", "optimizer_states": []}
    torch.save({**content, "state_dict": kind.wrap(taming.state_dict())}, checkpoint)
    return ModelFiles(name="published", entry="vqgan", architecture=config, weights=checkpoint)


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


def picture(size: tuple[int, int]) -> Tensor:
    """Two different pictures with coarse and fine structure."""
    generator = torch.Generator().manual_seed(0)
    coarse = nn.functional.interpolate(torch.rand(2, 3, 5, 4, generator=generator), size=size, mode="bicubic")
    return (coarse + 0.1 * torch.randn(2, 3, *size, generator=generator)).clamp(0, 1)


def assert_round_trip(files: ModelFiles, taming: Taming, size: tuple[int, int], rounding: float = 1e-5) -> None:
    """Encode, quantise and decode as taming does."""
    model = load(files)
    image = picture(size)
    entries = taming.quantised(image)
    assert len(set(map(tuple, entries.movedim(1, -1).flatten(0, -2).tolist()))) > 3
    with torch.no_grad():
        latent = model.encode(image)
        torch.testing.assert_close(model.nearest(latent), entries, atol=1e-5, rtol=0)
        torch.testing.assert_close(model.decode(latent), taming.decode(entries), atol=rounding, rtol=0)


def assert_renders(files: ModelFiles, spec: FrameSpec, size: tuple[int, int]) -> None:
    """A frame through the renderer: guidance moves it, and it is a picture."""
    renderer = load_renderer(files, [(TOY, 1.0)], True, CPU, torch.float32)
    still = renderer.step(None, replace(spec, index=0, size=size, num_steps=0)).image
    frame = renderer.step(None, replace(spec, index=0, size=size, num_steps=2))
    assert frame.image.shape == (1, 3, size[1], size[0])
    assert torch.isfinite(frame.image).all()
    assert 0 <= float(frame.image.min()) <= float(frame.image.max()) <= 1
    assert not torch.equal(frame.image, still)


def test_a_published_checkpoint_makes_the_round_trip_of_taming(published: tuple[ModelFiles, Taming]) -> None:
    assert_round_trip(*published, size=(16, 24))


def test_a_frame_is_rendered_from_a_published_checkpoint(published: tuple[ModelFiles, Taming], spec: FrameSpec) -> None:
    assert_renders(published[0], spec, (32, 24))


def test_a_gumbel_latent_lives_among_the_entries_and_moves_between_them(tmp_path: Path) -> None:
    model = load(publish(KINDS["GumbelVQ"], Taming(GUMBEL), tmp_path))
    latent = model.encode(picture((16, 16)))
    assert torch.equal(model.nearest(latent), latent)
    assert torch.equal(model.project(latent), latent)
    moving = (0.9 * latent).requires_grad_()
    (gradient,) = torch.autograd.grad(model.decode(moving).square().sum(), moving)
    assert (gradient.abs().sum(dim=(1, 2, 3)) > 0).all()


@pytest.mark.parametrize("kind", ["VQModel", "GumbelVQ"])
def test_half_precision_quantises_in_full(kind: str, tmp_path: Path) -> None:
    files = publish(KINDS[kind], Taming(KINDS[kind].vqgan), tmp_path)
    full, half = load(files), load(files, dtype=torch.bfloat16)
    latent = torch.randn(1, KINDS[kind].vqgan["params"]["embed_dim"], 4, 4, generator=torch.Generator().manual_seed(1))
    assert torch.equal(half.nearest(latent), full.nearest(latent))
    assert half.spread == full.spread
    assert half.encode(picture((16, 16))).dtype == torch.float32


def test_keys_of_other_configs_are_no_obstacle(tmp_path: Path) -> None:
    config: dict[str, Any] = copy.deepcopy(VQ)
    config["params"] |= {"colorize_nlabels": 182, "remap": None, "sane_index_shape": True, "ckpt_path": "x.ckpt"}
    config["params"]["ddconfig"] |= {"attn_type": "vanilla", "use_checkpoint": False, "resamp_with_conv": True}
    taming = Taming(VQ)
    files = publish(Published(config=config, vqgan=VQ), taming, tmp_path)
    assert_round_trip(files, taming, (16, 16))


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


def test_an_unknown_target_is_answered_with_the_known_ones(plain: ModelFiles) -> None:
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
def test_an_architecture_that_lacks_a_number_is_refused(key: str, plain: ModelFiles) -> None:
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


def test_a_config_of_another_codebook_is_answered_with_what_the_checkpoint_looks_like(
    plain: ModelFiles, tmp_path: Path
) -> None:
    gumbel = rewritten(plain, lambda model: model.update(target="taming.models.vqgan.GumbelVQ"))
    with pytest.raises(WeightsError, match=r"last\.ckpt: 'quantize\.proj\.weight' is missing; it looks like.*VQModel"):
        load(gumbel)


def test_a_checkpoint_with_another_number_of_codes_is_answered_with_both(plain: ModelFiles) -> None:
    files = rewritten(plain, lambda model: model["params"].update(n_embed=1024))
    with pytest.raises(WeightsError, match=r"has shape \(16, 8\), .* asks for \(1024, 8\); it has n_embed 16"):
        load(files)


def test_shapes_are_told_without_weights(plain: ModelFiles) -> None:
    assert isinstance(plain.architecture, Path)
    wanted = {key: tuple(value.shape) for key, value in Taming(VQ).modules.state_dict().items()}
    assert vqgan.shapes(plain.architecture) == wanted


@pytest.mark.slow
@pytest.mark.parametrize("name", ["imagenet-f16-16384", "openimages-f8-8192"])
def test_the_full_size_makes_the_round_trip_and_renders(name: str, tmp_path: Path, spec: FrameSpec) -> None:
    architecture = registry.find_latent(name).architecture
    assert isinstance(architecture, Path)
    model = yaml.safe_load(architecture.read_text())["model"]
    taming = Taming(model)
    files = publish(Published(config=model, vqgan=model), taming, tmp_path)
    # oneDNN's channels_last convolutions round more coarsely (1.4e-5 from float64) than taming's layout (0.3e-5).
    assert_round_trip(files, taming, (96, 64), rounding=2e-5)
    assert_renders(files, spec, (64, 96))
