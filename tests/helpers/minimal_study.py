"""The shortest study that is valid."""

from typing import Any

from radflow.config.study import Study


def minimal_study(**changes: Any) -> Study:
    """Make the study; `changes` replace its top-level keys."""
    record = {
        "title": "T",
        "question": "Q",
        "dataset": "d",
        "task": "segmentation",
        "split": {"key": "k"},
        "models": {"unet": {}},
    }
    return Study.model_validate(record | changes)
