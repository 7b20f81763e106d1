"""Where teams run it: the action, and what docs/ci.md has to be copied, run as far as no server is needed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.trees import write

REPOSITORY = Path(__file__).resolve().parent.parent
ACTION: dict[str, Any] = yaml.safe_load((REPOSITORY / "action.yml").read_text("utf-8"))
PAGE = (REPOSITORY / "docs/ci.md").read_text("utf-8")
SCRIPTS = str(Path(sys.executable).parent)
REGISTRY = {"version": 1, "packages": ["pkg"], "entries": [{"canonical": "pkg.new:A", "deprecated": ["pkg.old:A"]}]}
FILES = {
    "registry.json": json.dumps(REGISTRY),
    "pkg/__init__.py": "",
    "pkg/new.py": "A = 1\n",
    "pkg/old.py": "from pkg.new import A\n",
    "use.py": "from pkg.old import A\n",
}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts here are those of Linux runners")


def environment(**more: str) -> dict[str, str]:
    """What a fresh shell has, and our own commands."""
    unwanted = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "NO_COLOR", "FORCE_COLOR")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "PATH": f"{SCRIPTS}{os.pathsep}{kept['PATH']}", **more}


def section(title: str) -> str:
    """What stands below a heading of the page."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def blocks(title: str, language: str) -> list[str]:
    """The fenced blocks of a language below a heading of the page, as they are to be copied."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", section(title), re.MULTILINE | re.DOTALL)
    assert found, f"no {language} below {title}"
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def commands(block: str) -> list[str]:
    """What is typed in a console, without the comments behind it."""
    return [command.partition("#")[0].strip() for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE)]


def git(root: Path, *arguments: str) -> None:
    config = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *config, *arguments], cwd=root, check=True, capture_output=True)


@dataclass
class Runner:
    """As much of GitHub's runner as a composite action needs: expressions, the environment, outputs; no `uses`."""

    temp: Path
    inputs: Mapping[str, str]
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    printed: str = ""

    def value(self, text: str) -> str:
        """A text with its expressions worked out."""
        return re.sub(r"\$\{\{(.*?)\}\}", lambda match: self._expression(match[1].strip()), text)

    def _expression(self, expression: str) -> str:
        known = {f"inputs.{name}": value for name, value in self.inputs.items()}
        known |= {f"steps.{step}.outputs.{n}": v for step, values in self.outputs.items() for n, v in values.items()}
        known["github.action_path"] = str(REPOSITORY)
        choice = re.fullmatch(r"(\S+) && format\('(.*)', (\S+)\) \|\| (\S+)", expression)
        if choice:
            condition, form, argument, otherwise = choice.groups()
            return form.replace("{0}", known[argument]) if known[condition] else known[otherwise]
        return known[expression]

    def run(self, name: str, cwd: Path) -> int:
        """Run a step by its name, as `shell: bash` does; its exit code."""
        (step,) = (step for step in ACTION["runs"]["steps"] if step["name"] == name)
        assert step["shell"] == "bash"
        script, output = self.temp / "script.sh", self.temp / "output"
        script.write_text(step["run"])
        output.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=cwd / self.value(step.get("working-directory", ".")),
            env=environment(RUNNER_TEMP=str(self.temp), GITHUB_OUTPUT=str(output))
            | {key: self.value(value) for key, value in step["env"].items()},
            capture_output=True,
            encoding="utf-8",
            timeout=600,
            check=False,
        )
        self.printed = done.stdout + done.stderr
        self.outputs[step["id"]] = dict(line.split("=", 1) for line in output.read_text().splitlines())
        return done.returncode


def runner(temp: Path, **inputs: str) -> Runner:
    defaults = {name: str(given["default"]) for name, given in ACTION["inputs"].items()}
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    assert given.keys() <= defaults.keys()
    temp.mkdir(exist_ok=True)
    made = Runner(temp, defaults | given)
    made.outputs["python"] = {"python-path": sys.executable}
    return made


@pytest.fixture
def temp(tmp_path: Path) -> Path:
    """A runner's folder for temporary files."""
    folder = tmp_path / "runner temp"
    folder.mkdir()
    return folder


def checked(temp: Path, workspace: Path, **inputs: str) -> tuple[int, Runner]:
    """What comes of the step that checks."""
    runs = runner(temp, **inputs)
    runs.outputs["install"] = {"command": f"{SCRIPTS}/ssot-lsp"}
    return runs.run("Check", workspace), runs


def test_no_input_stands_in_a_script() -> None:
    """What it says would be run; what stands in the environment is only read."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert "eval" not in step.get("run", "")
        assert ("run" in step) != ("uses" in step)
        if "uses" in step:
            assert re.fullmatch(r"(actions|github)/[\w/-]+@v\d+", step["uses"])


def test_what_the_action_speaks_of_is_there() -> None:
    text = (REPOSITORY / "action.yml").read_text("utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    ids = {step["id"] for step in ACTION["runs"]["steps"] if "id" in step}
    assert set(re.findall(r"steps\.([\w-]+)\.", text)) <= ids
    for step in ACTION["runs"]["steps"]:
        names = set(re.findall(r"\$([A-Z_]+)", step.get("run", "")))
        assert names <= {*step.get("env", {}), "RUNNER_TEMP", "GITHUB_OUTPUT"}
    assert set(re.findall(r"^\| `([\w-]+)` \|", section("GitHub"), re.MULTILINE)) == set(ACTION["inputs"])


def test_the_action_installs_and_checks(tmp_path: Path) -> None:
    """All of it, as a runner does it: from the action's own folder into an environment of its own."""
    workspace = write(tmp_path / "work space", FILES)
    runs = runner(tmp_path / "temp")
    assert runs.run("Install ssot-lsp", workspace) == 0, runs.printed
    assert Path(runs.outputs["install"]["command"]).is_relative_to(tmp_path)
    assert runs.run("Check", workspace) == 1
    assert runs.printed.startswith("::warning title=ssot-lsp (SSOT001),file=")
    (run,) = json.loads(Path(runs.outputs["check"]["sarif"]).read_text())["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["SSOT001"]
    upload = ACTION["runs"]["steps"][-1]
    assert "steps.check.outputs.sarif != ''" in upload["if"]
    assert runs.value(upload["with"]["sarif_file"]) == str(tmp_path / "temp/ssot-lsp.sarif")
    assert runs.value(ACTION["outputs"]["sarif"]["value"]) == str(tmp_path / "temp/ssot-lsp.sarif")
    assert sorted(path.name for path in workspace.iterdir()) == sorted({name.split("/")[0] for name in FILES})


@pytest.mark.parametrize("version", ["1.2.3", "1.0 ; touch ran", "$(touch ran)", "`touch ran`", '"; touch ran; "'])
def test_a_version_is_one_requirement(tmp_path: Path, version: str) -> None:
    """Whatever it says: nothing of it is run."""
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\nif [ "$2" = venv ]; then mkdir -p "$4/bin"; cp "$0" "$4/bin/python"; else printf "%s\\n" "$@"; fi\n'
    )
    python.chmod(0o755)
    runs = runner(tmp_path / "temp", version=version)
    runs.outputs["python"] = {"python-path": str(python)}
    assert runs.run("Install ssot-lsp", tmp_path) == 0
    assert runs.printed.splitlines()[-1] == f"ssot-lsp=={version}"
    assert not (tmp_path / "ran").exists()


ARGUMENTS: dict[str, tuple[dict[str, str], int, int]] = {
    "nothing": ({}, 1, 1),
    "only what is bad": ({"fail_on": "error"}, 0, 1),
    "never": ({"fail_on": "never"}, 0, 1),
    "arguments": ({"args": "--select SSOT003"}, 0, 0),
    "arguments on lines": ({"args": "--select\n  SSOT001\n\npkg use.py\n"}, 1, 1),
    "a glob is no glob": ({"args": "--exclude *"}, 2, -1),
    "another folder": ({"working_directory": "sub"}, 0, 0),
    "a command": ({"args": "; touch ran"}, 2, -1),
    "a substitution": ({"args": "$(touch ran) `touch ran`"}, 2, -1),
    "a bad severity": ({"fail_on": "$(touch ran)"}, 2, -1),
}


@pytest.mark.parametrize(("inputs", "code", "results"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_inputs(tmp_path: Path, temp: Path, inputs: dict[str, str], code: int, results: int) -> None:
    workspace = write(tmp_path / "workspace", {**FILES, "sub/pyproject.toml": "[tool.ssot-lsp]\n"})
    exit_code, runs = checked(temp, workspace, **inputs)
    assert exit_code == code, runs.printed
    assert not (workspace / "ran").exists()
    sarif = runs.outputs["check"].get("sarif")
    assert (sarif is None) == (results < 0), "without a check there is nothing to upload"
    if sarif is not None:
        assert len(json.loads(Path(sarif).read_text())["runs"][0]["results"]) == results


def test_what_is_left_of_another_run_is_not_uploaded(tmp_path: Path, temp: Path) -> None:
    (temp / "ssot-lsp.sarif").write_text("{}")
    code, runs = checked(temp, write(tmp_path / "workspace", FILES), args="--nonsense")
    assert (code, runs.outputs["check"]) == (2, {})


def shell(script: str, root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-ec", script],
        cwd=root,
        env=environment(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INDEX="1"),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def test_the_recipe_for_a_monday(tmp_path: Path) -> None:
    """Each command of the page, in its order, in a repository that has findings."""
    write(tmp_path, {**FILES, "src/billing/a.py": "from pkg.old import A\n", "registry.json": json.dumps(REGISTRY)})
    make, check, mend = ("\n".join(commands(block)) for block in blocks("On a Monday", "console"))
    assert shell("ssot-lsp check", tmp_path).returncode == 1
    assert shell(make, tmp_path).returncode == 0
    assert shell(check, tmp_path).returncode == 0
    write(tmp_path, {"new.py": "from pkg.old import A\n"})
    assert shell(check, tmp_path).returncode == 1
    (tmp_path / "new.py").unlink()
    write(tmp_path, {"use.py": "from pkg.new import A\n"})
    slack = shell(check, tmp_path)
    told = blocks("On a Monday", "console")[1].splitlines()[1]
    assert (slack.returncode, slack.stderr) == (1, told.replace("2 known", "1 known") + "\n")
    before = (tmp_path / "ssot-baseline.json").read_text()
    assert shell(mend, tmp_path).returncode == 0
    assert len((tmp_path / "ssot-baseline.json").read_text()) < len(before)
    assert shell("ssot-lsp check", tmp_path).returncode == 0


def test_what_a_change_is_about(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path, {**FILES, "user.py": "from pkg.new import A\n"})
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "one")
    git(tmp_path, "update-ref", "refs/remotes/origin/main", "HEAD")
    (block,) = blocks("What a change is about", "console")
    worktree, branch = commands(block)
    assert shell(worktree, tmp_path).returncode == 0
    write(tmp_path, {"pkg/new.py": "B = 1\n"})
    assert "user.py:1" in shell(worktree, tmp_path).stdout
    git(tmp_path, "commit", "-q", "-a", "-m", "two")
    assert shell(worktree, tmp_path).returncode == 0
    assert "user.py:1" in shell(branch, tmp_path).stdout


def test_settings_of_files(tmp_path: Path) -> None:
    (settings,) = blocks("Some files, and some lines", "toml")
    write(tmp_path, {**FILES, "pyproject.toml": settings, "legacy/use.py": FILES["use.py"]})
    (tmp_path / "use.py").unlink()
    shown = shell("ssot-lsp check", tmp_path)
    assert (shown.returncode, shown.stdout.partition(":")[0]) == (0, "information[SSOT001]")


def test_gitlab(tmp_path: Path) -> None:
    """The job's script, as a runner runs it, and the reports that it says there are."""
    (block,) = blocks("GitLab", "yaml")
    ((_, job),) = yaml.safe_load(block).items()
    write(tmp_path, FILES)
    shell("ssot-lsp check --select SSOT003 --baseline ssot-baseline.json --update-baseline", tmp_path)
    done = shell("\n".join(job["script"]), tmp_path)
    assert done.returncode == 1, done.stderr
    assert job["artifacts"]["when"] == "always"
    reports = {kind: tmp_path / file for kind, file in job["artifacts"]["reports"].items()}
    assert reports.keys() == {"codequality", "junit"}
    (violation,) = json.loads(reports["codequality"].read_text())
    assert violation["location"]["path"] == "use.py"
    assert ET.parse(reports["junit"]).getroot().get("failures") == "1"


def test_github() -> None:
    """The workflow gives the action what it takes, and what it needs to upload."""
    (block,) = blocks("GitHub", "yaml")
    workflow = yaml.safe_load(block)
    (job,) = workflow["jobs"].values()
    ours = job["steps"][-1]
    assert ours["with"].keys() <= ACTION["inputs"].keys()
    assert workflow["permissions"]["security-events"] == "write"


def test_pre_commit() -> None:
    (block,) = blocks("pre-commit", "yaml")
    (repository,) = yaml.safe_load(block)["repos"]
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [hook["id"] for hook in repository["hooks"]] == ["ssot-lsp-fix", "ssot-lsp-check", "ssot-lsp-docs"]
    assert {hook["id"] for hook in repository["hooks"]} == {hook["id"] for hook in hooks}


def test_the_registry_as_a_page(tmp_path: Path) -> None:
    """The commands, and the hook for the same files: stale when an import is fixed, until they are made anew."""
    write(tmp_path, FILES)
    make, check = commands(blocks("The registry as a page", "console")[0])
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))
    (entry,) = (hook["entry"] for hook in hooks if hook["id"] == "ssot-lsp-docs")
    (used,) = yaml.safe_load(blocks("pre-commit", "yaml")[0])["repos"]
    (arguments,) = (hook["args"] for hook in used["hooks"] if hook["id"] == "ssot-lsp-docs")
    for command in (check, shlex.join([*entry.split(), *arguments])):
        assert shell(command, tmp_path).returncode == 1
        assert shell(make, tmp_path).returncode == 0
        assert shell(command, tmp_path).returncode == 0
        write(tmp_path, {"use.py": "from pkg.new import A\n"})
        assert shell(command, tmp_path).returncode == 1
        write(tmp_path, FILES)
        for page in ("md", "html"):
            (tmp_path / f"docs/imports.{page}").unlink()


def test_pytest(tmp_path: Path) -> None:
    (block,) = blocks("pytest", "console")
    write(tmp_path, {**FILES, "test_a.py": "def test_a(): ...\n"})
    shell("ssot-lsp check --baseline ssot-baseline.json --update-baseline", tmp_path)
    codes = [shell(f"{command} -p no:cacheprovider", tmp_path).returncode for command in commands(block)]
    assert codes == [1, 1, 0]


def test_all_formats_are_told() -> None:
    from ssot_lsp.cli.reporters import FORMATS

    told = re.findall(r"^\| `(\w+)` \|", section("Reports"), re.MULTILINE)
    assert tuple(told) == FORMATS


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command that knows the schemas of GitHub's and GitLab's files, in an environment of its own."""
    venv = tmp_path_factory.mktemp("schemas")
    make, install = f"-m venv {venv}", "-m pip install --quiet check-jsonschema"
    for command in ([sys.executable, *make.split()], [f"{venv}/bin/python", *install.split()]):
        subprocess.run(command, env=environment(PIP_DISABLE_PIP_VERSION_CHECK="1"), check=True)
    return venv / "bin/check-jsonschema"


@pytest.mark.parametrize("name", ["github-actions", "github-workflows", "gitlab-ci"])
def test_schemas(tmp_path: Path, schemas: Path, name: str) -> None:
    file = tmp_path / "file.yml"
    if name == "github-actions":
        shutil.copy(REPOSITORY / "action.yml", file)
    else:
        file.write_text(blocks("GitHub" if name == "github-workflows" else "GitLab", "yaml")[0])
    command = [str(schemas), "--builtin-schema", f"vendor.{name}", str(file)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    file.write_text(file.read_text().replace("composite", "compost").replace("jobs:", "job:").replace("script:", "s:"))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
