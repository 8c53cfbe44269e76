from radflow.evaluation.headline import write_headline
from radflow.files import read_json, write_json


def test_the_headline_is_the_mean_dice_of_each_model_part_and_class(tmp_path):
    scores = {"anterior": {"dice": {"mean": 0.9, "n": 4}, "nsd": {"mean": 0.99}}}
    metrics = {"models": {"unet": {"test": {"classes": scores, "n_cases": 4}}}}
    write_json(tmp_path / "metrics.json", metrics)
    write_headline(tmp_path / "metrics.json", tmp_path / "dice.json")
    assert read_json(tmp_path / "dice.json") == {"unet": {"test": {"anterior": 0.9}}}


def test_what_is_not_estimable_stays_empty(tmp_path):
    classes = {"anterior": {"dice": {"mean": None, "n": 0}}}
    write_json(tmp_path / "metrics.json", {"models": {"unet": {"test": {"classes": classes}}}})
    write_headline(tmp_path / "metrics.json", tmp_path / "dice.json")
    assert read_json(tmp_path / "dice.json") == {"unet": {"test": {"anterior": None}}}
