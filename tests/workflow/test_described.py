"""A study that describes its data runs from archive to report; nothing is divided or trained."""

import hashlib
import json
from pathlib import Path

import pytest
from miniature import CASES, write_archive
from project_copy import Project, configure, copy_sources, write_yaml

pytestmark = pytest.mark.workflow

NAME = "look"
STUDY = f"config/studies/{NAME}.yaml"
CARD = "config/datasets/miniature.yaml"
PAGES = {"describe": 1, "index": 1}

EDITS = {
    "the title": (STUDY, "in miniature", "in little", PAGES),
    "what the authors say": (STUDY, "The authors", "Others", PAGES),
    "the card's description": (CARD, "description: ", "description: Seen again. ", PAGES),
    "the bounds of intake": (
        CARD,
        "intake: {}",
        "intake: {shear_degrees: 2.0}",
        {"intake": 1, **PAGES},
    ),
}
"""Edits: file, text before and after, and which jobs run."""

CODE = {
    "report/acquisition.py": PAGES,
    "report/templates/sections/quality.html.j2": PAGES,
    "datasets/intake.py": {"intake": 1, **PAGES},
    "training/loop.py": {},
}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make a project with one such study, run it, and let DVC and git record it."""
    home = tmp_path_factory.mktemp("described")
    made = Project(home / "project", home / "mirror")
    copy_sources(made.root)
    archive = made.mirror / "miniature.tar"
    write_archive(archive)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    write_yaml(made.root / CARD, card(archive.name, f"sha256:{digest}"))
    study = {
        "title": "Hippocampi in miniature",
        "question": "What is there?",
        "dataset": "miniature",
        "task": "description",
        "report": {"authors": "The authors"},
    }
    configure(made.root, NAME, study)
    made.git("init", "--quiet", "--initial-branch", "main")
    made.snakemake("--cores", "2")
    made.dvc("commit", "--force", "--quiet", "--with-deps", "index")
    return made


def card(mirror: str, checksum: str) -> dict[str, object]:
    return {
        "title": "Miniature",
        "description": "A few hippocampi.",
        "licence": "CC0-1.0",
        "citation": "none",
        "layout": "msd",
        "channels": ["T1"],
        "modality": "MR",
        "classes": {0: "background", 1: "anterior", 2: "posterior"},
        "sources": [{"mirror": mirror, "checksum": checksum, "cases": CASES}],
        "intake": {},
    }


def test_a_run_goes_from_archive_to_report_without_a_model(described: Project) -> None:
    results = described.root / "results"
    page = (results / NAME / "report.html").read_text(encoding="utf-8")
    assert f"{CASES} accepted of {CASES} listed" in page
    assert "no model was trained" in page
    assert sorted(path.name for path in (results / NAME).iterdir()) == ["report.html"]
    assert not (described.root / "data/preprocessed").exists()
    index = (results / "index.html").read_text(encoding="utf-8")
    assert f"Data described: {CASES} cases accepted of {CASES} listed" in index
    assert f'href="{NAME}/report.html"' in index


def test_nothing_is_told_to_mlflow_where_nothing_is_trained(described: Project) -> None:
    assert not (described.root / "mlflow.db").exists()


def test_a_second_run_finds_nothing_to_do(described: Project) -> None:
    assert "Nothing to be done" in described.snakemake("--cores", "2")


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_reruns_what_depends_on_it_and_nothing_else(described: Project, edit: str) -> None:
    file, old, new, expected = EDITS[edit]
    with described.edited(file, old, new):
        assert described.would_run() == expected


@pytest.mark.parametrize("module", CODE)
def test_an_edit_of_code_reruns_what_it_can_change(described: Project, module: str) -> None:
    file = f"src/radflow/{module}"
    line = "\n<p>More.</p>\n" if module.endswith(".j2") else "\n_ANOTHER_VALUE = 1\n"
    text = (described.root / file).read_text(encoding="utf-8")
    with described.edited(file, text, text + line):
        assert described.would_run() == {"versions": 1, **CODE[module]}


def test_dvc_knows_the_files_and_recomputes_nothing(described: Project) -> None:
    assert "up to date" in described.dvc("status", "--with-deps", "index")
    assert "Running stage" not in described.dvc("repro", "index")


def test_a_key_that_is_added_to_the_card_is_watched_once_the_stages_are_written(
    described: Project,
) -> None:
    text = (described.root / CARD).read_text(encoding="utf-8")
    stages = (described.root / "dvc.yaml").read_text(encoding="utf-8")
    with (
        described.edited(CARD, text, text + "patients:\n  hippocampus_001: TCIA:1\n"),
        described.edited("dvc.yaml", "patients: layout", "patients: patients"),
    ):
        status = json.loads(described.dvc("status", "--json", "intake@miniature"))
        assert stages != (described.root / "dvc.yaml").read_text(encoding="utf-8")
    assert status["intake@miniature"] == [{"changed deps": {CARD: {"patients": "new"}}}]


def test_a_study_without_a_split_has_no_rule_for_one(described: Project) -> None:
    output = described.snakemake("--dry-run", f"results/{NAME}/split.tsv", fails=True)
    assert "split.tsv" in output
    assert "Traceback" not in output


def test_snakemake_makes_its_own_report_without_curves(described: Project, tmp_path: Path) -> None:
    described.snakemake("--report", str(tmp_path / "run.html"))
    text = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert f"results/{NAME}/report.html" in text


def test_a_dataset_can_be_taken_in_without_a_study(described: Project) -> None:
    arguments = ("--config", "studies=[]", 'datasets=["miniature"]', "--", "all_intake")
    assert "Nothing to be done" in described.snakemake("--dry-run", *arguments)
