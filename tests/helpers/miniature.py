"""An archive of twenty cases in the layout of the Decathlon.

The cases are real ones where RADFLOW_MIRROR names a folder with the archive, else ellipsoids.
"""

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import nibabel as nib
import numpy as np

CASES = 20


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
