"""Tokenizers from the hub: fetched once, from a local host, and read by the real transformers library."""

import functools
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import open_clip
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from render.errors import DownloadError
from render.guidance.perceptors import clip
from render.models.clip_config import architectures, text_config
from render.models.model import Model
from render.models.tokenizers import companions

REPOSITORY = "timm/ViT-B-16-SigLIP"
COMMIT = "a" * 40
WORDS = ["<pad>", "</s>", "<unk>", "a", "golden", "sunset", "sea"]
CONFIG = {
    "embed_dim": 64,
    "init_logit_bias": -10,
    "custom_text": True,
    "vision_cfg": {"image_size": 160, "timm_model_name": "test_vit", "timm_pool": "map", "timm_proj": "none"},
    "text_cfg": {
        **{"context_length": 8, "vocab_size": 32, "width": 64, "heads": 2, "layers": 1, "pool_type": "last"},
        **{"no_causal_mask": True, "proj_bias": True, "norm_kwargs": {"eps": 1e-6}},
        **{"hf_tokenizer_name": REPOSITORY, "tokenizer_kwargs": {"clean": "canonicalize"}},
    },
}
FETCH = """
import sys
from pathlib import Path
from render.models.tokenizers import companions
from render.errors import DownloadError
from render.models.model import Model
model = Model(name="siglip", entry="clip", architecture=Path(sys.argv[1]))
try:
    print(companions(model, offline="offline" in sys.argv, progress=lambda *said: None)[0][1])
except DownloadError as error:
    sys.exit(str(error))
assert "torch" not in sys.modules
"""


class Hub(http.server.SimpleHTTPRequestHandler):
    """A hub with one repository."""

    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(f"{self.command} {self.path}")
        about = f"/api/models/{REPOSITORY}"
        files = list(Path(self.directory, REPOSITORY, "resolve", COMMIT).iterdir())
        if self.path == f"{about}/revision/main":
            self._say({"id": REPOSITORY, "sha": COMMIT, "siblings": [{"rfilename": path.name} for path in files]})
        elif self.path.startswith(f"{about}/tree/{COMMIT}"):
            self._say(
                [{"type": "file", "path": path.name, "size": path.stat().st_size, "oid": path.name} for path in files]
            )
        else:
            super().do_GET()

    def _say(self, body: object) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def end_headers(self) -> None:
        self.send_header("ETag", f'"{self.path.rpartition("/")[2]}"')
        self.send_header("X-Repo-Commit", COMMIT)
        super().end_headers()

    def log_message(self, *said: object) -> None:
        pass


def write_tokenizer(folder: Path) -> None:
    """As on the hub: tokenizer.json, and beside it the files that transformers makes from it."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer.save(str(folder / "tokenizer.json"))
    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    config = {"tokenizer_class": "PreTrainedTokenizerFast", **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[type[Hub], str]]:
    """The host and its address; it also has weights, which must not be fetched."""
    repository = tmp_path / "hub" / REPOSITORY / "resolve" / COMMIT
    write_tokenizer(repository)
    (repository / "open_clip_model.safetensors").write_bytes(bytes(1000))
    handler = type("CountingHub", (Hub,), {"asked": []})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=str(tmp_path / "hub"))
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def architecture(tmp_path: Path) -> Path:
    path = tmp_path / "siglip.json"
    path.write_text(json.dumps({"model_cfg": CONFIG, "preprocess_cfg": {}}))
    return path


def fetch(architecture: Path, cache: Path, endpoint: str, *words: str) -> subprocess.CompletedProcess[str]:
    """In a separate process, because huggingface_hub reads HF_ENDPOINT when it is imported."""
    variables = {"HF_ENDPOINT": endpoint, "RENDER_CACHE": str(cache), "PYTHONPATH": str(Path(__file__).parents[3])}
    environment = {key: value for key, value in os.environ.items() if key != "HF_HUB_OFFLINE"} | variables
    command = [sys.executable, "-c", FETCH, str(architecture), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_tokenizer_is_downloaded_once_and_then_read_offline(
    hub: tuple[type[Hub], str], architecture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, endpoint = hub
    cache = tmp_path / "cache"
    done = fetch(architecture, cache, endpoint)
    folder = cache / "tokenizers" / "timm--ViT-B-16-SigLIP"
    assert done.stderr == ""
    assert done.stdout.strip() == str(folder)
    assert not any("safetensors" in asked for asked in handler.asked)
    handler.asked.clear()
    assert fetch(architecture, cache, endpoint).stdout == fetch(architecture, cache, endpoint, "offline").stdout
    assert handler.asked == []

    monkeypatch.setenv("RENDER_CACHE", str(cache))
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: pytest.fail("asked for a name"))
    model = Model(name="siglip", entry="clip", architecture=architecture, checkpoint=weights(tmp_path))
    files = model.files(companions=companions(model, offline=True, progress=lambda *said: None))
    assert "tokenizer.json" in files.digests()
    perceptor = clip.load(files, torch.device("cpu"), torch.float32)
    assert_words_are_told_apart(perceptor)


def weights(folder: Path) -> Path:
    with torch.random.fork_rng(devices=()):
        torch.default_generator.manual_seed(2)
        (folder / "drawn").mkdir()
        (folder / "drawn" / "open_clip_config.json").write_text(json.dumps({"model_cfg": CONFIG, "preprocess_cfg": {}}))
        drawn = open_clip.create_model(f"local-dir:{folder / 'drawn'}", load_weights=False)
    save_file(drawn.state_dict(), folder / "clip.safetensors")
    return folder / "clip.safetensors"


def assert_words_are_told_apart(perceptor: clip.CLIP) -> None:
    texts = ["a golden sunset", "a golden sea", "a golden zebra", "a golden horse"]
    tokens = perceptor._tokenize(texts)
    assert tokens[:, :5].tolist() == [[3, 4, 5, 1, 0], [3, 4, 6, 1, 0], [3, 4, 2, 1, 0], [3, 4, 2, 1, 0]]
    read = perceptor.encode_text(texts)
    assert float((read[0] - read[1]).abs().max()) > 1e-4
    assert torch.equal(read[2], read[3])  # both are unknown


def test_a_tokenizer_beside_local_weights_needs_no_network(architecture: Path, tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    model = Model(name="mine", entry="clip", architecture=architecture, checkpoint=weights(tmp_path))
    found = companions(model, offline=True, progress=lambda *said: None)
    assert found == ((REPOSITORY, tmp_path),)
    assert_words_are_told_apart(clip.load(model.files(companions=found), torch.device("cpu"), torch.float32))


def test_without_a_network_a_missing_tokenizer_gives_one_sentence(architecture: Path, tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"
    said = fetch(architecture, tmp_path / "cache", nobody).stderr
    assert said.startswith("the tokenizer timm/ViT-B-16-SigLIP could not be fetched: ")
    assert said.count("\n") == 1
    said = fetch(architecture, tmp_path / "cache", nobody, "offline").stderr
    assert said == "the tokenizer timm/ViT-B-16-SigLIP is not in the cache, and offline mode forbids downloading it\n"


def test_a_partly_downloaded_tokenizer_is_not_used(
    hub: tuple[type[Hub], str], architecture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cache" / "tokenizers" / "timm--ViT-B-16-SigLIP"
    write_tokenizer(folder)
    (folder / "tokenizer.json").unlink()
    assert "is not in the cache" in fetch(architecture, tmp_path / "cache", hub[1], "offline").stderr
    assert fetch(architecture, tmp_path / "cache", hub[1]).stderr == ""
    assert (folder / "tokenizer.json").stat().st_size > 0


def test_models_without_a_hub_tokenizer_request_nothing() -> None:
    for entry, architecture in (("clip", "ViT-B-32-quickgelu"), ("vqgan", None), ("toy", None)):
        model = Model(name="plain", entry=entry, architecture=architecture)
        assert companions(model, offline=True, progress=lambda *said: None) == ()
    with pytest.raises(DownloadError, match="xlm-roberta-base"):
        companions(
            Model(name="tower", entry="clip", architecture="xlm-roberta-base-ViT-B-32"),
            offline=True,
            progress=lambda *said: None,
        )


def test_the_text_tower_of_every_architecture_is_known_without_open_clip() -> None:
    for name in architectures():
        assert text_config(name) == open_clip.get_model_config(name)["text_cfg"]
