"""The study: one question asked of one dataset."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from radflow.config.base import Section
from radflow.config.classification import InputRules, TargetRules
from radflow.config.evaluation import CompareRules, EvaluationRules
from radflow.config.explain import ExplainRules
from radflow.config.preprocess import PatchRules, PlanRules, PreprocessRules
from radflow.config.report import ReportText
from radflow.config.search import SearchRules
from radflow.config.split import SplitRules
from radflow.config.task import Task
from radflow.config.training import CLASSIFIERS, SEGMENTERS, SIMPLE, ModelRules, NetworkRules
from radflow.config.transfer import CurveRules

BASELINE = "baseline"

NETWORKS = {"segmentation": SEGMENTERS, "classification": (*CLASSIFIERS, *SIMPLE)}
_BASELINES = {"segmentation": "mean_shape", "classification": "majority"}


class Study(Section):
    """One question asked of one dataset: `config/studies/NAME.yaml`."""

    title: Annotated[str, Field(min_length=1, description="title of the report")]
    question: Annotated[str, Field(min_length=1, description="what the study asks")]
    dataset: Annotated[str, Field(min_length=1, description="name of a dataset card")]
    task: Annotated[
        Task,
        Field(description="family of the question; description: the data alone, no model"),
    ]
    target: Annotated[
        TargetRules | None, Field(description="what is predicted; classification alone has one")
    ] = None
    input: Annotated[InputRules, Field(description="what a classifier sees of a case")] = (
        InputRules()
    )
    folds: Annotated[
        Literal["one", "all"], Field(description="train the first fold, or every fold")
    ] = "one"
    split: Annotated[
        SplitRules | None, Field(description="how subjects are divided; description alone has none")
    ] = None
    plan: PlanRules = PlanRules()
    preprocess: PreprocessRules = PreprocessRules()
    patches: PatchRules = PatchRules()
    models: Annotated[
        dict[str, ModelRules],
        Field(default_factory=dict, description="name: model; compared, paired"),
    ]
    curve: CurveRules | None = None
    search: Annotated[
        SearchRules | None, Field(description="random search over one model's settings; null: none")
    ] = None
    evaluation: EvaluationRules = EvaluationRules()
    compare: CompareRules = CompareRules()
    explain: Annotated[
        ExplainRules | None, Field(description="why classifiers say so; null: not asked")
    ] = None
    report: ReportText = ReportText()
    beside: Annotated[
        dict[str, str],
        Field(
            default_factory=dict,
            max_length=2,
            description="study: why its headline numbers stand in this report, too; at most two",
        ),
    ]

    @model_validator(mode="after")
    def _names_are_plain(self) -> "Study":
        bad = [name for name in self.models if not name.replace("-", "").isalnum()]
        if bad:
            message = f"model names are letters, digits and '-': {bad}"
            raise ValueError(message)
        if BASELINE in self.models:
            message = f"the model name {BASELINE!r} is taken by the trivial baseline"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _trains_or_describes(self) -> "Study":
        if self.describes and (self.models or self.split):
            message = "the task 'description' has neither `split` nor `models`: remove them"
            raise ValueError(message)
        if not self.describes and not (self.models and self.split):
            message = f"the task {self.task!r} needs `split` and at least one of `models`"
            raise ValueError(message)
        if (self.target is not None) != (self.task == "classification"):
            message = "`target` and the task 'classification' go together: give both or none"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _networks_fit_the_task(self) -> "Study":
        known = NETWORKS.get(self.task, ())
        named = {name: rules.network.name for name, rules in self.models.items()}
        wrong = {name: network for name, network in named.items() if network not in known}
        if wrong:
            message = (
                f"no networks of the task {self.task!r}: {wrong}; there are {', '.join(known)}"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _controls_end_blindly(self) -> "Study":
        seeing = [
            name
            for name, rules in self.models.items()
            if rules.training.shuffled_labels
            and rules.network.name not in SIMPLE
            and (rules.training.keep != "last" or rules.training.patience is not None)
        ]
        if seeing:
            message = (
                f"{', '.join(seeing)}: `shuffled_labels` goes with `keep: last` and without "
                "`patience`; the true labels of the tuning cases would choose the epoch"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _curve_has_its_models(self) -> "Study":
        if self.curve is None:
            return self
        if self.task != "classification":
            message = f"`curve` is for the task 'classification', not {self.task!r}: remove it"
            raise ValueError(message)
        if unknown := sorted(set(self.curve.models) - set(self.all_models)):
            message = f"curve.models: {unknown} are no models of the study ({list(self.models)})"
            raise ValueError(message)
        return self

    @property
    def describes(self) -> bool:
        """Whether the study looks at the data alone: nothing is divided, trained or tested."""
        return self.task == "description"

    @property
    def datasets(self) -> tuple[str, ...]:
        """The study's dataset, then those that may share no patient with it."""
        return (self.dataset, *(() if self.split is None else self.split.apart_from))

    @property
    def fold_numbers(self) -> tuple[int, ...]:
        """Folds to train, counted from 0."""
        if self.split is None:
            return ()
        return tuple(range(self.split.folds if self.folds == "all" else 1))

    @property
    def origins(self) -> tuple[tuple[str, str], ...]:
        """Study and model that models of this one start from; each once, in their order."""
        starts = [rules.start_from for rules in self.models.values()]
        named = [(start.study, start.model) for start in starts if start is not None]
        return tuple(dict.fromkeys((s, m) for s, m in named if s is not None and m is not None))

    @property
    def explained_models(self) -> tuple[str, ...]:
        """Models to explain: the networks, where the study asks for it.

        What was trained on shuffled labels has learnt nothing that could be explained.
        """
        if self.explain is None:
            return ()
        return tuple(
            name
            for name, rules in self.models.items()
            if rules.network.name in CLASSIFIERS and not rules.training.shuffled_labels
        )

    @property
    def all_models(self) -> dict[str, ModelRules]:
        """The study's models and the trivial baseline that always stands beside them."""
        if self.describes:
            return {}
        baseline = NetworkRules.model_validate({"name": _BASELINES[self.task]})
        return {**self.models, BASELINE: ModelRules(network=baseline)}
