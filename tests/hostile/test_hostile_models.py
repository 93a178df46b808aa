"""Malicious configs, models and upscalers: each is refused with its location; nothing is executed or fetched."""

import io
import json
import resource
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from pipeline.run.delivery.upscaling import Upscaler
from render.errors import InputError, WeightsError
from render.files.allowance import building
from render.files.checkpoints import read_state_dict
from render.guidance.perceptors import clip
from render.models.clip_config import architectures, read_clip_config, text_config
from render.models.model import Model, read_vqgan_config
from render.models.tokenizers import companions

ROOT = Path(__file__).parents[2]
VISION = {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16}
TEXT = {"context_length": 16, "vocab_size": 100, "width": 64, "heads": 1, "layers": 1}
SCRIPT = """
import sys, typing, torch
class M(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.x = 1
    def forward(self, x): return x
    @torch.jit.export
    def __getstate__(self): return (self.training, 1)
    @torch.jit.export
    def __setstate__(self, s: typing.Tuple[bool, int]):
        self.training = s[0]
        self.x = 1
        torch.save(torch.zeros(2), "made")
torch.jit.script(M()).save(sys.argv[1])
"""


def _config(path: Path, **changes: dict[str, Any]) -> Path:
    whole = {"embed_dim": 64, "vision_cfg": {**VISION, **changes.get("vision", {})}}
    path.write_text(json.dumps({**whole, "text_cfg": {**TEXT, **changes.get("text", {})}}, indent=1))
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": {"tokenizer_kwargs": {"trust_remote_code": True}}}, r":\d+:\d+: text_cfg.tokenizer_kwargs.trust_rem"),
        ({"text": {"wdith": 64}}, "did you mean 'width'"),
        ({"text": {"layers": 100_000}}, "from 1 to 256"),
        ({"text": {"width": 10**9}}, "whole number"),
        ({"text": {"hf_model_name": "../../etc"}}, "name of a repository"),
        ({"vision": {"timm_model_name": "hf-hub:x/y"}}, "timm architecture"),
        ({"vision": {"timm_model_name": "local-dir:/tmp"}}, "timm architecture"),
        ({"vision": {"timm_model_pretrained": True}}, "expected false"),
        ({"vision": {"layers": 256, "width": 16_384}}, "describes a network of"),
    ],
)
def test_a_config_may_contain_only_known_settings(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        read_clip_config(_config(tmp_path / "c.json", **changes))


def test_every_config_of_open_clip_passes() -> None:
    assert len(architectures()) > 100
    for name in architectures():
        assert text_config(name)


def _beside(folder: Path) -> Path:
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "Tok", "auto_map": {"AutoTokenizer": ["tok.Tok", None]}})
    )
    (folder / "tok.py").write_text(f"open({str(folder / 'made')!r}, 'w')\nclass Tok: pass\n")
    save_file({"a": torch.zeros(2)}, folder / "clip.safetensors")
    return folder / "clip.safetensors"


def test_a_tokenizer_beside_the_weights_runs_no_code(tmp_path: Path) -> None:
    weights = _beside(tmp_path)
    config = _config(tmp_path / "config.json", text={"hf_tokenizer_name": "x/y"})
    model = Model(name="x", entry="clip", architecture=config, checkpoint=weights)
    with pytest.raises(WeightsError, match="'auto_map' names code"):
        companions(model, offline=True, progress=lambda *progress: None)
    with pytest.raises(WeightsError, match="cannot be loaded"):  # not even where that check is bypassed
        clip.load(model.files(companions=(("x/y", tmp_path),)), torch.device("cpu"), torch.float32)
    assert not (tmp_path / "made").exists()


def test_no_unknown_repository_is_requested(tmp_path: Path) -> None:
    config = _config(tmp_path / "config.json", text={"hf_tokenizer_name": "x/y"})
    with pytest.raises(WeightsError, match="not a repository that open_clip names"):
        companions(Model(name="x", entry="clip", architecture=config), offline=False, progress=lambda *progress: None)


@pytest.mark.parametrize("record", ["", None])
def test_a_tokenizer_must_not_change_after_its_first_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: str | None
) -> None:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path))

    def fetched(repository: str, folder: Path, patterns: object) -> None:
        (folder / "tokenizer.json").write_text("{}")

    monkeypatch.setattr("render.models.tokenizers.from_hub_folder", fetched)
    config = _config(tmp_path / "config.json", text={"hf_tokenizer_name": "xlm-roberta-base"})
    model = Model(name="x", entry="clip", architecture=config)

    def found() -> Path:
        [(_, folder)] = companions(model, offline=False, progress=lambda *progress: None)
        return folder

    folder = found()
    if record is not None:  # as earlier versions left it
        (folder / ".whole").write_text(record)
    assert found() == folder
    (folder / "tokenizer.json").write_text('{"another": 1}')
    with pytest.raises(WeightsError, match="changed since first use"):
        found()
    (folder / "tokenizer.json").write_text("{}")
    (folder / "tokenizer_config.json").write_text("{}")
    with pytest.raises(WeightsError, match="changed since first use"):
        found()


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # torch.jit is deprecated
@pytest.mark.parametrize("name", ["up.pt", "up.pth"])
def test_a_script_is_not_accepted_as_an_upscaler(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.py").write_text(SCRIPT)
    subprocess.run([sys.executable, "script.py", name], check=True, capture_output=True)
    torch.jit.load(name)  # type: ignore[no-untyped-call]
    assert Path("made").exists(), "the attack works without our check"
    Path("made").unlink()
    with pytest.raises(InputError, match="contains code"):
        Upscaler(tmp_path / name, "cpu")
    assert not Path("made").exists()


def test_stretched_tensors_and_many_blocks_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1).expand(1 << 20, 1 << 20)}, tmp_path / "a.pth")
    torch.save({"body.100000000.weight": torch.zeros(2)}, tmp_path / "b.pth")
    for name, message in (("a.pth", "more than it holds"), ("b.pth", "blocks")):
        with pytest.raises(InputError, match=message):
            Upscaler(tmp_path / name, "cpu")


@pytest.mark.parametrize(
    "entries",
    [
        ["archive/x/data.pkl", "archive/data.pkl"],
        ["archive/data.pkl", "archive/x/data.pkl"],
        ["archive/data.pkl", "archive/data.pkl"],
        ["archive/DATA.PKL"],
        ["archive/DATA.PKL", "archive/data.pkl"],
        ["data.pkl"],
        ["archive/data.pkl", "other/data.pkl"],
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_ambiguous_archive_is_refused(tmp_path: Path, entries: list[str]) -> None:
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        for name in [*entries, "archive/version"]:
            archive.writestr(name, b"\x80\x02}.")
    with pytest.raises(WeightsError, match="refused"):
        read_state_dict(tmp_path / "a.pt")


def test_the_fifth_pickle_of_the_old_format_is_checked(tmp_path: Path) -> None:
    plain = io.BytesIO()
    torch.save({}, plain, _use_new_zipfile_serialization=False)
    keys = plain.getvalue().rindex(b"\x80\x02]")
    size = b"\x8a\x05" + struct.pack("<Q", 3 << 30)[:5]
    bomb = b"\x80\x02c__builtin__\nbytearray\n" + size + b"\x85R."
    (tmp_path / "a.pt").write_bytes(plain.getvalue()[:keys] + bomb)
    with pytest.raises(WeightsError, match="bytearray"):
        read_state_dict(tmp_path / "a.pt")


def test_a_tensor_without_a_storage_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}X\x01\x00\x00\x00actorch\nFloatTensor\nM\xff\xff\x85Rs.")
        archive.writestr("archive/version", b"3\n")
    with pytest.raises(WeightsError, match="FloatTensor"):
        read_state_dict(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("num_res_blocks: 1", "num_res_blocks: 100000"),
        ("ch: 32", "ch: 1000000"),
        ("n_embed: 8192", "n_embed: 99999999999"),
        ("attn_resolutions: []", "attn_resolutions: 3"),
    ],
)
def test_a_vqgan_config_is_bounded(tmp_path: Path, old: str, new: str) -> None:
    text = (ROOT / "render" / "models" / "embedded" / "vqgan.yaml").read_text()
    assert old in text
    (tmp_path / "c.yaml").write_text(text.replace(old, new))
    with pytest.raises(WeightsError, match=r"c.yaml:\d+:\d+: model.params"):
        read_vqgan_config(tmp_path / "c.yaml")
    (tmp_path / "c.yaml").write_text("model: {params: {embed_dim: 4, n_embed: 8, ddconfig: {ch_mult: []}}}")
    with pytest.raises(WeightsError, match=r"c.yaml:1:55: model.params.ddconfig.ch_mult: expected a list of 1 to 10"):
        read_vqgan_config(tmp_path / "c.yaml")


_WEIGHTS = {"a": torch.zeros(10)}


@pytest.mark.parametrize(
    "build",
    [
        lambda: torch.empty(1 << 40),
        lambda: torch.zeros(1 << 20, 1 << 20),
        lambda: torch.arange(1 << 40),
        lambda: torch.eye(1 << 20),
        lambda: [torch.nn.Linear(4096, 4096) for _ in range(100)],
        lambda: [torch.nn.Identity()(torch.ones(1).repeat(1 << 20)) for _ in range(100)],
        lambda: [torch.zeros(0) for _ in range(2_000)],
        lambda: torch.full((1 << 20, 1 << 20), 1.0),
    ],
)
def test_building_is_bounded_by_the_weights(build: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("render.files.allowance.MAX_STEPS", 1_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WeightsError, match=r"c\.json: describes a network far larger"), building("c.json", _WEIGHTS):
        build()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20  # kB


def test_a_network_that_fits_its_weights_is_built() -> None:
    layer = torch.nn.Linear(4096, 4096)
    with building("c.json", layer.state_dict()):
        again = [torch.nn.Linear(4096, 4096), torch.nn.LayerNorm(9)]
        torch.full((4096, 4096), float("-inf")).triu_(1)
    assert len(again) == 2
