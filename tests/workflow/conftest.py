"""The whole project in miniature: the real Snakefile and dvc.yaml on twenty cases.

The cases are real ones where RADFLOW_MIRROR names a folder with the archive, else ellipsoids.
"""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import yaml

ROOT = Path(__file__).parents[2]
CASES = 20
STUDY = {
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


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make the miniature and run it from archive to report; recorded by DVC and by git."""
    made = miniature(tmp_path_factory.mktemp("workflow"))
    made.snakemake("--cores", "2")
    made.dvc("commit", "--force", "--quiet")
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
    write_configuration(made.root, archive)
    made.git("init", "--quiet", "--initial-branch", "main")
    return made


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


def write_configuration(root: Path, archive: Path) -> None:
    """Put the miniature study and dataset in the place of the real ones, under their names."""
    card_file = root / "config/datasets/msd-hippocampus.yaml"
    card = yaml.safe_load(card_file.read_text(encoding="utf-8"))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    card["sources"] = [{"mirror": archive.name, "checksum": f"sha256:{digest}", "cases": CASES}]
    card |= {"archive": {}, "intake": {}}
    card_file.write_text(yaml.safe_dump(card, sort_keys=False), encoding="utf-8")
    study_file = root / "config/studies/hippocampus.yaml"
    study_file.write_text(yaml.safe_dump(STUDY, sort_keys=False), encoding="utf-8")


def write_archive(path: Path) -> None:
    """Write an archive in the layout of the Decathlon; the same bytes every time."""
    path.parent.mkdir(parents=True)
    cases = real_cases() or ellipsoids()
    record = {
        "name": "Hippocampus",
        "modality": {"0": "MRI"},
        "labels": {"0": "background", "1": "Anterior", "2": "Posterior"},
        "numTraining": len(cases),
        "training": [
            {"image": f"./imagesTr/{case}.nii.gz", "label": f"./labelsTr/{case}.nii.gz"}
            for case in cases
        ],
        "test": [],
    }
    files = {"dataset.json": json.dumps(record).encode()}
    for case, (image, label) in cases.items():
        files |= {f"imagesTr/{case}.nii.gz": image, f"labelsTr/{case}.nii.gz": label}
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"Task04_Hippocampus/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def real_cases() -> dict[str, tuple[bytes, bytes]]:
    """Read the first cases of the archive in the mirror folder; none where there is none."""
    folder = os.environ.get("RADFLOW_MIRROR")
    archive = Path(folder, "Task04_Hippocampus_220.tar") if folder else None
    if archive is None or not archive.is_file():
        return {}
    with tarfile.open(archive) as opened:
        members = {Path(member.name): member for member in opened.getmembers() if member.isfile()}
        images = [path for path in sorted(members) if path.parent.name == "imagesTr"]
        return {
            image.name.removesuffix(".nii.gz"): tuple(
                opened.extractfile(members[image.parents[1] / folder / image.name]).read()
                for folder in ("imagesTr", "labelsTr")
            )
            for image in [path for path in images if not path.name.startswith("._")][:CASES]
        }


def ellipsoids() -> dict[str, tuple[bytes, bytes]]:
    """Make cases of two bright bodies in noise, one before the other, as the real ones lie."""
    return {f"hippocampus_{number:03d}": ellipsoid(number) for number in range(1, CASES + 1)}


def ellipsoid(number: int) -> tuple[bytes, bytes]:
    """Make one image and its label map: (i, j, k) of 1 mm, RAS+."""
    generator = np.random.default_rng(number)
    shape = (34 + number % 3, 48 + number % 4, 36)
    where = np.indices(shape).astype(float)
    label = np.zeros(shape, np.uint8)
    for value, share in ((1, 0.68), (2, 0.36)):
        centre = np.array(shape) * (0.5, share, 0.5) + generator.normal(0, 1, 3)
        radii = np.array([6.0, 8.0, 5.0]) * generator.uniform(0.85, 1.15, 3)
        inside = sum(((where[axis] - centre[axis]) / radii[axis]) ** 2 for axis in range(3)) < 1
        label[inside] = value
    image = 100 + 60 * (label > 0) + generator.normal(0, 12, shape)
    affine = np.eye(4)
    volumes = nib.Nifti1Image(image.astype(np.float32), affine), nib.Nifti1Image(label, affine)
    for volume in volumes:
        volume.header.set_xyzt_units("mm")
        volume.set_sform(affine, code=1)
        volume.set_qform(affine, code=1)
    return nifti_bytes(volumes[0]), nifti_bytes(volumes[1])


def nifti_bytes(volume: nib.Nifti1Image) -> bytes:
    return gzip.compress(volume.to_bytes(), mtime=0)
