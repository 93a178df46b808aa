"""Files that a schedule names, valid ones torn in every way: they are read or refused in one message, and soon.

`FUZZ_EXAMPLES=20000 python -m pytest tests/pipeline/test_fuzz_files.py` looks longer. FUZZ_RECORD=FILE adds a line for
each kind: how many inputs were tried, the longest processor time of one, and the most memory that the process held.
"""

import io
import json
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save

from pipeline.audio.csv_midi import read_csv, read_midi
from pipeline.audio.decoding import RATE, decode
from render.errors import InputError, WeightsError
from render.files.checkpoints import read_state_dict
from render.files.images import load_image
from render.models.clip_config import read_clip_config
from render.models.model import read_vqgan_config

EMBEDDED = Path(__file__).parents[2] / "render" / "models" / "embedded"
MOST_MB = 1500  # above what the process held before: a picture of 64 million pixels takes 768 alone
RECORD = os.environ.get("FUZZ_RECORD")


def _midi() -> bytes:
    notes = b"\0\xff\x51\3\7\xa1\x20" + b"\0\x90\x24\x40\x60\x80\x24\0" * 4 + b"\0\xff\x59\2\0\0\0\xff\x2f\0"
    return b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(notes).to_bytes(4, "big") + notes


def _sound(container: str, codec: str) -> bytes:
    made = io.BytesIO()
    with av.open(made, "w", format=container) as file:
        stream: Any = file.add_stream(codec, rate=RATE)
        frame = av.AudioFrame.from_ndarray(np.full((1, RATE), 9999, np.int16), format="s16", layout="mono")
        frame.rate, frame.pts = RATE, 0
        for part in (frame, None):
            file.mux(stream.encode(part))
    return made.getvalue()


def _picture(kind: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (9, 7), (9, 99, 200)).save(made, kind)
    return made.getvalue()


def _saved(zipped: bool) -> bytes:
    made = io.BytesIO()
    content = {"state_dict": {"a": torch.ones(3), "b": torch.ones(2, 2)}, "epoch": 3}
    torch.save(content, made, _use_new_zipfile_serialization=zipped)
    return made.getvalue()


_CLIP = {
    "embed_dim": 64,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "timm_model_name": "test_vit", "patch_size": 16},
    "text_cfg": {"vocab_size": 100, "hf_tokenizer_name": "roberta-base", "tokenizer_kwargs": {"clean": "lower"}},
}
SOUNDS = (("wav", "pcm_s16le"), ("flac", "flac"), ("ogg", "flac"), ("matroska", "pcm_s16le"), ("mp4", "aac"))
Read = Callable[[Path], object]
KINDS: dict[str, tuple[Read, list[bytes]]] = {
    "a.mid": (read_midi, [_midi()]),
    "a.csv": (read_csv, [b"time,value\n0,1\n1.5,0.25\n2,-3\n", b'"0","1"\r\n"1","2"\r\n']),
    "clip.json": (read_clip_config, [json.dumps(_CLIP).encode(), (EMBEDDED / "clip.json").read_bytes()]),
    "vqgan.yaml": (read_vqgan_config, [(EMBEDDED / "vqgan.yaml").read_bytes()]),
    "picture.png": (load_image, [_picture(kind) for kind in ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")]),
    "a.track": (decode, [_sound(*kind) for kind in SOUNDS]),
    "a.pt": (read_state_dict, [_saved(True), _saved(False)]),
    "a.safetensors": (read_state_dict, [save({"a": torch.ones(3), "b": torch.ones(2, 2)})]),
}
SCRAPS = [
    *(bytes([byte]) for byte in (0, 1, 0x7F, 0x80, 0xFF)),
    *(b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\x8a\x08" + b"\x7f" * 8, b"c", b"R.", b"PK\1\2"),
    *(
        b"9" * 30,
        b"-1",
        b"null",
        b"[]",
        b"{}",
        b"nan",
        b"1e999",
        b'"',
        b"\n",
        b",",
        b"&a ",
        b"*a",
        b"<<: ",
        b"\xff\x59",
    ),
]
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.one_of(st.sampled_from(SCRAPS), st.binary(max_size=6))),
    min_size=1,
    max_size=5,
)


def _torn(content: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    for share, gone, scrap in edits:
        at = int(share * len(content))
        content = content[:at] + scrap + content[at + gone :]
    return content


def _held() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", KINDS)
def test_a_torn_file(name: str, tmp_path: Path) -> None:
    read, examples = KINDS[name]
    path, before, tried, longest = tmp_path / name, _held(), 0, 0.0

    @given(content=st.sampled_from(examples), edits=EDITS)
    @settings(
        max_examples=int(os.environ.get("FUZZ_EXAMPLES", "60")),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    def fuzz(content: bytes, edits: list[tuple[float, int, bytes]]) -> None:
        nonlocal tried, longest
        path.unlink(missing_ok=True)  # a new file: the one before may still be mapped
        path.write_bytes(_torn(content, edits))
        began = time.process_time()
        try:
            read(path)
        except (InputError, WeightsError) as error:
            said = str(error)
        else:
            said = "read"
        assert 0 < len(said) < 2000
        tried, longest = tried + 1, max(longest, time.process_time() - began)

    fuzz()
    assert _held() - before < MOST_MB
    if RECORD:
        line = f"{name}: {tried} inputs, longest {longest:.3f} s, most memory {_held():.0f} MB\n"
        with Path(RECORD).open("a", encoding="utf-8") as file:
            file.write(line)
