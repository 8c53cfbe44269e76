import hashlib
from pathlib import Path

import pytest
from cards import toy_card
from own_data import write_msd

from radflow.check.obtain import Delivery, obtain
from radflow.config.dataset import DatasetCard
from radflow.config.study import Study
from radflow.datasets.checks.finding import Level
from radflow.datasets.pack import pack
from radflow.errors import DownloadError

STUDY = Study(title="t", question="q", dataset="toy", task="description")


@pytest.fixture
def folder(tmp_path):
    return write_msd(tmp_path / "own", cases=1)


@pytest.fixture
def ask(tmp_path):
    (tmp_path / "scratch").mkdir()
    (tmp_path / "raw").mkdir()

    def _ask(card: DatasetCard, mirror: Path | None = None) -> Delivery:
        places = {"raw": tmp_path / "raw", "scratch": tmp_path / "scratch"}
        return obtain(STUDY, card, name="my-study", mirror=mirror, **places)

    return _ask


def local(path: Path, **more) -> DatasetCard:
    return toy_card(sources=[{"path": str(path), **more}])


def test_a_local_folder_is_packed_and_stays_as_it_was(ask, folder, tmp_path):
    before = {path: path.stat() for path in folder.rglob("*")}
    delivery = ask(local(folder))
    assert delivery.archives == (tmp_path / "scratch" / "packed.tar",)
    assert delivery.findings == []
    after = {path: path.stat() for path in folder.rglob("*")}
    assert {p: (s.st_mtime_ns, s.st_nlink) for p, s in after.items()} == {
        p: (s.st_mtime_ns, s.st_nlink) for p, s in before.items()
    }


def test_what_forbids_packing_are_findings_and_the_rest_is_packed(ask, folder):
    (folder / "link").symlink_to("dataset.json")
    delivery = ask(local(folder))
    assert [(each.level, each.rule, each.fault) for each in delivery.findings] == [
        (Level.STOP, "link", 12)
    ]
    assert delivery.archives[0].is_file()


def test_a_folder_of_nothing_but_problems_has_no_archive(ask, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "link").symlink_to("nowhere")
    delivery = ask(local(tmp_path / "bad"))
    assert delivery.archives == ()
    assert len(delivery.findings) == 1


def test_an_archive_that_was_packed_before_the_folder_changed_is_told(ask, folder, tmp_path):
    held = tmp_path / "raw" / "toy.tar"
    pack(folder, held, toy_card().archive)
    assert ask(local(folder)).findings == []
    (folder / "more.txt").touch()
    (stale,) = ask(local(folder)).findings
    assert (stale.rule, stale.level) == ("stale-archive", Level.STOP)
    assert stale.remedy == f"Remove it: `rm {held}`"


def test_a_local_archive_is_read_in_place_and_verified(ask, folder, tmp_path):
    archive = tmp_path / "own.tar"
    pack(folder, archive, toy_card().archive)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert ask(local(archive, checksum=f"sha256:{digest}")).archives == (archive,)
    with pytest.raises(DownloadError, match="another file"):
        ask(local(archive, checksum="sha256:" + 64 * "0"))


def test_archives_of_an_earlier_run_come_before_the_mirror(ask, folder, tmp_path):
    (tmp_path / "mirror").mkdir()
    mirrored = tmp_path / "mirror" / "toy.tar"
    pack(folder, mirrored, toy_card().archive)
    checksum = "sha256:" + hashlib.sha256(mirrored.read_bytes()).hexdigest()
    card = toy_card(sources=[{"mirror": "toy.tar", "checksum": checksum}])
    assert ask(card, tmp_path / "mirror").archives == (mirrored,)
    held = tmp_path / "raw" / "toy.tar"
    held.write_bytes(mirrored.read_bytes())
    assert ask(card, tmp_path / "mirror").archives == (held,)


def test_data_that_are_not_here_come_with_the_command_that_fetches_them(ask, tmp_path):
    with pytest.raises(DownloadError) as caught:
        ask(toy_card(), tmp_path)
    command = "snakemake --cores all all_download --config 'studies=[\"my-study\"]'"
    assert command in str(caught.value)


def test_a_wrong_file_in_the_mirror_is_told(ask, tmp_path):
    (tmp_path / "toy.tar").write_bytes(b"wrong")
    with pytest.raises(DownloadError, match=r"mirror file .* another file"):
        ask(toy_card(), tmp_path)


def test_a_path_that_is_not_there_is_to_be_corrected_in_the_card(ask, tmp_path):
    with pytest.raises(DownloadError, match="neither a folder nor a file") as caught:
        ask(local(tmp_path / "nowhere"))
    assert "Correct `path` in config/datasets/toy.yaml" in str(caught.value)
