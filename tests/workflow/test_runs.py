"""What a run makes, and what each edit makes it do again; by the real Snakefile."""

import json

import pytest

pytestmark = pytest.mark.workflow

STUDY = "config/studies/hippocampus.yaml"
CARD = "config/datasets/msd-hippocampus.yaml"
PAGES = {"report": 1, "index": 1}
SCORES = {"compare": 1, **PAGES}
ONE_MODEL = {"predict": 2, "evaluate": 2, **SCORES}
ALL_MODELS = {"predict": 4, "evaluate": 4, **SCORES}
FROM_PATCHES = {"patches": 1, "train": 2, **ALL_MODELS}
FROM_SPLIT = {"split": 1, "plan": 1, "preprocess": 3, **FROM_PATCHES}

EDITS = {
    "the title of the report": (STUDY, "in miniature", "in little", PAGES),
    "what the authors say": (STUDY, "The authors", "Others", PAGES),
    "the dataset's description": (CARD, "description: ", "description: Seen again. ", PAGES),
    "the resampling": (STUDY, "seed: 0", "seed: 1", SCORES),
    "the test part locked again": (STUDY, "test: open", "test: locked", SCORES),
    "the tolerance": (
        STUDY,
        "nsd_tolerance_mm: 1.0",
        "nsd_tolerance_mm: 2.0",
        {"evaluate": 4} | SCORES,
    ),
    "a learning rate": (
        STUDY,
        "learning_rate: 0.003",
        "learning_rate: 0.001",
        {"train": 1, **ONE_MODEL},
    ),
    "all folds": (
        STUDY,
        "folds: one",
        "folds: all",
        {"train": 2, "predict": 4, "evaluate": 4, **SCORES},
    ),
    "the patches": (STUDY, "per_class: 8", "per_class: 9", FROM_PATCHES),
    "the split": (STUDY, "key: miniature", "key: another", FROM_SPLIT),
    "the bounds of intake": (
        CARD,
        "intake: {}",
        "intake: {shear_degrees: 2.0}",
        {"intake": 1, **FROM_SPLIT},
    ),
}

CODE = {
    "evaluation/surface.py": {"evaluate": 4, **SCORES},
    "report/templates/style.css": PAGES,
    "training/loop.py": {"train": 2, **ALL_MODELS},
    "patches/index.py": FROM_PATCHES,
}


def test_a_run_goes_from_archive_to_report(project):
    results = project.root / "results"
    assert (results / "index.html").is_file()
    assert "<html" in (results / "hippocampus/report.html").read_text(encoding="utf-8")
    metrics = json.loads((results / "hippocampus/metrics.json").read_text(encoding="utf-8"))
    assert set(metrics["models"]) == {"unet", "baseline"}
    assert [row["model"] for row in metrics["test_accesses"]] == ["baseline", "unet"]
    assert (project.root / "mlflow.db").is_file()


def test_a_step_leaves_its_log_and_its_benchmark(project):
    for file in ("intake/msd-hippocampus", "train/hippocampus/unet/fold-0"):
        assert (project.root / "logs" / f"{file}.log").read_text(encoding="utf-8").strip()
        assert (project.root / "logs/benchmarks" / f"{file}.tsv").is_file()


def test_a_second_run_finds_nothing_to_do(project):
    assert "Nothing to be done" in project.snakemake("--cores", "2")


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_reruns_what_depends_on_it_and_nothing_else(project, edit):
    file, old, new, expected = EDITS[edit]
    with project.edited(file, old, new):
        assert project.would_run() == expected


@pytest.mark.parametrize("module", CODE)
def test_an_edit_of_code_reruns_what_it_can_change(project, module):
    file = f"src/radflow/{module}"
    line = "\nhtml { margin: 0 }\n" if module.endswith(".css") else "\n_ANOTHER_VALUE = 1\n"
    text = (project.root / file).read_text(encoding="utf-8")
    with project.edited(file, text, text + line):
        assert project.would_run() == {"versions": 1, **CODE[module]}


def test_a_remark_in_the_code_reruns_nothing(project):
    file = "src/radflow/files.py"
    text = (project.root / file).read_text(encoding="utf-8")
    with project.edited(file, text, text + "\n# a remark\n"):
        assert project.would_run() == {}


def test_snakemake_makes_its_own_report_without_a_network(project, tmp_path):
    project.snakemake("--report", str(tmp_path / "run.html"))
    text = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert "results/hippocampus/report.html" in text


def test_without_an_archive_the_run_ends_by_saying_how_to_get_one(bare_project):
    output = bare_project.snakemake("--cores", "1", fails=True)
    assert "RADFLOW_MIRROR=" in output
    assert "Traceback" not in output


def test_a_mistake_in_a_study_is_told_by_line_and_remedy(bare_project):
    with bare_project.edited(STUDY, "test_share: 0.25", "test_share: 2.5"):
        output = bare_project.snakemake("--dry-run", fails=True)
    assert "`split.test_share`: must be less than 0.9, got 2.5" in output
    assert "Traceback" not in output
    assert "load.py" not in output
