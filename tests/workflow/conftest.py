"""The whole project in miniature: the real Snakefile and dvc.yaml on twenty cases."""

import hashlib
import shutil
from pathlib import Path

import pytest
from miniature import CASES, write_archive
from project_copy import Project, configure, copy_sources, small_study


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make the miniature and run it from archive to report; recorded by DVC and by git."""
    made = miniature(tmp_path_factory.mktemp("workflow"))
    made.snakemake("--cores", "2")
    made.dvc("commit", "--force", "--quiet", "--with-deps", "index")
    made.dvc("remote", "add", "--local", "--default", "store", str(made.mirror.parent / "store"))
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "The first run")
    return made


@pytest.fixture(scope="session")
def bare_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make the miniature without its archive; nothing has run."""
    made = miniature(tmp_path_factory.mktemp("bare"))
    shutil.rmtree(made.mirror)
    return made


def miniature(home: Path) -> Project:
    """Copy the project, with a small study and dataset in the place of the real ones."""
    made = Project(home / "project", home / "mirror")
    copy_sources(made.root)
    archive = made.mirror / "miniature.tar"
    write_archive(archive)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    source = {"mirror": archive.name, "checksum": f"sha256:{digest}", "cases": CASES}
    configure(made.root, "hippocampus", small_study(), sources=[source], archive={}, intake={})
    made.git("init", "--quiet", "--initial-branch", "main")
    return made
