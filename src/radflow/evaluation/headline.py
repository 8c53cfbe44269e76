"""The few numbers to compare from commit to commit, by `dvc metrics show` and `diff`."""

from pathlib import Path

from radflow.files import read_json, write_json


def write_headline(metrics: Path, output: Path) -> None:
    """Write the mean Dice of every model, part and class; None where it is not estimable.

    Parameters
    ----------
    metrics
        ``metrics.json``, as `radflow.evaluation.compare.compare` writes it.
    output
        JSON to write: model to part to class to Dice.
    """
    models = read_json(metrics)["models"]
    write_json(
        output,
        {
            model: {
                part: {name: scores["dice"]["mean"] for name, scores in summary["classes"].items()}
                for part, summary in parts.items()
            }
            for model, parts in models.items()
        },
    )
