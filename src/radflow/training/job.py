"""What one training job is given, and where its results go."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from radflow.config.base import Section
from radflow.config.classification import InputRules, TargetRules
from radflow.config.task import Task
from radflow.config.training import ModelRules
from radflow.datasets.cases import Case, read_cases
from radflow.files import sha256_file, sha256_record, write_json
from radflow.inference.card import CARD_NAME, FORMAT, WEIGHTS_NAME
from radflow.patches.index import read_index
from radflow.patches.store import ShardSet
from radflow.planning.plan import Plan
from radflow.selections import TrainingCases
from radflow.splits import Split, read_split
from radflow.targets import Target
from radflow.training.callbacks import Stop

HISTORY_NAME = "history.csv"


class Settings(Section):
    """The part of the configuration that decides a training."""

    task: Task
    study: str
    model: str
    fold: Annotated[int, Field(ge=0)]
    dataset: str
    rules: ModelRules
    classes: dict[int, str]
    target: TargetRules | None = None
    view: InputRules = InputRules()
    channels: tuple[str, ...]
    modality: str
    pixel_mm: float | None = None

    @property
    def targets(self) -> list[str]:
        """Names of the classes but background, in the order of their labels."""
        return [self.classes[label] for label in sorted(self.classes) if label > 0]


@dataclass(frozen=True)
class Inputs:
    """Files that earlier steps wrote.

    Attributes
    ----------
    start
        ``model.json`` of the trained fold to start from, its weights beside it; None: there is
        none.
    """

    cases: Path
    split: Path
    split_record: Path
    plan: Path
    index: Path
    shards: tuple[Path, ...]
    start: Path | None = None

    def digests(self) -> dict[str, str]:
        """SHA-256 of each file that decides the result, by its name; of a start by its card."""
        paths = [self.split, self.plan, self.index, *self.shards]
        found = {path.name: sha256_file(path) for path in paths}
        return found if self.start is None else found | {"start": sha256_file(self.start)}


@dataclass(frozen=True)
class Job:
    """One training: settings, the cases it may see, its folder of results, and what may end it.

    Attributes
    ----------
    one_device
        Whether it keeps to one device: over several, Lightning starts its program again.
    stop
        Asked after every epoch but the last whether to end; None: never.
    """

    settings: Settings
    inputs: Inputs
    folder: Path
    plan: Plan
    training: TrainingCases
    tuning: Sequence[Case]
    digests: dict[str, str]
    one_device: bool = False
    stop: Stop | None = None

    @classmethod
    def read(cls, settings: Settings, inputs: Inputs, folder: Path) -> "Job":
        """Read the small input files and divide the cases; test cases are left out here.

        Raises
        ------
        LeakError
            If a shard or the patch index holds a case of the test part.
        """
        cases = read_cases(inputs.cases)
        split: Split = read_split(inputs.split, inputs.split_record)
        by_name = {case.case: case for case in cases}
        for step, names in (
            ("the shards of a training", ShardSet(inputs.shards).cases),
            ("the patch index of a training", read_index(inputs.index)["case"].unique()),
        ):
            held = [by_name[name] for name in names if name in by_name]
            split.refuse_test_cases(held, step=step)
        if settings.target is not None:
            cases = Target(settings.target).select(cases)
        return cls(
            settings=settings,
            inputs=inputs,
            folder=folder,
            plan=Plan.read(inputs.plan),
            training=split.training_cases(cases, settings.fold),
            tuning=split.tuning_cases(cases, settings.fold),
            digests=inputs.digests(),
        )

    @property
    def title(self) -> str:
        """Short name for progress and messages."""
        return f"train {self.settings.model} fold {self.settings.fold}"

    @property
    def image_channels(self) -> tuple[str, ...]:
        """Names of the channels of preprocessed images: the dataset's, or windows of them."""
        return self.plan.image_channels(self.settings.channels)

    def identity(self, code: str) -> str:
        """Hash of settings, data and code: what a checkpoint must share to be resumed."""
        return sha256_record(
            {"settings": self.settings.model_dump(mode="json"), "data": self.digests, "code": code}
        )

    def write_record(
        self, network: dict[str, Any], training: dict[str, Any], *, about: dict[str, Any]
    ) -> None:
        """Describe the weights in ``model.json``: all that is needed to use them.

        Parameters
        ----------
        network
            What the network is built from.
        training
            How it went.
        about
            What the family of tasks needs to use the weights.
        """
        settings = self.settings
        record = {
            "format": FORMAT,
            "task": settings.task,
            "study": settings.study,
            "model": settings.model,
            "fold": settings.fold,
            "dataset": settings.dataset,
            "channels": list(settings.channels),
            "modality": settings.modality,
            "network": network,
            **about,
            "training": {
                "training_cases": len(self.training),
                "tuning_cases": len(self.tuning),
                **training,
            },
            "rules": settings.rules.model_dump(mode="json"),
            "weights_sha256": sha256_file(self.folder / WEIGHTS_NAME),
            "inputs_sha256": self.digests,
        }
        write_json(self.folder / CARD_NAME, record)
