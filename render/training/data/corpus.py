"""The data step: download and make all sets of pictures and sentences; existing sets are kept."""

from pathlib import Path

from render.training.config import DataConfig
from render.training.data.packages import teacher_folder, wordnet_folder
from render.training.data.pictures import SEEDS, has_set, load_set, write_photos, write_scenes
from render.training.scenes import make_scene, make_sky

ARTWORK_SIZE = 160
"""Pixels of a square of artwork, as large as a large scene."""

CAPTIONED = ("scenes", "skies", "held_out", "photos", "artwork", "artwork_held_out")


def write_pictures(folder: Path, config: DataConfig, photos: Path | None, debian: bool) -> None:
    """Scenes and skies in four sets, the photographs of a tar, artwork of Debian. Raises: FetchError."""
    if photos and not has_set(folder, "photos"):
        write_photos(folder, photos)
    if debian and not has_set(folder, "artwork"):
        from render.training.data.artwork import write_artwork

        write_artwork(folder, folder / "packages", ARTWORK_SIZE)
    sizes = {
        "held_out": (config.held_out_scenes, config.scene_size),
        "scenes": (config.scenes, config.scene_size),
        "large": (config.large_scenes, config.large_size),
        "skies": (config.skies, config.scene_size),
    }
    for name, (count, size) in sizes.items():
        if count and not has_set(folder, name):
            write_scenes(folder, name, count, size, SEEDS[name], make_sky if name == "skies" else make_scene)


def write_sentences(folder: Path, config: DataConfig, teacher: Path | None, debian: bool) -> int:
    """Captions, composed sentences and WordNet's entries with the teacher's vectors. Raises: FetchError.

    Returns: how many there are.
    """
    from render.training.data.teacher import SentenceTeacher
    from render.training.data.texts import load_texts, make_texts

    if (folder / "texts.pt").exists() and (folder / "prompts.pt").exists():
        return len(load_texts(folder / "texts.pt").texts)
    lexicon = wordnet_folder(folder / "packages") if debian else None
    sets = [name for name in CAPTIONED if has_set(folder, name)]
    captions = [caption for name in sets for words in load_set(folder, name)[1] for caption in words]
    model = SentenceTeacher(teacher or teacher_folder(folder / "packages"))
    return len(make_texts(captions, folder, model, lexicon, config).texts)
