"""How to make the same report again: command, hashes, seeds, versions."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from radflow.files import sha256_file
from radflow.report.load import AnyTrained, DescribedStudy, TrainedStudy
from radflow.report.tables import Cell, Table, table

_PACKAGES = (
    "radflow",
    "torch",
    "pytorch-lightning",
    "monai",
    "scikit-learn",
    "numpy",
    "scipy",
    "pandas",
    "nibabel",
    "matplotlib",
    "jinja2",
    "snakemake",
    "dvc",
    "mlflow",
)


def command(data: DescribedStudy) -> str:
    """Give the one command that makes this report from nothing but the dataset."""
    study = data.inputs.study
    return f"snakemake --cores all --config 'studies=[\"{study}\"]' -- results/{study}/report.html"


def hashes_table(data: DescribedStudy) -> Table:
    """SHA-256 of what went in: archive, tables, plan, weights."""
    return table("SHA-256 of what this report was made from", ("What", "SHA-256"), _hashes(data))


def seeds_table(data: DescribedStudy) -> Table | None:
    """Keys and seeds of everything that is random; None where nothing is."""
    rows = list(_seeds(data))
    return table("Keys and seeds", ("What", "Value"), rows) if rows else None


def versions_table() -> Table:
    """Versions of the main libraries where this report was written."""
    rows = [("Python", platform.python_version())]
    rows += [(name, found) for name in _PACKAGES if (found := _version(name))]
    return table("Versions of the main libraries, where this report was written",
                 ("Library", "Version"), rows)  # fmt: skip


def determinism(data: DescribedStudy) -> tuple[str, ...]:
    """Say what comes out the same, and what may not."""
    if isinstance(data, TrainedStudy):
        return _determinism_of_training(data)
    return (
        "The same archive, settings and library versions give the same bytes: cases, findings and "
        "this file. Nothing is drawn at random"
        + (" but the simulated subjects, from their seed." if data.inputs.card.simulated else "."),
    )


def _seeds(data: DescribedStudy) -> Iterator[tuple[str, str]]:
    if phantom := data.inputs.card.phantom:
        yield "simulation", str(phantom.seed)
    if not isinstance(data, TrainedStudy):
        return
    yield "split (key)", str(data.split_record["key"])
    for model in data.models:
        seeds = {
            str(seed)
            for fold in model.folds
            if (seed := fold.record.get("training", {}).get("seed")) is not None
        }
        if seeds:
            yield f"training of {model.name}", ", ".join(sorted(seeds))
    yield "resampling of subjects", str(data.inputs.compare.seed)


def _determinism_of_training(data: AnyTrained) -> tuple[str, ...]:
    records = [fold.record.get("training", {}) for fold in data.primary.folds]
    threads = sorted({str(found["threads"]) for found in records if "threads" in found})
    precision = sorted({str(found["precision"]) for found in records if "precision" in found})
    how = f" This training: {' or '.join(threads)} threads" if threads else ""
    how += f", precision {' or '.join(precision)}" if how and precision else ""
    how += "." if how else ""
    return (
        "On CPU the same inputs, settings, library versions and number of threads give the same "
        f"bytes: split, plan, weights, predictions, metrics and this file.{how}",
        "On a GPU, or with another number of threads or another processor, sums are taken in "
        "another order: weights differ in the last bits and scores slightly.",
        "Randomness is keyed (by seed, epoch and sample), so a training that was stopped and "
        "resumed gives what an unbroken one gives.",
    )


def _hashes(data: DescribedStudy) -> Iterator[tuple[str, Cell]]:
    inputs = data.inputs
    if archive := data.source.get("sha256"):
        one = "archives' hashes" if inputs.card.simulated else "archive"
        yield f"dataset {one}", Cell(str(archive))
    files = [("cases", inputs.cases_tsv), ("findings", inputs.findings_tsv)]
    if isinstance(data, TrainedStudy):
        of = data.inputs
        files += [("split", of.split_tsv), ("plan", of.plan_json), ("metrics", of.metrics_json)]
    for what, path in files:
        yield f"{what} ({path.name})", Cell(sha256_file(path))
    if isinstance(data, TrainedStudy):
        for model in data.models:
            for fold in model.folds:
                if found := fold.record.get("weights_sha256"):
                    yield f"weights of {model.name}, fold {fold.fold}", Cell(str(found))
    yield "code that wrote this report (radflow's code version)", Cell(inputs.code_version)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
