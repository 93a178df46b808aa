from pathlib import Path
from types import ModuleType

import pytest

from render import catalogue, latents
from render.errors import InputError, UnknownNameError
from render.guidance import losses, perceptors
from render.motion import transforms

CONTRACT = [(transforms, "TRANSFORM"), (losses, "loss"), (latents, "load"), (perceptors, "load")]


@pytest.mark.parametrize("package", [package for package, _ in CONTRACT])
def test_the_names_are_the_files_of_the_folder(package: ModuleType) -> None:
    files = {path.stem for folder in package.__path__ for path in Path(folder).glob("*.py")} - {"__init__"}
    assert list(catalogue.names(package)) == sorted(files)


@pytest.mark.parametrize(("package", "attribute"), CONTRACT)
def test_every_entry_fulfils_its_contract(package: ModuleType, attribute: str) -> None:
    for name in catalogue.names(package):
        entry = catalogue.load(package, name)
        assert entry.__name__ == f"{package.__name__}.{name}"
        assert hasattr(entry, attribute)


def test_a_misspelled_name_suggests_the_similar_one() -> None:
    with pytest.raises(UnknownNameError, match=r"^unknown transforms 'zom'; did you mean 'zoom'\?$"):
        catalogue.load(transforms, "zom")


def test_an_unknown_name_lists_all_names() -> None:
    with pytest.raises(InputError, match=r"expected one of: .*rotate.*zoom"):
        catalogue.load(transforms, "qqq")


@pytest.mark.parametrize("name", ["__init__", "../warp", "zoom.py", ""])
def test_files_that_are_not_entries_are_never_imported(name: str) -> None:
    with pytest.raises(UnknownNameError):
        catalogue.load(transforms, name)
