"""The few numbers to compare from commit to commit, by `dvc metrics show` and `diff`."""

from pathlib import Path

from radflow.files import read_json, write_json

HEADLINE = ("accuracy", "balanced_accuracy", "auc")


def write_headline(metrics: Path, output: Path) -> None:
    """Write accuracy, balanced accuracy and AUC of every model and part; None if not estimable.

    Parameters
    ----------
    metrics
        ``metrics.json``, as `radflow.evaluation.classification.compare.compare` writes it.
    output
        JSON to write: model to part to metric to its estimate.
    """
    models = read_json(metrics)["models"]
    write_json(
        output,
        {
            model: {
                part: {metric: summary["overall"][metric]["estimate"] for metric in HEADLINE}
                for part, summary in parts.items()
            }
            for model, parts in models.items()
        },
    )
