import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from bright_square import AFFINE, write_square_study
from PIL import Image

from radflow.config.explain import ExplainRules, OcclusionRules
from radflow.errors import LeakError, ModelError
from radflow.explain.write import COLUMNS, Explained, explain_model
from radflow.files import read_json, read_tsv, sha256_file, write_tsv

RULES = ExplainRules(
    cases=4,
    shown=1,
    units=2,
    patches=3,
    randomised=2,
    occlusion=OcclusionRules(box=0.2, stride=0.05, fill="lowest"),
)


def inputs_of(root, cases):
    return Explained(
        [root / "fold-0"], [root / "a.shard"], {"fold-0": cases}, [root / "fold-0.tsv"]
    )


def size_of(path):
    with Image.open(path) as image:
        return image.size


@pytest.fixture(scope="module", params=[True, False], ids=["labelled", "boxes"])
def folder(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("squares")
    cases = write_square_study(root, labelled=request.param)
    explain_model(inputs_of(root, cases), RULES, root / "explain")
    return root / "explain"


def test_the_maxima_lie_in_the_square(folder):
    table = read_tsv(folder / "explained.tsv", ("case",))
    assert tuple(table.columns) == COLUMNS
    pointing = read_json(folder / "pointing.json")
    for method in ("grad-cam", "occlusion"):
        assert (pointing[method]["n"], pointing[method]["inside"]) == (3, 3)
        assert pointing[method]["chance"] == pytest.approx(25 / (32 * 24), abs=1e-6)
    missed = table[table["case"] == "case-6"].iloc[0]
    assert (missed["answer"], missed["right"], missed["shown"]) == ("none", 0, "wrong")
    assert set(table.loc[table["reference"] == "none", "lesion"]) == {0}


def test_maps_lie_on_the_grid_of_their_source(folder):
    table = read_tsv(folder / "explained.tsv", ("case",))
    row = table[(table["case"] == "case-2") & (table["method"] == "occlusion")].iloc[0]
    path = folder / row["path"]
    assert sha256_file(path) == row["sha256"]
    image = nib.load(path)
    values = np.asarray(image.dataobj)
    assert values.shape == (32, 1, 24)
    assert values.dtype == np.float32
    np.testing.assert_allclose(image.affine, AFFINE)
    at = tuple(int(row[axis]) for axis in "ijk")
    assert values[at] == values.max()


def test_features_patches_and_the_check_are_written(folder):
    features = read_tsv(folder / "features.tsv", ("case",))
    assert len(features) == 8
    assert features["tile"].tolist() == list(range(8))
    sheet = read_json(folder / "embedding.json")["fold-0"]
    assert size_of(folder / sheet["sheet"]) == (20 * sheet["tile"], sheet["tile"])
    stages = read_json(folder / "activating.json")["stages"]
    assert [each["receptive_field"] for each in stages] == [[5, 5], [14, 14]]
    strongest = stages[0]["units"][0]
    assert strongest["unit"] == 0
    assert {patch["case"] for patch in strongest["patches"]} <= {"case-0", "case-2", "case-4"}
    sanity = read_json(folder / "sanity.json")
    assert [step["part"] for step in sanity["steps"]] == ["head", "level1", "level0"]
    assert sanity["changed"] is True


def test_cases_shown_have_pictures(folder):
    table = read_tsv(folder / "explained.tsv", ("case",))
    shown = table[table["shown"].notna()]
    assert set(shown["shown"]) == {"right", "wrong"}
    for name in [*shown["image"], *shown["picture"]]:
        assert max(size_of(folder / name)) == 240
    assert table.loc[table["shown"].isna(), "picture"].isna().all()


def test_the_same_inputs_give_the_same_bytes(tmp_path):
    cases = write_square_study(tmp_path)
    twice = [tmp_path / name for name in ("one", "two")]
    for output in twice:
        explain_model(inputs_of(tmp_path, cases), RULES, output)
    files = [sorted(p for p in each.rglob("*") if p.is_file()) for each in twice]
    assert [p.relative_to(twice[0]) for p in files[0]] == [
        p.relative_to(twice[1]) for p in files[1]
    ]
    assert [sha256_file(p) for p in files[0]] == [sha256_file(p) for p in files[1]]


def test_a_case_of_another_part_is_refused(tmp_path):
    cases = write_square_study(tmp_path)
    with pytest.raises(LeakError, match=r"1 of 8 scored cases .*case-7, fold-0"):
        explain_model(inputs_of(tmp_path, cases[:-1]), RULES, tmp_path / "explain")


def test_scores_of_the_test_part_are_refused_where_tuning_is_explained(tmp_path):
    cases = write_square_study(tmp_path)
    scores = pd.read_csv(tmp_path / "fold-0.tsv", sep="\t").assign(part="test")
    write_tsv(tmp_path / "fold-0.tsv", scores)
    with pytest.raises(LeakError, match="case-0, test"):
        explain_model(inputs_of(tmp_path, cases), RULES, tmp_path / "explain")


def test_a_stage_that_there_is_not_is_refused(tmp_path):
    cases = write_square_study(tmp_path)
    rules = RULES.model_copy(update={"stage": "layer4"})
    with pytest.raises(ModelError, match="no stage 'layer4'"):
        explain_model(inputs_of(tmp_path, cases), rules, tmp_path / "explain")
