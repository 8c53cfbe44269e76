"""A small study of synthetic cases, with every file that a report is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from radflow.config.dataset import DatasetCard
from radflow.config.evaluation import CompareRules, EvaluationRules
from radflow.config.report import ReportText
from radflow.config.training import ModelRules
from radflow.datasets.cases import Case, read_cases, write_cases
from radflow.evaluation.cases import evaluate_predictions
from radflow.evaluation.compare import compare
from radflow.evaluation.ledger import record_access
from radflow.files import sha256_file, write_json, write_text, write_tsv
from radflow.imaging.volume import write_labels
from radflow.report.inputs import ModelFiles, ReportInputs
from radflow.report.write import write_report
from radflow.splits import read_split

CLASSES = {0: "background", 1: "anterior", 2: "posterior"}
SHAPE = (35, 50, 35)
FOLDS = (0, 1)
PARTS = ("fold-0", "fold-1", "test")
HASH = "0123456789abcdef" * 4

Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Builder:
    """Makes studies below a folder."""

    root: Path

    def build(
        self, *, cases: int = 12, opened: bool = True, title: str = "A study"
    ) -> ReportInputs:
        card = make_card()
        listed = self._cases(cases)
        self._records(listed, card)
        parts = PARTS if opened else PARTS[:-1]
        for model in ("unet", "baseline"):
            self._model(model)
            for part in parts:
                self._predict(model, part)
        results = self.root / "results"
        ledger = results / "ledger.tsv"
        compare(
            {m: {p: results / "evaluation" / m / f"{p}.tsv" for p in parts} for m in MODELS},
            results / "metrics.json",
            study="shapes",
            rules=CompareRules(bootstrap_samples=1000),
            ledger=ledger if opened else None,
        )
        return ReportInputs(
            study="shapes",
            title=title,
            question="How well are two halves of an ellipsoid told apart?",
            folds="all",
            dataset="ellipsoids",
            card=card,
            text=ReportText(authors="A. Author and B. Author"),
            evaluation=EvaluationRules(test="open" if opened else "locked"),
            compare=CompareRules(bootstrap_samples=1000),
            source_json=self.root / "ellipsoids.source.json",
            cases_tsv=self.cases_tsv,
            findings_tsv=self.root / "cases/findings.tsv",
            intake_json=self.root / "cases/intake.json",
            split_tsv=results / "split.tsv",
            split_json=results / "split.json",
            plan_json=results / "plan.json",
            models=tuple(
                ModelFiles.under(results, name, folds=FOLDS, parts=parts) for name in MODELS
            ),
            metrics_json=results / "metrics.json",
            ledger=ledger if opened else None,
            code_version="abcdef012345",
        )

    @property
    def cases_tsv(self) -> Path:
        return self.root / "cases/cases.tsv"

    def _cases(self, count: int) -> list[Case]:
        cases: list[Case] = []
        for number in range(count):
            rng = np.random.default_rng(number)
            labels = ellipsoid(rng)
            image = rng.normal(300, 40, SHAPE) + 120 * (labels > 0) + 30 * (labels == 1)
            name = f"shape_{number:03d}"
            paths = [self.root / f"cases/{kind}/{name}.nii.gz" for kind in ("images", "labels")]
            write_image(paths[0], image.astype(np.float32), np.eye(4))
            paths[1].parent.mkdir(parents=True, exist_ok=True)
            write_labels(paths[1], labels, np.eye(4))
            voxels = np.bincount(labels.ravel(), minlength=3)
            cases.append(
                Case(
                    case=name,
                    subject=name,
                    images=(paths[0],),
                    label=paths[1],
                    shape=SHAPE,
                    spacing_mm=(1.0, 1.0, 1.0),
                    orientation="RAS",
                    image_sha256=(sha256_file(paths[0]),),
                    label_sha256=sha256_file(paths[1]),
                    label_voxels={value: int(n) for value, n in enumerate(voxels)},
                )
            )
        write_cases(self.cases_tsv, cases)
        return cases

    def _records(self, cases: Sequence[Case], card: DatasetCard) -> None:
        results = self.root / "results"
        parts = {case.subject: PARTS[place % 3] for place, case in enumerate(cases)}
        write_tsv(
            results / "split.tsv", pd.DataFrame(list(parts.items()), columns=["subject", "part"])
        )
        counts = {part: list(parts.values()).count(part) for part in PARTS}
        write_json(
            results / "split.json",
            {
                "sha256": sha256_file(results / "split.tsv"),
                "key": "shapes-1",
                "test_share": 0.33,
                "folds": 2,
                "subjects": counts,
                "cases": counts,
                "duplicates": [],
                "notes": [],
            },
        )
        write_json(results / "plan.json", make_plan(len(cases) - counts["test"]))
        write_json(
            self.root / "ellipsoids.source.json",
            {
                "dataset": "ellipsoids",
                "archive": "ellipsoids.tar",
                "url_or_mirror": "/somewhere/on/this/machine/Ellipsoids.tar",
                "checksum": f"sha256:{HASH}",
                "sha256": HASH,
                "bytes": 27_000_000,
                "licence": card.licence,
                "citation": card.citation,
            },
        )
        write_json(
            self.root / "cases/intake.json",
            {
                "listed": len(cases) + 2,
                "accepted": len(cases),
                "quarantined": 2,
                "repaired": 1,
                "reasons": {"file is truncated": 1, "image and label on different grids": 1},
            },
        )
        write_tsv(self.root / "cases/findings.tsv", make_findings())

    def _model(self, model: str) -> None:
        for fold in FOLDS:
            folder = self.root / f"results/models/{model}/fold-{fold}"
            record = make_record(model, fold, sum(1 for _ in read_cases(self.cases_tsv)))
            write_json(folder / "model.json", record)
            rows = (
                make_history(fold) if model == "unet" else pd.DataFrame(columns=["epoch", "step"])
            )
            write_text(folder / "history.csv", rows.to_csv(index=False, lineterminator="\n"))

    def _predict(self, model: str, part: str) -> None:
        results = self.root / "results"
        split = read_split(results / "split.tsv", results / "split.json")
        cases = [c for c in read_cases(self.cases_tsv) if split.part_of(c.subject) == part]
        folder = results / f"predictions/{model}/{part}"
        rows: list[tuple[str, str, str]] = []
        for case in cases:
            path = folder / f"{case.case}.nii.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_labels(path, guess(case.case, model), np.eye(4))
            rows.append((case.case, path.name, sha256_file(path)))
        table = folder / "predictions.tsv"
        write_tsv(table, pd.DataFrame(rows, columns=["case", "path", "sha256"]))
        evaluate_predictions(
            cases,
            table,
            results / f"evaluation/{model}/{part}.tsv",
            part=part,
            classes=CLASSES,
            rules=EvaluationRules(),
        )
        if part == "test":
            record_access(
                results / "ledger.tsv",
                model=model,
                folds=FOLDS,
                weights_sha256=[HASH],
                split_sha256=split.sha256,
                settings_sha256=HASH,
            )


MODELS = ("unet", "baseline")


def ellipsoid(
    rng: np.random.Generator, *, shift: float = 0.0, scale: float = 1.0, cut: float = 0.0
) -> Labels:
    """Draw a label map (i, j, k): an ellipsoid in two halves, the front one is 1."""
    radius = np.array([8.0, 15.0, 7.0]) * rng.uniform(0.85, 1.15, 3) * scale
    centre = np.array(SHAPE) / 2 + rng.uniform(-2, 2, 3) + shift
    grid = np.indices(SHAPE).transpose(1, 2, 3, 0)
    inside = (((grid - centre) / radius) ** 2).sum(-1) <= 1
    return np.where(inside, np.where(grid[..., 1] > centre[1] + cut, 1, 2), 0).astype(np.uint8)


def guess(case: str, model: str) -> Labels:
    """Predict a case: the model nearly right, the baseline the same shape for all."""
    number = int(case.removeprefix("shape_"))
    if model == "baseline":
        return ellipsoid(np.random.default_rng(10_000))
    error = np.random.default_rng(1000 + number).normal(0, 1, 3)
    return ellipsoid(
        np.random.default_rng(number),
        shift=0.35 * error[0],
        scale=1 + 0.02 * error[1],
        cut=0.7 * error[2],
    )


def write_image(
    path: Path, array: npt.NDArray[np.float32], affine: npt.NDArray[np.float64]
) -> None:
    """Write an image with both of its forms set."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(array, affine)
    image.set_qform(affine, code=1)
    image.set_sform(affine, code=1)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)


def make_card() -> DatasetCard:
    return DatasetCard.model_validate(
        {
            "title": "Ellipsoids in noise",
            "description": "Ellipsoids in two halves.",
            "licence": "CC0-1.0",
            "attribution": "Nobody",
            "citation": "None et al., arXiv:0000.00000",
            "layout": "msd",
            "channels": ["T1"],
            "modality": "MR",
            "classes": CLASSES,
            "sources": [{"mirror": "Ellipsoids.tar", "checksum": f"sha256:{HASH}"}],
        }
    )


def make_plan(development: int) -> dict[str, object]:
    choices = {
        "spacing_mm": (
            [1.0, 1.0, 1.0],
            f"Median of {development} development cases: 1 x 1 x 1 mm.",
        ),
        "patch_size": ([48, 64, 48], "Median shape, up to the next multiple of 8."),
        "batch_size": (2, "Two patches fit the memory bound."),
        "levels": (4, "Halved until the coarsest axis has 4 voxels or more."),
        "normalisation": ("zscore", "MR has no scale of its own."),
    }
    plan = {key: {"value": value, "reason": why} for key, (value, why) in choices.items()}
    return plan | {"fingerprint": {"cases": development, "subjects": development}}


def make_findings() -> pd.DataFrame:
    columns = ("case", "rule", "fault", "level", "message", "remedy", "size", "unit")
    rows = [
        (
            "shape_900",
            "truncated",
            4,
            "QUAR",
            "shape_900: file ends early",
            "download again",
            "",
            "",
        ),
        (
            "shape_901",
            "grids",
            44,
            "QUAR",
            "shape_901: label on another grid",
            "resample",
            3.2,
            "mm",
        ),
        (
            "shape_003",
            "qform-sform",
            17,
            "FIX",
            "shape_003: forms differ",
            "sform used",
            0.01,
            "mm",
        ),
        ("shape_004", "storage", 24, "NOTE", "shape_004: stored as uint8", "", "", ""),
    ]
    return pd.DataFrame(rows, columns=list(columns))


def make_record(model: str, fold: int, cases: int) -> dict[str, object]:
    tuning = len(range(fold, cases, 3))
    training: dict[str, object] = {
        "training_cases": cases - tuning - len(range(2, cases, 3)),
        "tuning_cases": tuning,
    }
    network: dict[str, object] = {"name": "mean_shape", "outputs": 3, "shape": list(SHAPE)}
    if model == "unet":
        network = {"name": "unet", "channels": 16, "most_channels": 320, "levels": 4}
        network |= {"inputs": 1, "outputs": 3}
        training |= {"steps": 4000, "steps_per_epoch": 100, "batch_size": 2, "best_epoch": 30}
        training |= {"best_dice": 0.9, "seed": 0, "parameters": 1_412_345}
        training |= {"precision": "32-true", "threads": 2}
    return {
        "format": 1,
        "study": "shapes",
        "model": model,
        "fold": fold,
        "task": "segmentation",
        "dataset": "ellipsoids",
        "channels": ["T1"],
        "modality": "MR",
        "classes": {str(label): name for label, name in CLASSES.items()},
        "network": network,
        "plan": {"spacing_mm": [1, 1, 1], "patch_size": [48, 64, 48], "normalisation": "zscore"},
        "inference": {"overlap": 0.5, "mirror_axes": [0]},
        "training": training,
        "rules": ModelRules().model_dump(mode="json"),
        "weights_sha256": HASH,
        "inputs_sha256": {"plan.json": HASH},
    }


def make_history(fold: int) -> pd.DataFrame:
    epochs = np.arange(40)
    wobble = 0.01 * np.random.default_rng(fold).normal(size=(2, 40))
    dice = 0.9 - 0.6 * np.exp(-epochs / 6) + wobble[0] * np.exp(-epochs / 20)
    return pd.DataFrame(
        {
            "epoch": epochs,
            "step": (epochs + 1) * 100,
            "learning_rate": 3e-3 * (1 - epochs / 40),
            "loss": 0.2 + 1.2 * np.exp(-epochs / 6) + wobble[1],
            "dice_anterior": dice + 0.01,
            "dice_posterior": dice - 0.01,
            "dice": dice,
            "best": (epochs == 30).astype(int),
        }
    )


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> ReportInputs:
    """Give a study of 12 cases whose test part is open. Shared by all tests: don't write to it."""
    return Builder(tmp_path_factory.mktemp("study")).build()


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> ReportInputs:
    """Give a study whose test part is locked. Shared by all tests: don't write to it."""
    return Builder(tmp_path_factory.mktemp("locked")).build(cases=9, opened=False)


class Page(HTMLParser):
    """What a test asks of a page.

    Attributes
    ----------
    tags
        Every element: its name and attributes, in order.
    text
        All text outside style sheets.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._in_style = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.text += data

    def values(self, attribute: str) -> list[str]:
        """All values of an attribute."""
        return [value for _, found in self.tags if (value := found.get(attribute)) is not None]


@pytest.fixture(scope="session")
def parse() -> Callable[[str], Page]:
    """Give the parser of pages."""
    return Page


@pytest.fixture(scope="session")
def html(inputs: ReportInputs, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the report of the shared study."""
    output = tmp_path_factory.mktemp("report") / "report.html"
    write_report(inputs, output)
    return output.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def page(html: str) -> Page:
    """Give the report of the shared study, parsed."""
    return Page(html)


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., ReportInputs]:
    """Give the function that builds a study of one's own, which may be changed."""
    return Builder(tmp_path / "own").build
