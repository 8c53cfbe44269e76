"""What is measured, and how sure it is."""

from typing import Annotated, Literal

from pydantic import Field

from radflow.config.base import Section


class EvaluationRules(Section):
    """Metrics of each case."""

    nsd_tolerance_mm: Annotated[
        float, Field(gt=0, description="surface distance that counts as agreement, mm")
    ] = 1.0
    test: Annotated[
        Literal["locked", "open"],
        Field(description="open: test cases are read, and the access goes to the ledger"),
    ] = "locked"


class CompareRules(Section):
    """Confidence intervals and paired comparisons."""

    bootstrap_samples: Annotated[int, Field(ge=1000, description="resamples of subjects")] = 10_000
    seed: Annotated[int, Field(ge=0, description="seed of the resampling")] = 0
    confidence: Annotated[float, Field(gt=0.5, lt=1, description="level of intervals")] = 0.95
