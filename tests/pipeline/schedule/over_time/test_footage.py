"""What frame specs take from footage: pictures, motion between them, shots, cuts, cadence, loops and hashes."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.run.folder.hashes import chain
from pipeline.schedule.loader import load_schedule
from pipeline.schedule.timeline import Timeline
from render.errors import ScheduleError
from render.spec import FrameSpec
from render.spec.camera import FlatMove

BASE = "models: {latent: pixels, perceptors: [toy]}\n"
HEAD = BASE + "output: {size: [64, 48], fps: 12, length: 10}\nprompts: red\n"


def timeline(folder: Path, text: str, head: str = HEAD) -> Timeline:
    path = folder / "a.yaml"
    path.write_text(f"{head}{text}\n", encoding="utf-8")
    return Timeline(load_schedule(path))


def numbers(specs: list[FrameSpec]) -> list[int | None]:
    return [spec.source.image.number if spec.source else None for spec in specs]


def flows(specs: list[FrameSpec]) -> list[tuple[int | None, int | None] | None]:
    return [(spec.flow.before.number, spec.flow.after.number) if spec.flow else None for spec in specs]


def test_every_frame_takes_the_next_picture_and_what_moves_up_to_it(folder: Path) -> None:
    specs = list(timeline(folder, "source: {video: clip.mp4, from: 3f, mix: 0.5}"))
    assert numbers(specs) == list(range(3, 13))
    assert flows(specs) == [None, *((number, number + 1) for number in range(3, 12))]
    assert [spec.source.mix for spec in specs if spec.source] == [0.0] + [0.5] * 9
    assert {spec.flow.method for spec in specs if spec.flow} == {"dis"}


def test_a_picture_that_stays_moves_nothing(folder: Path) -> None:
    specs = list(timeline(folder, "source: {video: clip.mp4, speed: 0.5}"))
    assert numbers(specs) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert flows(specs)[1:4] == [None, (0, 1), None]


def test_a_frame_that_begins_from_its_source_alone_needs_no_motion(folder: Path) -> None:
    assert set(flows(list(timeline(folder, "source: {video: clip.mp4, mix: 0}")))) == {None}
    specs = list(timeline(folder, "source: {video: clip.mp4, mix: {0: 0, 4: {to: 0.5, ease: hold}}}"))
    assert [flow is not None for flow in flows(specs)] == [False] * 4 + [True] * 6
    compared = list(timeline(folder, "source: {video: clip.mp4, mix: 0}\nlosses: {temporal: 1}"))
    assert [flow is not None for flow in flows(compared)] == [False] + [True] * 9


def test_specs_without_footage_are_written_as_before(folder: Path) -> None:
    for spec in timeline(folder, "motion: {zoom: 1.1/s}\nrefine: {cadence: 3}"):
        keys = json.loads(spec.to_json())
        assert not keys.keys() & {"source", "flow"}
        assert all("flow" not in motion for motion in keys.get("travelled", ()))


def test_the_first_frame_takes_as_many_steps_as_add_up(folder: Path) -> None:
    source = "source: {video: clip.mp4, mix: %s}\nrefine: {steps: %s}"
    for mix, steps, first in ((0, 3, 3), (0.5, 3, 6), (0.6, 3, 8), (1, 3, 60), (1, 90, 90), (0.6, 0, 0)):
        found = timeline(folder, source % (mix, steps))
        assert found.num_steps.tolist() == [first] + [steps] * 9
        assert found.as_first(4).num_steps == first
    assert timeline(folder, "source: {video: clip.mp4}\nrefine: {first_frame: 5}").num_steps[0] == 5


def test_a_frame_as_the_first_one_begins_from_its_source_alone(folder: Path) -> None:
    first = timeline(folder, "source: {video: clip.mp4}").as_first(4)
    assert first.source is not None
    assert (first.source.image.number, first.source.mix, first.flow, first.key) == (4, 0.0, None, None)


def test_motion_moves_the_source_too(folder: Path) -> None:
    specs = list(timeline(folder, "source: {video: clip.mp4}\nmotion: {pan_x: 12%/s}"))
    for index, spec in enumerate(specs):
        assert spec.source is not None
        moved = np.array(spec.source.image.motion or np.eye(3).ravel()).reshape(3, 3)
        assert moved == pytest.approx(np.array([[1, 0, 0.01 * index], [0, 1, 0], [0, 0, 1]]), abs=1e-9)
        if spec.flow:  # both where the frame before has them
            before = specs[index - 1].source
            assert before is not None
            assert spec.flow.before == before.image
            assert spec.flow.after.motion == before.image.motion
    assert specs[0].source is not None
    assert specs[0].source.image.motion == ()


def test_a_camera_before_a_flat_picture_moves_the_source_too(folder: Path) -> None:
    specs = list(timeline(folder, "source: {video: clip.mp4}\ncamera: {roll: 12/s, truck: 0.3, fov: 60}"))
    total = np.eye(3)
    for spec in specs:
        assert spec.source is not None
        if isinstance(spec.camera, FlatMove):
            total = np.reshape(spec.camera.matrix, (3, 3)) @ total
        moved = np.reshape(spec.source.image.motion or np.eye(3), (3, 3))
        assert moved == pytest.approx(total / total[2, 2], abs=1e-8)
    assert not np.allclose(total, np.eye(3))


SHOTS = "output: {size: [64, 48], fps: 12}\nprompts: red\n"


def test_a_clip_of_the_top_goes_on_from_shot_to_shot(folder: Path) -> None:
    shots = "shots: [{length: 3}, {length: 3, source: {mix: 0.5}}, {length: 3, start: carry}]"
    specs = list(timeline(folder, f"source: {{video: clip.mp4, from: 2f}}\n{shots}", BASE + SHOTS))
    assert numbers(specs) == list(range(2, 11))
    assert flows(specs) == [None, (2, 3), (3, 4), None, (5, 6), (6, 7), (7, 8), (8, 9), (9, 10)]
    assert [spec.source.mix for spec in specs if spec.source] == [0, 0.9, 0.9, 0, 0.5, 0.5, 0.9, 0.9, 0.9]


def test_a_shot_begins_the_clip_that_it_names(folder: Path, clips: Callable[..., Path]) -> None:
    (folder / "other.mp4").write_bytes(clips("clip.mp4", frames=30).read_bytes())
    shots = (
        "shots: [{length: 2}, {length: 2, source: {from: 9f}}, {length: 2, start: carry, source: {video: other.mp4}}, "
        "{length: 2, source: none}, {length: 2, start: carry}]"
    )
    specs = list(timeline(folder, f"source: {{video: clip.mp4, from: 2f}}\n{shots}", BASE + SHOTS))
    assert numbers(specs) == [2, 3, 9, 10, 0, 1, None, None, 2, 3]  # `from` at the top is a time in its clip
    assert flows(specs) == [None, (2, 3), None, (9, 10), None, (0, 1), None, None, None, (2, 3)]
    files = [spec.source.image.file.path.name for spec in specs if spec.source]
    assert files == ["clip.mp4"] * 4 + ["other.mp4"] * 2 + ["clip.mp4"] * 2


def test_the_frames_between_refined_ones_carry_their_own_motion(folder: Path) -> None:
    for mix in (0, 0.5):
        specs = list(timeline(folder, f"source: {{video: clip.mp4, mix: {mix}}}\nrefine: {{cadence: 3}}"))
        assert flows(specs)[1:] == [(number, number + 1) for number in range(9)]
        key = specs[3]
        assert [(moved.flow.before.number, moved.flow.after.number) for moved in key.motions if moved.flow] == [
            *((0, 1), (1, 2), (2, 3)),
        ]
        between = specs[1]
        assert between.key is not None
        assert (numbers([between, between.key]), between.num_steps) == ([1, 3], 0)


def test_past_the_end_of_a_loop_are_the_pictures_of_its_beginning(folder: Path) -> None:
    specs = list(timeline(folder, "source: {video: clip.mp4}\nloop: {blend: 4}"))
    assert numbers(specs) == [*range(10), 0, 1, 2, 3]
    assert flows(specs)[9:] == [(8, 9), (9, 0), (0, 1), (1, 2), (2, 3)]
    assert specs[10].source is not None
    assert specs[10].source.mix == 0.9


def test_a_still_moves_by_its_window(folder: Path) -> None:
    specs = list(timeline(folder, "source: {image: photo.png, zoom: 2, center: [{0s: 0, end: 100%}, 50%]}"))
    windows = [spec.source.image.window for spec in specs if spec.source]
    assert all(window[1:] == pytest.approx((0.25, 1 / 3, 0.5)) for window in windows)
    assert windows[0][0] == 0.0
    assert windows[-1][0] == pytest.approx(2 / 3)
    assert all(spec.flow is not None for spec in specs if 2 < spec.index < 8)
    whole = list(timeline(folder, "source: {image: photo.png}"))
    assert set(flows(whole)) == {None}
    assert {spec.source.image.window for spec in whole if spec.source} == {(0.0, 0.0, 1.0, 1.0)}


def test_numbered_pictures_are_files_of_their_own(folder: Path) -> None:
    for number in range(4):
        Image.new("RGB", (32, 24), (number, 0, 0)).save(folder / f"f{number}.png")
    specs = list(timeline(folder, "source: {images: f*.png, end: bounce}"))
    names = [spec.source.image.file.path.name for spec in specs if spec.source]
    assert names == [f"f{number}.png" for number in (0, 1, 2, 3, 2, 1, 0, 1, 2, 3)]
    assert numbers(specs) == [None] * 10
    assert all(spec.flow is not None for spec in specs[1:])


def test_a_changed_clip_changes_the_hashes_and_its_place_does_not(folder: Path, clips: Callable[..., Path]) -> None:
    text = "source: {video: clip.mp4}"
    before = chain(timeline(folder, text), {})
    (folder / "moved").mkdir()
    (folder / "moved" / "clip.mp4").write_bytes((folder / "clip.mp4").read_bytes())
    assert chain(timeline(folder, "source: {video: moved/clip.mp4}"), {}) == before
    later = chain(timeline(folder, "source: {video: clip.mp4, speed: {0: 1, 4: {to: 2, ease: hold}}}"), {})
    shared = sum(one == other for one, other in zip(before, later, strict=True))
    assert shared == 5  # the pictures are the same for a while
    (folder / "clip.mp4").write_bytes(clips("clip.mp4", frames=30).read_bytes())
    assert not set(chain(timeline(folder, text), {})) & set(before)


FLOW = "motion: {flow: {video: clip.mp4%s}}"


def test_the_motion_of_a_clip_alone(folder: Path) -> None:
    options = ", amount: {0: 0.5, 4: 0}, smooth: 2%, region: {box: [0, 0, 50%, 100%]}"
    specs = list(timeline(folder, FLOW % options + "\nrefine: {lr: 0.1}"))
    assert {spec.source for spec in specs} == {None}
    assert flows(specs) == [None, (0, 1), (1, 2), (2, 3), *[None] * 6]
    first = specs[1].flow
    assert first is not None
    assert (first.amount, first.smooth, first.before.motion) == (0.375, 0.02, ())
    assert first.region is not None
    assert first.region.numbers == (0, 0, 0.5, 1)
    assert specs[1].lr == 0.1


def test_the_motion_of_a_clip_stands_still_behind_the_frame(folder: Path) -> None:
    specs = list(timeline(folder, "motion: {zoom: 2/s, flow: {video: clip.mp4, end: repeat}}"))
    assert {image.motion for spec in specs if spec.flow for image in (spec.flow.before, spec.flow.after)} == {()}
    assert all(spec.transforms for spec in specs[1:])


def test_the_motion_of_a_clip_in_shots(folder: Path) -> None:
    shots = "shots: [{length: 3}, {length: 3, start: carry}, {length: 2, start: carry, motion: {flow: none}}]"
    specs = list(timeline(folder, f"{FLOW % ''}\n{shots}", BASE + SHOTS))
    assert flows(specs) == [None, (0, 1), (1, 2), (2, 3), (3, 4), (4, 5), None, None]


def test_a_shot_has_one_kind_of_footage(folder: Path) -> None:
    with pytest.raises(ScheduleError, match=r"4:16: motion\.flow: the source's own motion moves the picture already"):
        timeline(folder, f"{FLOW % ''}\nsource: {{video: clip.mp4}}")
    shots = "shots: [{length: 3}, {length: 3, source: {video: clip.mp4}, motion: {flow: none}}]"
    assert numbers(list(timeline(folder, f"{FLOW % ''}\n{shots}", BASE + SHOTS))) == [None] * 3 + [0, 1, 2]


def test_a_draft_shows_the_same_pictures(folder: Path) -> None:
    path = folder / "a.yaml"
    path.write_text(HEAD + "source: {video: clip.mp4, speed: 1.5}\n", encoding="utf-8")
    schedule = load_schedule(path)
    assert numbers(list(Timeline(schedule.draft()))) == numbers(list(Timeline(schedule)))


def test_ranges_between_cuts_are_independent(folder: Path) -> None:
    shots = "shots: [{length: 3}, {length: 4}, {length: 3, start: carry}]"
    found = timeline(folder, f"source: {{video: clip.mp4}}\n{shots}", BASE + SHOTS)
    assert found.parallel_ranges == [(0, 3), (3, 10)]
    for begin, end in found.parallel_ranges:
        reached = {
            number for pair in flows([found.at(index) for index in range(begin, end)]) if pair for number in pair
        }
        assert reached == set(range(begin, end))
