"""Damaged DICOM files end in findings or in a volume: no crash, no hang, bounded memory."""

import os
import tarfile
import time
import tracemalloc
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pydicom
import pytest
from cards import toy_card
from dicom_files import voxels, write_multiframe, write_series
from mutations import mutated
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

from radflow.config.dataset import IntakeRules
from radflow.datasets.checks.finding import refusals
from radflow.datasets.dicom.convert import convert_series
from radflow.datasets.dicom.listing import list_cases
from radflow.errors import IntakeError
from radflow.imaging.nifti_reader import read_raw

SEED = 20_260_301
TIMES = 1000
MOST_VOXELS = 20_000
MOST_BYTES = 40_000_000
MOST_SECONDS = 10.0
HEAD = 1600
PLUGINS = {RLELossless: "pydicom", JPEGLSLossless: "pyjpegls"}


def encoded(syntax):
    def _change(made, _):
        if syntax.is_encapsulated:
            made.compress(syntax, encoding_plugin=PLUGINS[syntax])
        made.file_meta.TransferSyntaxUID = syntax

    return _change


def big_endian(made, number):
    made.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    made.PixelData = voxels(2, 6, 7)[number].astype(">i2").tobytes()


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Small sound series of several encodings, and one of real headers where they are at hand."""
    root = tmp_path_factory.mktemp("sound")
    array = voxels(2, 6, 7)
    changes = {
        "explicit": None,
        "implicit": encoded(ImplicitVRLittleEndian),
        "big-endian": big_endian,
        "deflated": encoded(DeflatedExplicitVRLittleEndian),
        "rle": encoded(RLELossless),
        "jpeg-ls": encoded(JPEGLSLossless),
    }
    made = {
        name: write_series(root / name, array=array, change=change)
        for name, change in changes.items()
    }
    made["multi-frame"] = [write_multiframe(root / "multi/frames.dcm", array=array)]
    mirror = os.environ.get("RADFLOW_MIRROR")
    if mirror:
        made["real"] = real_headers(Path(mirror) / "tcia-brain-tumor-dicom_2.tar.gz", root / "real")
    return made


def real_headers(archive, folder):
    """Two slices of a real series, cropped to 8 x 8 voxels."""
    folder.mkdir()
    with tarfile.open(archive) as tar:
        names = sorted(
            name for name in tar.getnames() if "T1post" in name and name.endswith(".dcm")
        )
        for number, name in enumerate(names[:2]):
            made = pydicom.dcmread(tar.extractfile(name))
            made.PixelData = np.ascontiguousarray(made.pixel_array[:8, :8]).tobytes()
            made.Rows = made.Columns = 8
            made.save_as(folder / f"{number}.dcm")
    return sorted(folder.iterdir())


def test_a_thousand_damaged_series_end_in_findings_or_in_a_volume(sound, tmp_path):
    rng = np.random.default_rng(SEED)
    contents = [[path.read_bytes() for path in files] for files in sound.values()]
    outcomes = Counter()
    for number in range(TIMES):
        bodies = list(contents[number % len(contents)])
        victim = int(rng.integers(len(bodies)))
        bodies[victim] = mutated(bodies[victim], rng, head=HEAD)
        files = [tmp_path / f"{each}.dcm" for each in range(len(bodies))]
        for path, body in zip(files, bodies, strict=True):
            path.write_bytes(body)
        begun = time.monotonic()
        with bounded_memory(measured=number % 4 == 0):
            outcomes[outcome(files, tmp_path / "out.nii.gz")] += 1
        assert time.monotonic() - begun < MOST_SECONDS, f"mutation {number} took too long"
    assert set(outcomes) == {"read", "refused"}
    assert min(outcomes.values()) > TIMES // 20, outcomes


def outcome(files, target):
    """Convert; whatever was not refused must be a whole volume within the bounds."""
    target.unlink(missing_ok=True)
    rules = IntakeRules(most_voxels=MOST_VOXELS)
    findings = convert_series(files, target, case="C", role="image", rules=rules)
    assert target.exists() == (not refusals(findings)), findings
    if not target.exists():
        return "refused"
    raw = read_raw(target, most_voxels=MOST_VOXELS)
    assert np.isfinite(raw.affine).all()
    assert len(raw.shape) == 3
    return "read"


@contextmanager
def bounded_memory(*, measured):
    """Measure the memory that Python and numpy take, which doubles the time."""
    if not measured:
        yield
        return
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES


def test_damaged_folders_are_listed_or_refused(sound, tmp_path):
    rng = np.random.default_rng(SEED + 1)
    series = {"T1": {"modality": "MR"}}
    card = toy_card(
        layout="dicom",
        classes={},
        dicom={"series": series},
        intake={"most_voxels": MOST_VOXELS},
    )
    root = tmp_path / "unpacked"
    root.mkdir()
    names = list(sound)
    for number in range(200):
        for old in root.iterdir():
            old.unlink()
        for path in sound[names[number % len(names)]]:
            (root / path.name).write_bytes(mutated(path.read_bytes(), rng, head=HEAD))
        try:
            candidates, listed, findings = list_cases(root, card)
        except IntakeError:
            continue
        assert listed >= len(candidates)
        findings += [finding for each in candidates for finding in each.prepare()]
        assert all(str(finding).isprintable() for finding in findings)
