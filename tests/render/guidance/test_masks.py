"""Regions as masks: every kind against a known picture, soft edges, and motion."""

import math
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from pipeline.schedule.fields.regions import COMBINED, SIMPLE
from render import catalogue
from render.errors import RunError
from render.guidance import regions
from render.guidance.masks import Masks, feathered, grown
from render.models.model import sha256
from render.motion.displacements.homography import Homography, motion_matrix
from render.motion.warp import warp
from render.spec.pictures import ImageFile
from render.spec.regions import Region

CPU = torch.device("cpu")
SIZE = WIDTH, HEIGHT = 32, 16
BOX = Region(kind="box", numbers=(0.25, 0.25, 0.5, 0.75))


def drawn(region: Region, size: tuple[int, int] = SIZE, picture: Tensor | None = None) -> Tensor:
    return Masks(CPU).draw(region, size, picture)


def file(path: Path) -> ImageFile:
    return ImageFile(path=path, sha256=sha256(path))


def test_a_schedule_can_name_every_kind() -> None:
    assert sorted(entry.name for entry in (*SIMPLE, *COMBINED)) == list(catalogue.names(regions))


def test_a_box_has_exactly_the_pixels_between_its_edges() -> None:
    expected = torch.zeros(HEIGHT, WIDTH)
    expected[4:12, 8:16] = 1.0
    assert torch.equal(drawn(BOX), expected)
    half = drawn(replace(BOX, numbers=(0.25 + 0.5 / WIDTH, 0.0, 1.0, 1.0)))
    assert half[0, 7:10].tolist() == [0.0, 0.5, 1.0]
    assert torch.equal(drawn(replace(BOX, numbers=(-3.0, -3.0, 4.0, 4.0))), torch.ones(HEIGHT, WIDTH))


def test_a_circle_has_the_area_of_a_circle_in_a_picture_of_any_shape() -> None:
    disc = drawn(Region(kind="circle", numbers=(0.5, 0.5, 0.4)), (320, 160))
    assert float(disc.sum()) == pytest.approx(math.pi * (0.4 * 160) ** 2, rel=1e-3)
    torch.testing.assert_close(disc[:, 80:240], disc[:, 80:240].T, atol=1e-4, rtol=0)


def test_gradients() -> None:
    down = drawn(Region(kind="linear", numbers=(0.0, 0.0, 0.0, 1.0)))
    torch.testing.assert_close(down[:, 3], (torch.arange(HEIGHT) + 0.5) / HEIGHT)
    slanted = drawn(Region(kind="linear", numbers=(0.0, 0.0, 1.0, 1.0)))
    across, lower = (slanted[4, 9] - slanted[4, 8]), (slanted[5, 8] - slanted[4, 8])
    assert float(across / lower) == pytest.approx(WIDTH / HEIGHT, rel=1e-4), "perpendicular to the line in pixels"
    cone = drawn(Region(kind="radial", numbers=(0.5, 0.5, 0.5)), (33, 33))
    assert float(cone[16, 16]) == 1.0
    assert float(cone[16, 24]) == pytest.approx(1 - 8 / 16.5, rel=1e-5)
    assert float(cone[0, 0]) == 0.0


def test_union_intersection_and_inversion() -> None:
    other = replace(BOX, numbers=(0.0, 0.0, 0.5, 0.5))
    both = [drawn(each) for each in (BOX, other)]
    assert torch.equal(drawn(Region(kind="union", parts=(BOX, other))), torch.maximum(*both))
    assert torch.equal(drawn(Region(kind="intersection", parts=(BOX, other))), torch.minimum(*both))
    rest = Region(kind="intersection", parts=(BOX, replace(other, invert=True)), invert=True)
    assert torch.equal(drawn(rest), 1 - torch.minimum(both[0], 1 - both[1]))


def test_a_feather_is_a_ramp_around_the_edge_and_changes_nothing_farther_away() -> None:
    edge = (torch.arange(64) >= 32).float().expand(48, 64)
    soft = feathered(edge, 12.0)
    row = soft[20]
    assert not row[: 32 - 6].any()
    assert bool((row[32 + 6 :] > 1 - 1e-6).all())
    assert bool((row.diff() > -1e-6).all()), "it rises without a step back"
    assert float(row[31] + row[32]) == pytest.approx(1.0, abs=1e-5), "centred on the edge"
    torch.testing.assert_close(soft, soft[:1].expand(48, 64))
    assert torch.equal(feathered(edge, 1.0), edge)


def test_a_grown_mask_keeps_what_it_had_and_fades_out_beyond() -> None:
    spot = torch.zeros(40, 40)
    spot[15:25, 15:25] = 1.0
    wide = grown(spot, 8.0)
    assert bool((wide[spot == 1] == 1.0).all())
    assert 0.0 < float(wide[20, 27]) < 1.0
    assert not wide[:, :7].any()
    assert torch.equal(grown(spot, 0.0), spot)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_white_counts_in_a_picture_which_is_cropped_around_its_middle(tmp_path: Path, name: str) -> None:
    levels = np.zeros((160, 160, 3), dtype=np.uint8)
    levels[40:120, :80] = 255  # the left half of what is left of the square
    levels[:40] = 128
    Image.fromarray(levels).save(tmp_path / name, quality=95)
    found = drawn(Region(kind="image", file=file(tmp_path / name)))
    expected = (torch.arange(WIDTH) < WIDTH // 2).float().expand(HEIGHT, WIDTH)
    inner = [slice(2, -2), slice(0, WIDTH // 2 - 1)]
    torch.testing.assert_close(found[inner[0], inner[1]], expected[inner[0], inner[1]], atol=0.02, rtol=0)
    assert float(found[:, WIDTH // 2 + 1 :].max()) < 0.02 + 0.5


def test_what_is_transparent_in_a_mask_is_black(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (WIDTH, HEIGHT), (255, 255, 255, 0))
    picture.paste((255, 255, 255, 255), (0, 0, WIDTH // 2, HEIGHT))
    picture.save(tmp_path / "a.png")
    found = drawn(Region(kind="image", file=file(tmp_path / "a.png")))
    assert float(found[:, : WIDTH // 2 - 1].min()) > 0.99
    assert float(found[:, WIDTH // 2 + 1 :].max()) < 0.01


def test_a_file_that_has_changed_is_refused(tmp_path: Path) -> None:
    Image.new("L", (4, 4), 255).save(tmp_path / "a.png")
    region = Region(kind="image", file=file(tmp_path / "a.png"))
    Image.new("L", (4, 4), 0).save(tmp_path / "a.png")
    with pytest.raises(RunError, match=r"a\.png: has changed since the schedule was read"):
        drawn(region)


def test_a_video_is_a_mask_that_changes_over_time(tmp_path: Path) -> None:
    """Four frames at 4 fps, each white in another quarter; asked for in any order, and after the end."""
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=4)
        stream.width, stream.height, stream.pix_fmt = 128, 64, "yuv420p"
        for quarter in range(4):
            levels = np.zeros((64, 128, 3), dtype=np.uint8)
            levels[:, 32 * quarter : 32 * (quarter + 1)] = 255
            for packet in stream.encode(av.VideoFrame.from_ndarray(levels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    masks, video = Masks(CPU), file(tmp_path / "a.mp4")
    for seconds, quarter in [(0.0, 0), (0.24, 0), (0.25, 1), (0.8, 3), (0.3, 1), (0.6, 2), (99.0, 3)]:
        found = masks.draw(Region(kind="video", numbers=(seconds,), file=video), (16, 8), None)
        means = found.view(8, 4, 4).mean(dim=(0, 2))
        assert int(means.argmax()) == quarter
        assert float(means.max()) > 0.9
        assert float(means.sum()) < 1.2


def test_a_region_that_moves_is_where_the_picture_has_moved() -> None:
    """Against a picture of the region, warped: zoom, rotation and a pan at once, to within its edges."""
    size = 128, 64
    matrix = motion_matrix({"zoom": 1.3, "rotate": 20.0, "pan_x": 0.1}, size, (0.4, 0.6))
    to_pixels = np.array([[size[0], 0, -0.5], [0, size[1], -0.5], [0, 0, 1.0]])
    motion = np.linalg.inv(to_pixels) @ matrix @ to_pixels
    moved = drawn(replace(BOX, motion=tuple(map(float, motion.ravel()))), size)
    warped = warp(drawn(BOX, size).expand(1, 3, -1, -1), Homography(matrices=matrix[None]), "black")[0, 0]
    assert float((moved - warped).abs().mean()) < 0.01
    assert float(warped.sum()) > 500


def test_a_region_that_has_shrunk_to_nothing_is_nowhere() -> None:
    assert not drawn(replace(BOX, motion=(0.0,) * 8 + (1.0,))).any()


def test_a_text_is_everywhere_while_there_is_no_picture() -> None:
    said: list[str] = []

    def segment(picture: Tensor, text: str) -> Tensor:
        said.append(text)
        return picture[0, 0]

    picture = torch.rand(1, 3, HEIGHT, WIDTH)
    masks = Masks(CPU, segment)
    sky = Region(kind="text", text="the sky")
    assert torch.equal(masks.draw(sky, SIZE, None), torch.ones(HEIGHT, WIDTH))
    torch.testing.assert_close(masks.draw(sky, SIZE, picture), picture[0, 0], atol=1e-5, rtol=0)
    torch.testing.assert_close(masks.draw(sky, SIZE, picture / 2), picture[0, 0] / 2, atol=1e-5, rtol=0)
    assert said == ["the sky", "the sky"], "it is found anew in every picture"


def test_masks_are_kept_but_not_without_bound() -> None:
    masks = Masks(CPU)
    first = masks.draw(BOX, SIZE, None)
    assert masks.draw(BOX, SIZE, None) is first
    for number in range(40):
        masks.draw(replace(BOX, feather=number / 100), SIZE, None)
    assert masks.draw(BOX, SIZE, None) is not first
