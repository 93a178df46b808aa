"""From a name to files: fetched from a real local HTTP server, converted, kept, checked."""

import functools
import http.server
import json
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from render.errors import DownloadError, WeightsError
from render.latents import vqgan
from render.models.downloads import Download
from render.models.model import Model, ModelFiles
from render.models.registry import find_latent, find_perceptor
from render.renderer.loading.weights import locate, weights_path
from tests.waiting import PATIENCE

CONFIG: dict[str, Any] = {
    "model": {
        "target": "taming.models.vqgan.VQModel",
        "params": {
            "embed_dim": 8,
            "n_embed": 16,
            "ddconfig": {
                "double_z": False,
                "z_channels": 12,
                "resolution": 16,
                "in_channels": 3,
                "out_ch": 3,
                "ch": 32,
                "ch_mult": [1, 1, 2],
                "num_res_blocks": 1,
                "attn_resolutions": [4],
                "dropout": 0.0,
            },
        },
    }
}


class Host(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and counts the requests."""

    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        super().do_GET()

    def log_message(self, *said: object) -> None:
        pass


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RENDER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def published(tmp_path: Path, cache: Path) -> Iterator[tuple[Model, type[Host]]]:
    """A tiny VQGAN as a Lightning checkpoint on a web server, and the server."""
    folder = tmp_path / "host"
    folder.mkdir()
    architecture = tmp_path / "tiny.yaml"
    architecture.write_text(yaml.safe_dump(CONFIG))
    generator = torch.Generator().manual_seed(3)
    state = {key: torch.randn(shape, generator=generator) / 10 for key, shape in vqgan.shapes(architecture).items()}
    leftovers = {"loss.logvar": torch.zeros(1), "loss.discriminator.main.0.weight": torch.zeros(64, 3, 4, 4)}
    torch.save({"state_dict": {**state, **leftovers}, "optimizer_states": [], "epoch": 3}, folder / "last.ckpt")
    host = type("CountingHost", (Host,), {"asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(host, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/last.ckpt"
    download = Download(name="tiny.ckpt", addresses=(address,))
    yield Model(name="tiny", entry="vqgan", architecture=architecture, download=download, quantize=True), host
    server.shutdown()
    server.server_close()
    thread.join()


def nothing(name: str, done: int, total: int | None) -> None:
    pass


def test_a_published_checkpoint_is_downloaded_converted_and_loaded_once(
    published: tuple[Model, type[Host]], cache: Path, tmp_path: Path
) -> None:
    model, host = published
    heard: list[tuple[str, int, int | None]] = []
    files = locate(model, offline=False, progress=lambda *said: heard.append(said))
    assert files.weights == cache / "tiny.safetensors" == weights_path(model)
    assert not (cache / "tiny.ckpt").exists()  # the original is no longer needed
    assert heard[-1][:1] == ("tiny.ckpt",)
    assert heard[-1][1] == heard[-1][2]
    raw = files.weights.read_bytes()
    header = json.loads(raw[8 : 8 + struct.unpack("<Q", raw[:8])[0]])
    assert len(header.pop("__metadata__")["source_sha256"]) == 64
    assert not any(key.startswith("loss.") for key in header)
    published_as_it_is = ModelFiles(
        name="tiny", entry="vqgan", architecture=model.architecture, weights=tmp_path / "host" / "last.ckpt"
    )
    loaded, original = (
        vqgan.load(found, torch.device("cpu"), torch.float32, quantize=True) for found in (files, published_as_it_is)
    )
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert torch.equal(loaded.decode(loaded.encode(picture)), original.decode(original.encode(picture)))
    host.asked.clear()
    assert locate(model, offline=True, progress=nothing) == files
    assert host.asked == []


def test_a_missing_model_that_cannot_be_downloaded_gives_one_sentence(
    published: tuple[Model, type[Host]], cache: Path
) -> None:
    model, host = published
    with pytest.raises(DownloadError, match=r"^tiny\.ckpt is not in the cache, and offline mode forbids"):
        locate(model, offline=True, progress=nothing)
    assert host.asked == []


def test_a_converted_file_that_changed_is_refused(published: tuple[Model, type[Host]], cache: Path) -> None:
    model, _ = published
    files = locate(model, offline=False, progress=nothing)
    assert files.weights is not None
    raw = bytearray(files.weights.read_bytes())
    raw[-1] ^= 1
    files.weights.write_bytes(raw)
    with pytest.raises(DownloadError, match=r"tiny\.safetensors: its content changed"):
        locate(model, offline=False, progress=nothing)


def test_a_checkpoint_of_another_model_is_not_kept(published: tuple[Model, type[Host]], cache: Path) -> None:
    model, _ = published
    other = {**CONFIG["model"]["params"], "n_embed": 32}
    assert isinstance(model.architecture, Path)
    model.architecture.write_text(yaml.safe_dump({"model": {**CONFIG["model"], "params": other}}))
    with pytest.raises(WeightsError, match=r"'quantize\.embedding\.weight' has shape \(16, 8\), .* asks for \(32, 8\)"):
        locate(model, offline=False, progress=nothing)
    assert not (cache / "tiny.safetensors").exists()


LOCATE = """
import sys
from pathlib import Path
from render.models.downloads import Download
from render.models.model import Model
from render.renderer.loading.weights import locate
architecture, address = sys.argv[1:]
download = Download(name="tiny.ckpt", addresses=(address,))
model = Model(name="tiny", entry="vqgan", architecture=Path(architecture), download=download)
print(locate(model, offline=False, progress=lambda *said: None).weights)
"""


def test_two_renders_that_start_together_download_and_convert_once(
    published: tuple[Model, type[Host]], cache: Path
) -> None:
    model, host = published
    assert model.download is not None
    command = [sys.executable, "-c", LOCATE, str(model.architecture), *model.download.addresses]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = {process.communicate(timeout=PATIENCE)[0].strip() for process in both}
    assert said == {str(cache / "tiny.safetensors")}
    assert host.asked == ["/last.ckpt"]


def test_models_that_need_no_download_are_used_in_place() -> None:
    for model in (find_latent("embedded"), find_perceptor("embedded")):
        assert locate(model, offline=True, progress=nothing).weights == model.checkpoint == weights_path(model)
    for model in (find_latent("pixels"), find_perceptor("toy"), find_latent("random:imagenet-f16-1024")):
        assert locate(model, offline=True, progress=nothing).weights is None is weights_path(model)


def test_digests_change_with_the_files(tmp_path: Path) -> None:
    checkpoint = tmp_path / "last.ckpt"
    checkpoint.write_bytes(b"abc")
    model = replace(find_latent("embedded"), checkpoint=checkpoint)
    digests = model.files().digests()
    assert digests["last.ckpt"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    checkpoint.unlink()
    with pytest.raises(WeightsError, match=r"last\.ckpt: cannot be read"):
        model.files().digests()
