"""Malicious schedules: `render check` refuses each with its location, at once and in little memory."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

Refused = Callable[[Path, str], None]

PROMPT = "prompts: a calm sea\n"


def motion(zoom: str) -> str:
    return f"{PROMPT}motion: {{zoom: {zoom}}}\n"


def rotation(expression: str, output: str = "{}") -> str:
    return f'{PROMPT}output: {output}\nmotion: {{rotate: "{expression}"}}\n'


def times(count: int, entry: str = "1.01") -> str:
    return "{" + ", ".join(f"{number}: {entry}" for number in range(count)) + "}"


def layers(count: int) -> str:
    return "prompts: [" + ", ".join(f"a{number}" for number in range(count)) + "]\n"


def laughs(name: str) -> str:
    """A "billion laughs": a few lines that expand to 10**60 entries."""
    lines = [f"{name}0: &a0 [ha, ha]", *(f"{name}{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 60))]
    return "\n".join(lines)


SPACES = " " * 9900
FULL = 990_000  # characters: nearly the maximum length of a schedule

TEXTS: dict[str, tuple[str, str]] = {
    # as YAML
    "aliases of aliases": ("more than 50,000 entries", PROMPT + laughs("x")),
    "aliases of one long text": ("more than 50,000", f"a: &a {'x' * 9000}\nprompts: [{'*a, ' * 200_000}]"),
    "an alias within itself": ("an alias inside", motion("&a {0: *a}")),
    "a merge key that merges itself": ("an alias inside", f"{PROMPT}motion: &a {{<<: *a}}"),
    "lists in lists": ("nested too deeply", "[" * FULL),
    "maps in maps": ("nested too deeply", "{a: " * (FULL // 4)),
    "a block in a block": ("nested too deeply", "- " * (FULL // 2)),
    "keys in keys": ("nested too deeply", "? " * (FULL // 2)),
    "ever deeper indentation": ("nested too deeply", "".join(" " * depth + "a:\n" for depth in range(1300))),
    "nothing but keys": ("more than 50,000 entries", "".join(f"k{number}: 1\n" for number in range(90_000))),
    "nothing but commas": ("more than 50,000 entries|not YAML", "a: [" + "x," * (FULL // 2)),
    "a key of a megabyte": ("a key of more than|a text of more than", f"? {'x' * FULL}\n: 1\n"),
    "a prompt of a megabyte": ("a text of more than 10,000", f"prompts: {'x' * FULL}"),
    "a quoted prompt of escapes": ("a text of more than 10,000", 'prompts: "' + "\\x41" * (FULL // 4) + '"'),
    "a number of a million digits": ("a text of more than 10,000", motion("1" * FULL)),
    "an anchor of a megabyte": ("is defined twice", f"a: &{'x' * 400_000} 1\nb: &{'x' * 400_000} 1\n{PROMPT}"),
    "directives": ("%TAG", "".join(f"%TAG !e{n}! tag:x:\n" for n in range(30_000)) + "---\n" + PROMPT),
    "nothing but quotes": ("a text of more than|not YAML", "a: " + "'" * FULL),
    "nothing but lines": ("is empty", "\n" * FULL),
    "many documents": ("a second one", "---\n" + PROMPT + f"---\n{PROMPT}" * 30_000),
    "a python object": ("unknown key", f"{PROMPT}a: !!python/object/apply:os.mkdir [made]\n"),
    "a python name": ("expected a number", motion("!!python/object/apply:os.mkdir ['made']")),
    "a null character": ("does not allow", "prompts: a\0b"),
    "an escape sequence": ("does not allow", "prompts: \x1b]0;title\x07"),
    "an escape sequence in a key": ("unknown key", f'{PROMPT}"\\e[2J\\e]0;x\\a": 1\n'),
    "half a character": ("half a character", 'prompts: "a \\ud800 b"'),
    "a null in the title": ("control character", f'{PROMPT}title: "a\\0b"\n'),
    "an escape sequence in a prompt": ("control character", 'prompts: "a \\e]0;title\\a"\n'),
    # as a schedule
    "many unknown keys": ("unknown key|more than 50,000", PROMPT + "".join(f"k{n}: 1\n" for n in range(24_000))),
    "as many prompts as fit": ("more than 1,000 prompts", layers(40_000)),
    "thousands of scenes": ("more than 1,000 prompts", f"prompts: {times(24_000, 'a')}\n"),
    "a tiny frame rate": ("from 0.1 to 240", f"{PROMPT}output: {{fps: 1e-300}}"),
    "a length beyond floats": ("expected a length", f"{PROMPT}output: {{length: 1e308s}}"),
    "a length of digits": ("expected a length", f"{PROMPT}output: {{length: {'9' * 400}s}}"),
    "a length of years": ("expected a length", f"{PROMPT}output: {{length: 999999s, fps: 240}}"),
    "an enormous size": ("from 16 to 8192", f"{PROMPT}output: {{size: [99999999, 99999999]}}"),
    "a time beyond floats": ("expected a time", motion("{0: 1, 1e400s: 2}")),
    "a percentage beyond floats": ("expected a time", motion("{0: 1, 1e308%: 2}")),
    "a factor beyond floats": ("expected a number|must be|more than a factor", motion("1e400")),
    "an easing with nan": ("unknown easing", motion("{0: 1, 9: {to: 2, ease: 'bezier(nan, 0, 1, 1)'}}")),
    "an easing of digits": ("unknown easing", motion(times(9, f"{{to: 2, ease: 'bezier(0, {'9' * 400}, 1, 1)'}}"))),
    "easings of digits": ("unknown easing", motion(times(90, "{to: 2, ease: 'bezier(" + "1" * 9900 + "x'}"))),
    "an expression that calls": ("unknown|unexpected|expected", rotation("__import__('os').mkdir('made')")),
    "an expression with attributes": ("unknown|unexpected|expected", rotation("().__class__.__bases__[0]")),
    "an expression of maximum length": ("more than 1000 characters", rotation("t+" * 4900 + "t")),
    "an expression that nests": ("nested too deeply", rotation("(" * 900 + "t")),
    "a tower of powers": ("is infinite", rotation("9**9**9**9**9**9**9")),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_malicious_text_is_refused_at_once(name: str, tmp_path: Path, refused: Refused) -> None:
    message, text = TEXTS[name]
    (tmp_path / "a.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    refused(tmp_path / "a.yaml", message)


HEAVY: dict[str, tuple[str, str]] = {
    "as many keys as fit": ("more than 10,000 keys", motion(times(22_000))),
    "a thousand prompts over a million frames": ("are too many", f"{layers(1000)}output: {{length: 999999}}"),
    "an easing of its own at every key": (
        "different easings",
        motion("{" + ", ".join(f"{n}: {{to: 1, ease: 'bezier(0.{n},0,1,1)'}}" for n in range(5000)) + "}"),
    ),
    "rates of spaces": ("expected a number", motion(times(90, f"'1{SPACES}x'"))),
    "times of spaces": (
        "expected a time",
        PROMPT + "markers: {" + ", ".join(f"a{n}: '1s{SPACES}x'" for n in range(90)) + "}",
    ),
    "thousands of perceptors": ("at most 8 perceptors", f"{PROMPT}models: {{perceptors: [{'embedded,' * 40_000}]}}"),
    "a time beyond floats' precision": ("expected a time", motion(f"{{0: 1, {'9' * 190}s: {{to: 2, ease: smooth}}}}")),
    "noise of noise over a million frames": (
        "take too long to compute",
        rotation("+".join(f"noise(t*{n})" for n in range(45)), "{length: 999999}"),
    ),
    "a sine over months": ("take too long to compute", rotation("sin(t)", "{fps: 0.1, length: 999999}")),
}  # fmt: skip


@pytest.mark.parametrize("name", HEAVY)
def test_excessive_work_is_refused_at_once(name: str, tmp_path: Path, refused: Refused) -> None:
    message, text = HEAVY[name]
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    refused(tmp_path / "a.yaml", message)


BYTES: dict[str, tuple[str, bytes]] = {
    "nothing": ("is empty", b""),
    "only a byte order mark": ("is empty", b"\xef\xbb\xbf"),
    "utf-16": ("not UTF-8", PROMPT.encode("utf-16")),
    "latin-1": ("not UTF-8", "prompts: Müde Wälder".encode("latin-1")),
    "half a character in bytes": ("not UTF-8", b"prompts: \xed\xa0\x80"),
    "noise": ("not UTF-8|does not allow", bytes(range(256)) * 1000),
    "zeros": ("does not allow", bytes(900_000)),
    "more than a megabyte": ("more than 1,000,000 bytes", b"#" * 1_000_001),
    "a gigabyte of nothing": ("more than 1,000,000 bytes", b""),
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_not_a_schedule_are_refused_at_once(name: str, tmp_path: Path, refused: Refused) -> None:
    message, content = BYTES[name]
    (tmp_path / "a.yaml").write_bytes(content)
    if name == "a gigabyte of nothing":
        os.truncate(tmp_path / "a.yaml", 1 << 30)
    refused(tmp_path / "a.yaml", message)


def _missing(path: Path) -> None:
    path.symlink_to("nowhere")


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        *((_missing, "No such file"), (_folder, "is a folder"), (_pipe, "a pipe or a device")),
        *((_device, "a pipe or a device"), (_loop, "symbolic links")),
    ],
)
def test_anything_but_a_file_is_refused_at_once(
    make: Callable[[Path], None], message: str, tmp_path: Path, refused: Refused
) -> None:
    make(tmp_path / "a.yaml")
    refused(tmp_path / "a.yaml", message)


@pytest.mark.parametrize(
    "key",
    [
        *("include: {}", "prompts: [{{image: {}}}]", "prompts: [{{text: a, region: {}}}]"),
        "prompts: a\nkeep: {{region: {{box: [0, 0, 1, 1]}}, image: {}}}",
        "prompts: a\nlosses: {{smooth: {{weight: 1, region: {{video: {}}}}}}}",
        "colour: {{match: {}}}",
        "colour: {{palette: {{image: {}}}, lock: true}}",
    ],
)
@pytest.mark.parametrize(
    ("written", "message"),
    [
        *(("../secret.yaml", "--allow-paths"), ("/etc/passwd", "--allow-paths"), ("~/.ssh/id_rsa", "--allow-paths")),
        *(("link.yaml", "--allow-paths"), ("pipe.yaml", "a pipe or a device"), ("/dev/zero", "--allow-paths")),
    ],
)
def test_paths_outside_the_folder_are_refused(
    key: str, written: str, message: str, tmp_path: Path, refused: Refused
) -> None:
    folder = tmp_path / "schedules"
    folder.mkdir()
    (tmp_path / "secret.yaml").write_text("secret: 42\n")
    (folder / "link.yaml").symlink_to("../secret.yaml")
    os.mkfifo(folder / "pipe.yaml")
    text = key.format(written) + "\n"
    (folder / "a.yaml").write_text(text if text.startswith("prompts") else text + PROMPT)
    refused(folder / "a.yaml", message)


def test_circular_includes_are_refused(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "a.yaml").write_text(f"{PROMPT}include: [b.yaml, b.yaml]\n")
    (tmp_path / "b.yaml").write_text("include: [a.yaml, c.yaml]\n")
    (tmp_path / "c.yaml").write_text("include: b.yaml\n")
    refused(tmp_path / "a.yaml", "includes itself")


def test_the_limit_applies_to_all_included_files_together(tmp_path: Path, refused: Refused) -> None:
    names = [f"{number}.yaml" for number in range(30)]
    (tmp_path / "a.yaml").write_text(f"{PROMPT}include: [{', '.join(names)}]\n")
    for name in names:
        (tmp_path / name).write_text("let: {" + ", ".join(f"a{number}: 1" for number in range(20_000)) + "}")
    refused(tmp_path / "a.yaml", "have more than 300,000 characters")
