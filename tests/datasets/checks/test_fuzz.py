"""A thousand damaged files: each ends in findings or in a correct read, and in little memory."""

import gzip
import tracemalloc
import zlib
from itertools import product

import nibabel as nib
import numpy as np
import pytest
from mutations import mutated

from radflow.config.dataset import IntakeRules
from radflow.datasets.checks.finding import Level, refusals
from radflow.datasets.checks.image import examine_image, examine_label
from radflow.datasets.store import store
from radflow.imaging.nifti_reader import read_raw

CLASSES = (0, 1, 2)
PER_KIND = 42
MOST_VOXELS = 20_000
DECLARED = {"fill_not_finite": 0.0, "unknown_orientation": "accept", "units": "um"}
KINDS = list(
    product(
        [nib.Nifti1Image, nib.Nifti2Image],
        ["u1", "<i2", ">i2", "<f4", ">f8", "<i8"],
        [False, True],
    )
)


def original(kind, dtype, *, compressed):
    """A small image that is a label map as well, with an extension."""
    array = np.random.default_rng(0).integers(0, 3, (11, 12, 10)).astype(dtype)
    header = kind.header_class(endianness=np.dtype(dtype).str[0].replace("|", "<"))
    header.set_data_dtype(dtype)
    image = kind(array, np.diag([2.0, 2, 3, 1]), header)
    image.set_qform(image.affine, 1)
    image.header.extensions.append(nib.nifti1.Nifti1Extension(6, b"a comment"))
    return gzip.compress(image.to_bytes(), 1, mtime=0) if compressed else image.to_bytes()


def rewrapped(content, rng, *, compressed):
    """Damage the stream of a gzip file, or what is inside of it and then sound gzip."""
    if compressed and rng.random() < 0.7:
        return gzip.compress(mutated(gzip.decompress(content), rng, head=600), 1, mtime=0)
    return mutated(content, rng, head=600)


def survive(path, rules, target):
    """Take a file in as image and as label map; give how each ended."""
    content = path.read_bytes()
    ends = []
    for look in (
        lambda: examine_image(path, rules, case="a", modality="CT"),
        lambda: examine_label(path, rules, CLASSES, case="a"),
    ):
        path.write_bytes(content)
        examined, findings = look()
        assert all(finding.message and finding.remedy for finding in findings)
        if examined is None or refusals(findings):
            assert refusals(findings)
            ends.append(Level.QUAR)
            continue
        store(examined, target, findings)
        kept = read_raw(target)
        assert np.array_equal(kept.array(), examined.array, equal_nan=True)
        assert np.allclose(kept.affine, examined.affine, rtol=1e-5, atol=1e-5)
        ends.append(Level.NOTE)
    return ends


@pytest.mark.parametrize(("kind", "dtype", "compressed"), KINDS)
def test_damaged_files_end_in_findings_or_in_what_was_examined(
    kind, dtype, compressed, *, tmp_path
):
    rng = np.random.default_rng([KINDS.index((kind, dtype, compressed)), 2024])
    content = original(kind, dtype, compressed=compressed)
    ends = set()
    for number in range(PER_KIND):
        path = tmp_path / "a.nii.gz"
        path.write_bytes(rewrapped(content, rng, compressed=compressed))
        rules = IntakeRules(most_voxels=MOST_VOXELS, **(DECLARED if number % 3 == 0 else {}))
        ends |= set(survive(path, rules, tmp_path / "kept.nii.gz"))
    assert ends == {Level.QUAR, Level.NOTE}


def test_a_damaged_file_takes_no_more_memory_than_the_bound_on_its_voxels(tmp_path):
    rng = np.random.default_rng(7)
    bound = IntakeRules(most_voxels=MOST_VOXELS)
    content = original(nib.Nifti1Image, "<f4", compressed=True)
    inflated = gzip.decompress(content)
    peaks = []
    for _ in range(60):
        # What follows the damage inflates to far more than the header may ask for.
        damaged = mutated(inflated, rng) + bytes(1 << 19)
        path = tmp_path / "a.nii.gz"
        path.write_bytes(zlib.compress(damaged, 1, wbits=31))
        tracemalloc.start()
        examine_image(path, bound, case="a")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < 10 * 8 * MOST_VOXELS + (4 << 20)
