"""Get at a dataset's files without a download: what lies on this machine is examined."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from radflow.config.dataset import DatasetCard
from radflow.config.study import Study
from radflow.datasets.checks.finding import Finding, Level, Problem, found
from radflow.datasets.download import local_path, verify
from radflow.datasets.pack import KINDS, FolderScan, scan_folder, write_tar
from radflow.datasets.transfer import TransferError
from radflow.errors import DownloadError
from radflow.files import sha256_file

WHOLE = "dataset"
"""Stands for the case in findings about the dataset as a whole."""

_REASON = "the folder can't be packed as it is"


@dataclass(frozen=True)
class Delivery:
    """A dataset as it lies here.

    Attributes
    ----------
    archives
        To unpack, in order.
    origin
        Where they come from, in words.
    findings
        What is wrong with the folder that was packed, each a STOP; the rest of it is packed.
    """

    archives: tuple[Path, ...]
    origin: str
    findings: list[Finding] = field(default_factory=list[Finding])


def obtain(
    study: Study, card: DatasetCard, *, name: str, raw: Path, mirror: Path | None, scratch: Path
) -> Delivery:
    """Find a dataset on this machine.

    A local `path` of the card comes first, since it may have been mended after it was packed; then
    the archives of an earlier run; then the mirror folder. Nothing of them is moved or changed.

    Parameters
    ----------
    study, card
        The study, and the card of its dataset.
    name
        Of the study, for the command that fetches the data.
    raw
        ``data/raw``.
    mirror
        Folder of archives, or None.
    scratch
        Where a folder is packed.

    Raises
    ------
    DownloadError
        When the data are not here; it gives the command that fetches them.
    ArchiveError
        When a folder changes while it is read, or holds nothing.
    """
    held = _held(study.dataset, card, raw)
    reasons: list[str] = []
    for source in card.sources:
        if source.path is None:
            continue
        place = local_path(source.path)
        if place.is_dir():
            return _packed(place, card, held=held, scratch=scratch)
        if not place.is_file():
            reasons.append(f"`path` {place}: there is neither a folder nor a file")
        elif (problem := _difference(place, source.checksum)) is None:
            return Delivery((place,), str(place))
        else:
            reasons.append(f"`path` {place}: {problem}")
    if held:
        return Delivery(held, ", ".join(map(str, held[:3])) + (", ..." if held[3:] else ""))
    for place, checksum in _mirrored(card, mirror):
        if (problem := _difference(place, checksum)) is None:
            return Delivery((place,), str(place))
        reasons.append(f"mirror file {place}: {problem}")
    raise _absence(name, study.dataset, card, reasons=reasons)


def _held(name: str, card: DatasetCard, raw: Path) -> tuple[Path, ...]:
    """List the archives that an earlier run left, where all are there."""
    if card.phantom is None:
        archives = [raw / f"{name}.tar"]
    else:
        archives = [raw / name / f"{shard:03d}.tar" for shard in range(card.phantom.shards)]
    return tuple(archives) if all(archive.is_file() for archive in archives) else ()


def _mirrored(card: DatasetCard, mirror: Path | None) -> Iterator[tuple[Path, str | None]]:
    for source in card.sources:
        if source.mirror is not None and mirror is not None:
            place = mirror / source.mirror
            if place.is_file():
                yield place, source.checksum


def _difference(place: Path, checksum: str | None) -> str | None:
    try:
        verify(place, checksum)
    except TransferError as error:
        return str(error)
    return None


def _packed(folder: Path, card: DatasetCard, *, held: tuple[Path, ...], scratch: Path) -> Delivery:
    scan = scan_folder(folder, card.archive)
    findings = offences(scan)
    archive = scratch / "packed.tar"
    if scan.files or not findings:
        write_tar(scan, archive)
    if held and not findings and sha256_file(held[0]) != sha256_file(archive):
        message = f"{held[0]} was packed before the folder changed, and a run would use it"
        problem = Problem(Level.STOP, message, f"Remove it: `rm {held[0]}`")
        findings.append(
            found("stale-archive", 15, "the data changed after packing", problem, case=WHOLE)
        )
    return Delivery((archive,) if archive.is_file() else (), str(folder), findings)


def offences(scan: FolderScan) -> list[Finding]:
    """Give all that forbids packing a folder as findings."""
    findings: list[Finding] = []
    for offender in scan.offenders:
        kind = KINDS[offender.kind]
        name = f"{offender.name!a}: " if offender.name else ""
        problem = Problem(Level.STOP, f"{name}{offender.reason}", kind.remedy)
        findings.append(found(offender.kind, kind.fault, _REASON, problem, case=WHOLE))
    return findings


def _absence(study: str, name: str, card: DatasetCard, *, reasons: list[str]) -> DownloadError:
    target = "all_simulate" if card.simulated else "all_download"
    what = "simulated" if card.simulated else "downloaded"
    lines = [f"the data of {name} are not on this machine."]
    if reasons:
        lines += ["Tried:", *(f"  - {reason}" for reason in reasons)]
    if any(source.path is not None for source in card.sources):
        lines.append(f"Correct `path` in config/datasets/{name}.yaml, then check again.")
    else:
        lines += [
            f"They are {what} by this command; check again after it:",
            f"  snakemake --cores all {target} --config 'studies=[\"{study}\"]'",
        ]
    return DownloadError("\n".join(lines))
