"""A study of simulated subjects runs from its card to its report with no archive and no network."""

import shutil
from pathlib import Path

import pytest
from project_copy import Project, configure, copy_sources, small_study

pytestmark = pytest.mark.workflow

STUDY = "phantom-tumour"
CARD = f"config/datasets/{STUDY}.yaml"
PHANTOM = {
    "subjects": 8,
    "seed": 3,
    "shards": 2,
    "spacing_mm": 5.0,
    "shape": [32, 36, 32],
    "diagnoses": {"tumour": 0.8, "control": 0.2},
    "reference": "tissue-and-tumour",
}
PAGES = {"report": 1, "index": 1}
FROM_SPLIT = {
    **{"split": 1, "plan": 1, "preprocess": 3, "patches": 1, "train": 2, "predict": 4},
    **{"evaluate": 4, "compare": 1},
    **PAGES,
}
FROM_SHARDS = {"simulate": 2, "record": 1, "intake": 1, **FROM_SPLIT}

EDITS = {
    "the seed": ("seed: 3", "seed: 4", FROM_SHARDS),
    "the channels": ("- T2w\n", "", FROM_SHARDS),
    "the title of the card": ("title: ", "title: Once more. ", PAGES),
    "the licence": ("licence: ", "licence: Once more. ", {"record": 1, **PAGES}),
    "the bounds of intake": (
        "intake: {}",
        "intake: {shear_degrees: 2.0}",
        {"intake": 1, **FROM_SPLIT},
    ),
}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Make the study in miniature and run it; the folder of archives does not exist."""
    home = tmp_path_factory.mktemp("simulated")
    made = Project(home / "project", home / "nowhere")
    copy_sources(made.root)
    study = small_study(title="Glioma in miniature", dataset=STUDY)
    configure(made.root, STUDY, study, phantom=PHANTOM, archive={}, intake={})
    made.git("init", "--quiet", "--initial-branch", "main")
    if shutil.which("make") is None:
        made.snakemake("--cores", "2")
    else:
        made.make("reproduce", "CORES=2")
    return made


def test_one_command_goes_from_the_card_to_the_report(simulated: Project) -> None:
    for page in ("results/index.html", f"results/{STUDY}/report.html"):
        text = (simulated.root / page).read_text(encoding="utf-8")
        assert "imulated subjects" in text
        assert "no patient was examined" in text
    archives = sorted(path.name for path in (simulated.root / f"data/raw/{STUDY}").iterdir())
    assert archives == ["000.tar", "001.tar"]


def test_every_subject_is_a_case(simulated: Project) -> None:
    table = (simulated.root / f"data/cases/{STUDY}/cases.tsv").read_text(encoding="utf-8")
    assert [row.split("\t")[0] for row in table.splitlines()[1:]] == [
        f"sub-{number:05d}" for number in range(1, 9)
    ]


def test_a_second_run_finds_nothing_to_do(simulated: Project) -> None:
    assert "Nothing to be done" in simulated.snakemake("--cores", "2")


def test_dvc_knows_the_files_and_recomputes_nothing(simulated: Project) -> None:
    assert "up to date" in simulated.dvc("status", "--with-deps", "index")
    assert "Running stage" not in simulated.dvc("repro", "index")


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_the_card_reruns_what_depends_on_it_and_nothing_else(
    simulated: Project, edit: str
) -> None:
    old, new, expected = EDITS[edit]
    with simulated.edited(CARD, old, new):
        assert simulated.would_run() == expected


def test_an_edit_of_the_simulation_reruns_it_and_one_of_the_intake_does_not(
    simulated: Project,
) -> None:
    for module, expected in (
        ("phantom/sequences.py", FROM_SHARDS),
        ("datasets/intake.py", {"intake": 1, **FROM_SPLIT}),
    ):
        file = f"src/radflow/{module}"
        text = (simulated.root / file).read_text(encoding="utf-8")
        with simulated.edited(file, text, text + "\n_ANOTHER_VALUE = 1\n"):
            assert simulated.would_run() == {"versions": 1, **expected}


def test_a_mistake_in_the_simulation_is_told_by_line_and_remedy(simulated: Project) -> None:
    with simulated.edited(CARD, "shards: 2", "shards: 9"):
        output = simulated.snakemake("--dry-run", fails=True)
    assert "shards (9) must not be above subjects (8)" in output
    assert "Traceback" not in output


def test_another_run_from_the_same_card_makes_the_same_archives(
    simulated: Project, tmp_path: Path
) -> None:
    archive = f"data/raw/{STUDY}/001.tar"
    before = (simulated.root / archive).read_bytes()
    copy = Project(tmp_path / "project", simulated.mirror)
    for folder in ("config", "src", "workflow", "profiles"):
        shutil.copytree(simulated.root / folder, copy.root / folder)
    shutil.copy(simulated.root / "Snakefile", copy.root)
    copy.snakemake("--cores", "1", archive)
    assert (copy.root / archive).read_bytes() == before
