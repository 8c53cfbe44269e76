"""Small broken and sound files, a small dataset in the Decathlon's layout, a bad server."""

import hashlib
import json
import tarfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import nibabel as nib
import numpy as np
import pytest
from cards import toy_card
from pictures import grey
from PIL import Image

from radflow.config.dataset import IntakeRules, Source
from radflow.datasets.download import download
from radflow.datasets.picture import convert_picture
from radflow.datasets.transfer import Retries
from radflow.imaging.volume import read_volume

SHAPE = (12, 14, 10)


def image_array(seed=0):
    return np.random.default_rng(seed).normal(100, 20, SHAPE).astype(np.float32)


def label_array():
    labels = np.zeros(SHAPE, np.uint8)
    labels[3:6, 4:8, 2:6] = 1
    labels[6:9, 4:8, 2:6] = 2
    return labels


def nifti(array, affine=None, dtype=None):
    """A NIfTI-1 image in mm, both forms scanner-coded, of 1 mm voxels unless told otherwise."""
    affine = np.eye(4) if affine is None else affine
    made = nib.Nifti1Image(array, affine, dtype=dtype)
    made.set_qform(affine, 1)
    made.set_sform(affine, 1)
    made.header.set_xyzt_units("mm")
    return made


@pytest.fixture
def rules():
    return IntakeRules()


@pytest.fixture
def make(tmp_path):
    """Write an image under a name of tmp_path; `change` gets the NIfTI object first."""

    def _make(name="case_1.nii.gz", array=None, affine=None, *, change=None, dtype=None):
        made = nifti(image_array() if array is None else array, affine, dtype)
        if change is not None:
            change(made)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(made, path)
        return path

    return _make


@pytest.fixture
def card():
    return toy_card()


class MsdFolder:
    """A dataset under construction; `pack` makes the archive."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.entries: list = []
        self.record = {"labels": {"0": "background", "1": "Anterior", "2": "Posterior"}}
        for name in ("imagesTr", "labelsTr"):
            (root / name).mkdir(parents=True)

    def image(self, case: str) -> Path:
        return self.root / "imagesTr" / f"{case}.nii.gz"

    def label(self, case: str) -> Path:
        return self.root / "labelsTr" / f"{case}.nii.gz"

    def list(self, case: str) -> None:
        name = f"{case}.nii.gz"
        self.entries.append({"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}"})

    def add(self, case: str, image=None, label=None) -> None:
        each = nifti(image_array(len(self.entries))) if image is None else image
        nib.save(each, self.image(case))
        nib.save(nifti(label_array()) if label is None else label, self.label(case))
        self.list(case)

    def write_list(self) -> Path:
        record = {**self.record, "training": self.entries}
        (self.root / "dataset.json").write_text(json.dumps(record))
        return self.root

    def pack(self, path: Path) -> Path:
        self.write_list()
        with tarfile.open(path, "w") as tar:
            for file in sorted(self.root.rglob("*")):
                tar.add(file, Path("Task99_Toy") / file.relative_to(self.root), recursive=False)
        return path


@pytest.fixture
def msd(tmp_path):
    return MsdFolder(tmp_path / "Task99_Toy")


@pytest.fixture
def picture(tmp_path):
    """Write an array or a Pillow image under a name; gives the path."""

    def _picture(made=None, name="a.png", **options):
        made = grey() if made is None else made
        image = made if isinstance(made, Image.Image) else Image.fromarray(made)
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return _picture


@pytest.fixture
def convert(tmp_path):
    """Convert a file; gives the pixels by (row, column) as written, or None, and the findings."""

    def _convert(path, *, pixel_mm=0.5, role="image", most_voxels=10**6, **options):
        target = tmp_path / "converted/a.nii.gz"
        findings = convert_picture(
            *(path, target),
            **{"case": "case_1", "role": role, "pixel_mm": pixel_mm, "most_voxels": most_voxels},
            **options,
        )
        volume = read_volume(target) if target.exists() else None
        return None if volume is None else volume.array[..., 0].T, findings

    return _convert


CONTENT = np.random.default_rng(1).bytes(700_000)
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """A loopback server that answers each request by the next function of `script`."""

    daemon_threads = True
    content = CONTENT
    checksum = SHA256

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self.script: list[Callable[[BaseHTTPRequestHandler], None]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/toy.tar"

    def handle_error(self, request, client_address) -> None:
        """Stay silent when a client hangs up."""

    @staticmethod
    def head(handler, status, **headers):
        handler.send_response(status)
        for key, value in headers.items():
            handler.send_header(key.replace("_", "-"), str(value))
        handler.end_headers()

    @staticmethod
    def serve(content=CONTENT, *, etag='"v1"', sent=None, announced=None, ranges=True):
        """Answer with `content`, resumed where asked; only `sent` bytes of the `announced`."""

        def answer(handler):
            start = 0
            asked = handler.headers.get("Range")
            same = handler.headers.get("If-Range") in (None, etag)
            if ranges and asked and same:
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
            body = content[start:]
            headers = {"Content_Length": len(body) if announced is None else announced}
            if etag:
                headers["ETag"] = etag
            if start:
                headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            Server.head(handler, 206 if start else 200, **headers)
            handler.wfile.write(body[: len(body) if sent is None else sent])

        return answer

    @staticmethod
    def fail(status):
        return lambda handler: Server.head(handler, status, Content_Length=0)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.requests.append({key.lower(): value for key, value in self.headers.items()})
        answer = server.script.pop(0) if len(server.script) > 1 else server.script[0]
        answer(self)

    def log_message(self, format, *args):  # noqa: A002
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    made = Server()
    thread = Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


class Fetch:
    """One download into tmp_path, with the delays it asked for in `slept`."""

    def __init__(self, folder: Path, card) -> None:
        self.archive, self.record = folder / "raw/toy.tar", folder / "raw/toy.source.json"
        self.part = folder / "raw/toy.tar.part"
        self.slept: list[float] = []
        self._card = card

    def __call__(self, *sources: Source, mirror: Path | None = None, attempts: int = 3) -> None:
        card = self._card.model_copy(update={"sources": sources})
        download(
            card,
            name="toy",
            archive_path=self.archive,
            record_path=self.record,
            mirror=mirror,
            retries=Retries(attempts=attempts, timeout_s=5, sleep=self.slept.append),
        )


@pytest.fixture
def fetch(tmp_path, card):
    return Fetch(tmp_path, card)


@pytest.fixture
def source(server):
    return Source(url=server.url, checksum=SHA256)
