"""One list of packages, told in four files: each test says how to bring them in step."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
REMEDY = "requirements.lock is out of step: run `make lock`"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WANTED = [
    Requirement(line)
    for line in [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()


def pins(lines: list[str]) -> dict[str, Version]:
    pairs = [line.split("==", 1) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_the_lock_holds_each_dependency_within_its_range(wanted):
    locked = pins(LOCK).get(canonicalize_name(wanted.name))
    assert locked is not None, REMEDY
    assert wanted.specifier.contains(locked), REMEDY


def test_the_lock_is_exact_pins_and_nothing_else():
    assert [line for line in LOCK if not re.fullmatch(r"[a-z0-9-]+==[0-9A-Za-z.]+", line)] == []


def test_the_lock_leaves_the_build_of_torch_to_the_machine():
    assert pins(LOCK)["torch"].local is None
    assert [line for line in LOCK if re.match(r"(nvidia|cuda|triton)", line)] == []


def test_the_lock_keeps_the_constraints():
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    for name, version in pins([line for line in constraints if line]).items():
        assert pins(LOCK)[name] == version, REMEDY


def test_the_conda_environment_installs_the_lock_and_the_package():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    plain = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert environment["name"] == PROJECT["project"]["name"]
    assert pip == ["-r requirements.lock", "-e ."]
    assert {"pip", "git", "make"} <= set(plain)
    python = next(entry for entry in plain if entry.startswith("python="))
    wanted = Requirement(f"python{PROJECT['project']['requires-python']}").specifier
    assert wanted.contains(python.removeprefix("python="))


def test_the_environment_of_the_rules_installs_the_same():
    environment = yaml.safe_load((ROOT / "workflow/envs/radflow.yaml").read_text(encoding="utf-8"))
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert pip == ["-r ../../requirements.lock", "-e ../.."]


def test_the_version_is_told_once():
    text = (ROOT / "src/radflow/__init__.py").read_text(encoding="utf-8")
    assert f'__version__ = "{PROJECT["project"]["version"]}"' in text
