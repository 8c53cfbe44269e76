"""A copy of the project in which its own programs are started."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from radflow.config.stages import write_stages

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Project:
    """A checkout of the project, in which its own programs are started."""

    root: Path
    mirror: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MLFLOW_", "DVC_", "GIT_", "SNAKEMAKE_", "COV_"))
        }
        programs = Path(sys.executable).parent
        return kept | {
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(self.mirror.parent / "site"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.root / "src"),
            "RADFLOW_MIRROR": str(self.mirror),
        }

    def run(self, *command: str, fails: bool = False, **variables: str) -> str:
        """Run a program to its end and give its output; the test fails if it ends otherwise."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if bool(done.returncode) != fails:
            pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def snakemake(self, *arguments: str, **options: bool | str) -> str:
        return self.run(sys.executable, "-m", "snakemake", *arguments, **options)

    def dvc(self, *arguments: str) -> str:
        return self.run(sys.executable, "-m", "dvc", *arguments)

    def make(self, *targets: str, fails: bool = False) -> str:
        """Run `make` in the environment that runs these tests, without setting one up."""
        return self.run("make", "--assume-old", ".venv/.installed", *targets, fails=fails)

    def git(self, *arguments: str) -> str:
        author = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        return self.run("git", *author, *arguments)

    def cloned(self, target: Path) -> "Project":
        """Clone what git knows of the project, and nothing else."""
        self.git("clone", "--quiet", str(self.root), str(target))
        clone = Project(target, self.mirror)
        shutil.copy(self.root / ".dvc/config.local", target / ".dvc/config.local")
        return clone

    def would_run(self) -> dict[str, int]:
        """Count the jobs that `snakemake` would run, by rule; targets left out."""
        output = self.snakemake("--dry-run")
        rows = re.findall(r"^(\w+) +(\d+)$", output, flags=re.MULTILINE)
        counts = {rule: int(count) for rule, count in rows if rule not in {"all", "total"}}
        assert counts or "Nothing to be done" in output, output
        return counts

    @contextmanager
    def edited(self, file: str, old: str, new: str) -> Iterator[None]:
        """Replace text in a file, and put the file back as it was, its date included."""
        path = self.root / file
        before, dates = path.read_text(encoding="utf-8"), path.stat()
        assert old in before, f"{file} does not hold {old!r}"
        path.write_text(before.replace(old, new), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")
            os.utime(path, ns=(dates.st_atime_ns, dates.st_mtime_ns))


def copy_sources(target: Path) -> None:
    """Copy what git would commit: tracked files, and new ones that are not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listing.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("results/", "dvc.lock")):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def configure(root: Path, study: str, record: dict[str, Any], **card: Any) -> None:
    """Make a study the only one that is configured, with `record` and changes to its card."""
    dataset = record["dataset"]
    write_yaml(root / f"config/studies/{study}.yaml", record)
    card_file = root / f"config/datasets/{dataset}.yaml"
    write_yaml(card_file, read_yaml(card_file) | card)
    write_yaml(root / "config/config.yaml", {"studies": [study], "mirror": None})
    write_stages(root)


def small_study(**changes: Any) -> dict[str, Any]:
    """Give a study of a few cases and steps; `changes` replace its top-level keys."""
    study = {
        "title": "Hippocampus in miniature",
        "question": "Does every step run?",
        "dataset": "msd-hippocampus",
        "task": "segmentation",
        "folds": "one",
        "split": {"key": "miniature", "test_share": 0.25, "folds": 2},
        "plan": {"patch_size": [32, 32, 32], "batch_size": 2, "levels": 3},
        "preprocess": {"development_shards": 2, "test_shards": 1},
        "patches": {"per_class": 8},
        "models": {
            "unet": {
                "network": {"channels": [4]},
                "training": {"budget": {"steps": 4}, "steps_per_epoch": 2, "learning_rate": 0.003},
            }
        },
        "evaluation": {"nsd_tolerance_mm": 1.0, "test": "open"},
        "compare": {"bootstrap_samples": 1000, "seed": 0},
        "report": {"authors": "The authors"},
    }
    return study | changes


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def write_yaml(path: Path, record: Any) -> None:
    path.write_text(yaml.safe_dump(record, sort_keys=False), encoding="utf-8")
