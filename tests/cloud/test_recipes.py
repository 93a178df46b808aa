"""The recipes of cloud/: linted, valid by the tools' own schemas; the image's steps run without a container engine."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.cli import main

CLOUD = Path(__file__).parents[2] / "cloud"
DOCKERFILE = (CLOUD / "Dockerfile").read_text()


def documents() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{path.name}-{number}", document)
        for path in sorted(CLOUD.glob("*.yaml"))
        for number, document in enumerate(yaml.safe_load_all(path.read_text()))
    ]


def commands() -> list[list[str]]:
    """Every `render batch ...` of the recipes, as its arguments."""
    texts = [text for path in CLOUD.iterdir() for text in re.findall(r"render (batch [^\n\"']*.*)", path.read_text())]
    found = [text.strip().strip("'").replace('"', "").replace("$BUCKET", "s3://bucket").split() for text in texts]
    for _, document in documents():
        containers = document.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
        found += [container["args"] for container in containers]
    return found


def test_hadolint_reports_nothing() -> None:
    program = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([program, str(CLOUD / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def manifests() -> list[tuple[str, dict[str, Any]]]:
    """The documents that Kubernetes has a schema for; for a RayJob, the pods of its groups."""
    found = []
    for name, document in documents():
        if document.get("kind") == "RayJob":
            cluster = document["spec"]["rayClusterSpec"]
            for number, group in enumerate((cluster["headGroupSpec"], *cluster["workerGroupSpecs"])):
                pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, **group["template"]}
                found.append((f"{name}-pod-{number}", pod))
        elif "apiVersion" in document:
            found.append((name, document))
    return found


@pytest.mark.parametrize(("name", "document"), manifests())
def test_manifests_match_the_schemas_of_kubernetes(name: str, document: dict[str, Any]) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    kubernetes_validate.validate(document, "1.29", strict=True)
    wrong = {**document, "spec": {**document["spec"], "nonsense": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.29", strict=True)


def test_every_command_is_valid() -> None:
    found = commands()
    assert len(found) >= 4
    for arguments in found:
        name, *rest = arguments
        command = main.commands[name]
        command.make_parser(command.context_class(command)).parse_args(list(rest))


def test_the_image_does_not_run_as_root_and_contains_no_secret() -> None:
    assert re.findall(r"^USER (\w+)$", DOCKERFILE, re.M)[-1] not in ("root", "0")
    for path in CLOUD.iterdir():
        assert not re.search(r"(SECRET|KEY|TOKEN)\w*[=:] *['\"]?[A-Za-z0-9/+]{16,}", path.read_text())


@pytest.mark.slow
def test_the_images_steps_work_in_a_clean_environment(tmp_path: Path) -> None:
    """COPY and RUN of the Dockerfile, in a folder and a virtual environment that stand in for the image."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    app = tmp_path / "app"
    app.mkdir()
    environment = {**os.environ, "PATH": f"{tmp_path / 'venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    environment |= dict(re.findall(r"^ARG (\w+)=(.*)$", DOCKERFILE, re.M))
    root = CLOUD.parent
    for step, rest in re.findall(r"^(COPY|RUN) (.*)$", DOCKERFILE, re.M):
        if step == "RUN" and not rest.startswith(("useradd", "apt-get")):  # they need their own system
            subprocess.run(["bash", "-ec", rest], cwd=app, env=environment, check=True)
        elif step == "COPY":
            *sources, target = rest.split()
            for source in map(root.joinpath, sources):
                if source.is_dir():
                    shutil.copytree(source, app / target, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(source, app / target)
    shutil.rmtree(app)  # what runs is what was installed
    (tmp_path / "sea.yaml").write_text(
        "output: {size: [32, 24], length: 3}\nmodels: {latent: pixels, perceptors: [toy]}\nprompts: red\n"
    )
    done = subprocess.run(
        ["render", "batch", "sea.yaml", "--device", "cpu"], cwd=tmp_path, env=environment, check=False
    )
    assert done.returncode == 0
    assert (tmp_path / "outputs" / "sea" / "video.mp4").is_file()
