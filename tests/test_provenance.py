"""Code versions follow what code does, and nothing else."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from radflow import provenance
from radflow.provenance import closure, code_version, file_digests, git_commit, source_files

Edit = Callable[[str, str], None]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edit:
    """Put a small package in radflow's place; gives a function that writes one of its modules."""
    root = tmp_path / "radflow"
    monkeypatch.setattr(provenance, "_ROOT", root)

    def write(name: str, text: str) -> None:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for cached in (provenance._path_of, provenance._source, provenance._imports):
            cached.cache_clear()

    write("__init__.py", '__version__ = "1"\n')
    write("errors.py", "class E(Exception): ...\n")
    write("tracking.py", "import radflow.other\n")
    write("other.py", "")
    write("sub/__init__.py", '"""Doc."""\n')
    write("sub/deep.py", "from radflow import errors, tracking\nfrom .near import x\n")
    write("sub/near.py", "x = 1\n")
    write("config.py", "a = Field(ge=0, description='first')\n")
    write("main.py", "import os\ndef f():\n    from radflow.sub import deep\n    return deep\n")
    yield write
    for cached in (provenance._path_of, provenance._source, provenance._imports):
        cached.cache_clear()


def test_closure_follows_imports_in_functions_relative_ones_and_packages(package: Edit) -> None:
    expected = ("radflow", "radflow.main", "radflow.sub", "radflow.sub.deep", "radflow.sub.near")
    assert closure("radflow.main") == expected


def test_closure_survives_import_cycles(package: Edit) -> None:
    package("sub/near.py", "import radflow.main\n")
    assert "radflow.sub.near" in closure("radflow.main")


def test_relative_imports_of_a_package_start_in_the_package(package: Edit) -> None:
    package("sub/__init__.py", "from . import near\n")
    assert "radflow.sub.near" in closure("radflow.sub")
    package("sub/near.py", "from .. import other\n")
    assert "radflow.other" in closure("radflow.sub.near")


def test_modules_left_out_are_not_walked_even_when_named(package: Edit) -> None:
    assert closure("radflow.tracking") == ("radflow",)


def test_source_files_are_those_of_the_closure(package: Edit, tmp_path: Path) -> None:
    names = [path.relative_to(tmp_path).as_posix() for path in source_files("radflow.sub.near")]
    assert names == ["radflow/__init__.py", "radflow/sub/__init__.py", "radflow/sub/near.py"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sub/near.py", '"""Doc."""\n\n# why\nx   =  1\n'),
        ("sub/near.py", "x = 1\n'says what x is'\n"),
        ("__init__.py", '__version__ = "2"\n'),
        ("errors.py", "class E(ValueError): ...\n"),
        ("other.py", "y = 2\n"),
    ],
)
def test_wording_releases_and_other_modules_keep_the_version(
    package: Edit, name: str, text: str
) -> None:
    before = code_version("radflow.main")
    package(name, text)
    assert code_version("radflow.main") == before


def test_descriptions_of_fields_are_wording_but_their_bounds_are_not(package: Edit) -> None:
    before = code_version("radflow.config")
    package("config.py", "a = Field(ge=0, description='second')\n")
    assert code_version("radflow.config") == before
    package("config.py", "a = Field(ge=1, description='second')\n")
    assert code_version("radflow.config") != before


@pytest.mark.parametrize(
    "text", ["x = 2\n", "x = 1.0\n", "x = '1'\n", "x = True\n", "x = None\n", "x = 1\ny = 1\n"]
)
def test_any_change_of_what_imported_code_does_changes_the_version(
    package: Edit, text: str
) -> None:
    before = code_version("radflow.main")
    package("sub/near.py", text)
    assert code_version("radflow.main") != before


def test_version_has_12_hexadecimal_digits_and_does_not_depend_on_the_order(package: Edit) -> None:
    version = code_version("radflow.main", "radflow.other")
    assert len(version) == 12
    assert int(version, 16) >= 0
    assert code_version("radflow.other", "radflow.main") == version
    assert code_version("radflow.main") != version


@pytest.mark.parametrize("name", ["radflow.mian", "numpy", "radflow.sub.none"])
def test_unknown_modules_are_refused_by_name(package: Edit, name: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=f"'{name}' is no module of radflow"):
        code_version(name)


def test_a_misspelt_module_gets_the_nearest_name(package: Edit) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"did you mean 'radflow\.main'"):
        code_version("radflow.mian")


def test_the_real_package_has_no_wide_imports_at_its_root() -> None:
    assert closure("radflow.config.split") == (
        "radflow",
        "radflow.config",
        "radflow.config.base",
        "radflow.config.split",
    )


@pytest.mark.parametrize("module", ["radflow", "radflow.provenance", "radflow.config.load"])
def test_what_the_snakefile_imports_is_light(module: str) -> None:
    heavy = "{'numpy', 'pandas', 'torch', 'monai', 'mlflow', 'matplotlib', 'tqdm'}"
    code = f"import sys, {module}; print(*({heavy} & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == []


def _git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


def test_git_commit_tells_the_commit_and_whether_tracked_files_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_commit(tmp_path) == ("", False)
    _git(tmp_path, "init", "--quiet")
    assert git_commit(tmp_path) == ("", False)
    (tmp_path / "a").write_text("1", encoding="utf-8")
    _git(tmp_path, "add", "a")
    _git(tmp_path, "commit", "--quiet", "--no-verify", "-m", "first")
    commit, dirty = git_commit(tmp_path)
    assert (len(commit), dirty) == (40, False)
    (tmp_path / "untracked").write_text("1", encoding="utf-8")
    assert git_commit(tmp_path) == (commit, False)
    (tmp_path / "a").write_text("2", encoding="utf-8")
    assert git_commit(tmp_path) == (commit, True)


def test_git_commit_is_empty_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit(tmp_path) == ("", False)


def test_file_digests_are_sorted_sha256(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).write_bytes(b"abc")
    digests = file_digests([tmp_path / "b", tmp_path / "a"])
    assert list(digests) == [(tmp_path / "a").as_posix(), (tmp_path / "b").as_posix()]
    assert set(digests.values()) == {
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    }
