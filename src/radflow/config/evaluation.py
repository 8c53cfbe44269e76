"""What is measured, and how sure it is."""

from typing import Annotated, Literal

from pydantic import Field

from radflow.config.base import Section


class AnswerRules(Section):
    """Thresholds (chosen on tuning cases alone), prevalences and bins of a classification."""

    operating_point: Annotated[
        Literal["youden", "sensitivity", "specificity"],
        Field(
            description="threshold of each class: youden (most sensitivity + specificity), or the "
            "one that reaches `wanted` of sensitivity or specificity and has most of the other"
        ),
    ] = "youden"
    wanted: Annotated[
        float, Field(gt=0, le=1, description="least sensitivity or specificity; youden ignores it")
    ] = 0.9
    prevalence: Annotated[
        dict[str, Annotated[float, Field(gt=0, lt=1)]],
        Field(
            default_factory=dict,
            description="class: its share where the model is used, for PPV and NPV; without it the "
            "sample's",
        ),
    ]
    bins: Annotated[
        int, Field(ge=2, le=100, description="bins of equal width of the calibration error")
    ] = 10

    @property
    def rule(self) -> str:
        """Say in words how the threshold is chosen."""
        if self.operating_point == "youden":
            return "youden"
        return f"{self.operating_point} >= {self.wanted:g}"


class EvaluationRules(Section):
    """Metrics of each case."""

    nsd_tolerance_mm: Annotated[
        float, Field(gt=0, description="surface distance that counts as agreement, mm")
    ] = 1.0
    answers: Annotated[AnswerRules, Field(description="of a classification")] = AnswerRules(
        prevalence={}
    )
    test: Annotated[
        Literal["locked", "open"],
        Field(description="open: test cases are read, and the access goes to the ledger"),
    ] = "locked"


class CompareRules(Section):
    """Confidence intervals and paired comparisons."""

    bootstrap_samples: Annotated[int, Field(ge=1000, description="resamples of subjects")] = 10_000
    seed: Annotated[int, Field(ge=0, description="seed of the resampling")] = 0
    confidence: Annotated[float, Field(gt=0.5, lt=1, description="level of intervals")] = 0.95
