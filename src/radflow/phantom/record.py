"""Write down where a simulated dataset comes from: `data/raw/DATASET.source.json`."""

from collections.abc import Sequence
from pathlib import Path

from radflow.config.dataset import DatasetCard
from radflow.files import sha256_file, sha256_record, write_json
from radflow.progress import track


def record_simulation(
    card: DatasetCard, archives: Sequence[Path], *, name: str, record_path: Path
) -> None:
    """Record the archives of a simulated dataset with their hashes.

    The keys are those of a download's record, where they apply; `sha256` is one hash over the
    hashes of all archives. No date and no path of this machine: equal archives give equal records.

    Parameters
    ----------
    card
        Licence and citation of what the simulation is derived from.
    archives
        All of them, in order.
    name
        Of the dataset.
    record_path
        ``data/raw/DATASET.source.json``; archives are named relative to its folder.
    """
    places = [archive.relative_to(record_path.parent).as_posix() for archive in archives]
    digests = [sha256_file(archive) for archive in track(archives, "record", unit="archive")]
    sizes = [archive.stat().st_size for archive in archives]
    fields = {
        "dataset": name,
        "simulated": True,
        "archives": [
            {"archive": place, "sha256": digest, "bytes": size}
            for place, digest, size in zip(places, digests, sizes, strict=True)
        ],
        "sha256": sha256_record(digests),
        "bytes": sum(sizes),
        "licence": card.licence,
        "citation": card.citation,
    }
    write_json(record_path, fields)
