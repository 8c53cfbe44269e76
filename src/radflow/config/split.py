"""How subjects are divided."""

from typing import Annotated, Literal

from pydantic import Field

from radflow.config.base import Section


class SplitRules(Section):
    """How subjects are divided into a locked test part and folds."""

    key: Annotated[str, Field(min_length=1, description="key of the hash of subject ids")]
    test_share: Annotated[
        float, Field(gt=0, lt=0.9, description="expected share of subjects in the test part")
    ] = 0.15
    folds: Annotated[int, Field(ge=2, le=20, description="folds of the development part")] = 5
    column: Annotated[
        str | None,
        Field(description="covariate whose values are fixed parts; None: a keyed hash decides"),
    ] = None
    test_values: Annotated[
        tuple[str, ...], Field(description="values of `column` that are the test part")
    ] = ()
    similar_images: Annotated[
        Literal["refuse", "accept"],
        Field(description="accept: near-duplicates in different parts are told, and count as leak"),
    ] = "refuse"
    apart_from: Annotated[
        tuple[str, ...],
        Field(description="datasets that may share no patient: pretraining, external test"),
    ] = ()
