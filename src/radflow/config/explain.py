"""What is shown of how a classifier comes to its answers."""

from typing import Annotated, Literal

from pydantic import Field

from radflow.config.base import Section

Method = Literal["grad-cam", "occlusion"]
Share = Annotated[float, Field(gt=0, le=1)]


class OcclusionRules(Section):
    """A box slides over the view; what the answer loses is the map (Zeiler & Fergus 2014)."""

    box: Annotated[Share, Field(description="of each axis of the view, that the box covers")] = 0.2
    stride: Annotated[Share, Field(description="of each axis, from one box to the next")] = 0.1
    fill: Annotated[
        Literal["lowest", "mean"], Field(description="what stands in the box: of each channel")
    ] = "mean"
    measure: Annotated[
        Literal["logit", "probability"], Field(description="what of the class is compared")
    ] = "logit"


class ExplainRules(Section):
    """Explanations of a study's networks; they describe, and prove nothing."""

    part: Annotated[
        Literal["tuning", "test"], Field(description="whose cases; test only where it is open")
    ] = "tuning"
    cases: Annotated[
        int, Field(ge=1, description="per class, drawn by the seed; the pointing game counts them")
    ] = 20
    shown: Annotated[
        int, Field(ge=0, description="per class, the surest right and wrong ones, for the gallery")
    ] = 2
    methods: Annotated[tuple[Method, ...], Field(min_length=1, description="of maps")] = (
        "grad-cam",
        "occlusion",
    )
    stage: Annotated[
        str,
        Field(
            description="whose maps Grad-CAM weighs; empty: the last. An earlier one is finer, but "
            "knows less of the class"
        ),
    ] = ""
    occlusion: OcclusionRules = OcclusionRules()
    lesion_labels: Annotated[
        tuple[Annotated[int, Field(ge=1, le=255)], ...],
        Field(description="label values that are lesions; empty: all above 0"),
    ] = ()
    features: Annotated[
        int, Field(ge=4, description="most cases of t-SNE and PCA, drawn by the seed")
    ] = 300
    perplexity: Annotated[
        float, Field(gt=1, description="of t-SNE; lowered to a third of the cases")
    ] = 30.0
    units: Annotated[int, Field(ge=1, le=16, description="per stage, those that vary most")] = 4
    patches: Annotated[int, Field(ge=1, le=16, description="per unit, each of another case")] = 5
    randomised: Annotated[
        int, Field(ge=1, description="cases of the check with randomised weights")
    ] = 8
    seed: Annotated[int, Field(ge=0, description="keys all that is drawn")] = 0
