"""From names to models; the data itself is tested in test_registry_data.py."""

import pytest

from render.errors import UnknownNameError
from render.models import registry


def test_shipped_models_have_their_files() -> None:
    for find in (registry.find_latent, registry.find_perceptor):
        files = find("embedded").files()
        assert len(files.paths) == 2
        assert all(path.is_file() for path in files.paths)
        assert set(files.digests()) == {path.name for path in files.paths}


@pytest.mark.parametrize(
    ("name", "stride"), [("embedded", 8), ("pixels", 1), ("imagenet-f16-16384", 16), ("openimages-f8-8192", 8)]
)
def test_the_stride_is_known_before_downloading(name: str, stride: int) -> None:
    assert registry.find_latent(name).stride == stride


def test_openai_names_get_the_architecture_that_their_weights_were_trained_with() -> None:
    for name in ("ViT-B-32/openai", "ViT-B-32-quickgelu/openai"):
        assert registry.find_perceptor(name).architecture == "ViT-B-32-quickgelu"
    assert registry.find_perceptor("ViT-B-32/laion2b_s34b_b79k").architecture == "ViT-B-32"


def test_an_architecture_with_the_weights_of_another_is_rejected() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'ViT-B-32/laion2b_s34b_b79k'"):
        registry.find_perceptor("ViT-B-32-quickgelu/laion2b_s34b_b79k")


def test_an_architecture_without_weights_is_rejected() -> None:
    with pytest.raises(UnknownNameError, match="name its weights, such as 'ViT-B-32/openai'"):
        registry.find_perceptor("ViT-B-32")


def test_openais_own_archives_are_never_downloaded() -> None:
    for model in registry.perceptors().values():
        if model.download is not None:
            assert model.download.addresses
            assert not any("openaipublic" in address for address in model.download.addresses)


def test_a_known_hash_of_an_address_is_checked() -> None:
    download = registry.find_perceptor("ViT-B-32/laion2b_e16").download
    assert download is not None
    assert download.addresses[-1].endswith("-af8dbd0c.pth#sha256=af8dbd0c")


def test_random_models_have_a_known_architecture_and_a_seed() -> None:
    latent = registry.find_latent("random:imagenet-f16-16384")
    assert latent.architecture == registry.find_latent("imagenet-f16-16384").architecture
    assert (latent.download, latent.checkpoint, latent.random_seed) == (None, None, 0)
    for name in ("random:ViT-B-32-quickgelu", "random:embedded", "random:ViT-B-32/openai"):
        perceptor = registry.find_perceptor(name)
        assert (perceptor.download, perceptor.checkpoint, perceptor.random_seed) == (None, None, 0)
        assert perceptor.architecture


@pytest.mark.parametrize("name", ["random:", "random:pixels", "random:nothing", "random:random:embedded", "zzz", ""])
def test_a_name_that_is_not_a_model_is_reported(name: str) -> None:
    for find in (registry.find_latent, registry.find_perceptor):
        with pytest.raises(UnknownNameError):
            find(name)


def test_similar_names_are_suggested() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'pixels'"):
        registry.find_latent("pixel")
    with pytest.raises(UnknownNameError, match="did you mean 'ViT-B-32/openai'"):
        registry.find_perceptor("vit-b-32/opena")
