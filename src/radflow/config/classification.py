"""What a classification predicts of a case, and what of the case the network sees."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from radflow.config.base import Section

Kind = Literal["binary", "multi-class", "multi-label", "ordinal"]
View = Literal["whole", "slices", "neighbours", "planes"]

CASE_CLASS = "target"
"""Stands for the class of a case as `cases.tsv` holds it (`targets` of the card)."""

_MOST_LABELS = 31


class TargetRules(Section):
    """The classes, and where the table of cases tells them."""

    column: Annotated[
        str, Field(min_length=1, description="target: the card's classes; else a covariate")
    ] = CASE_CLASS
    kind: Annotated[Kind, Field(description="ordinal: classes in rising order")] = "multi-class"
    classes: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="names as in the table; binary: the negative first"),
    ]
    separator: Annotated[
        str, Field(min_length=1, description="between the classes of one case (multi-label)")
    ] = ";"
    others: Annotated[
        Literal["refuse", "leave-out"], Field(description="cases with another value, or none")
    ] = "refuse"

    @model_validator(mode="after")
    def _classes_fit(self) -> "TargetRules":
        least = 1 if self.kind == "multi-label" else 2
        if len(set(self.classes)) < len(self.classes) or "" in self.classes:
            message = f"classes {list(self.classes)}: each needs a name of its own"
            raise ValueError(message)
        if len(self.classes) < least or (self.kind == "binary" and len(self.classes) != 2):
            wanted = "exactly 2" if self.kind == "binary" else f"at least {least}"
            message = f"{self.kind} needs {wanted} classes, got {list(self.classes)}"
            raise ValueError(message)
        if self.kind == "multi-label" and len(self.classes) > _MOST_LABELS:
            message = (
                f"multi-label takes at most {_MOST_LABELS} classes (a bit each in the index of "
                f"patches), got {len(self.classes)}: leave rare ones out, or join them"
            )
            raise ValueError(message)
        return self


class InputRules(Section):
    """What of a case the network sees; its size is `plan.patch_size`, at `plan.spacing_mm`."""

    view: Annotated[
        View,
        Field(
            description="whole: the volume or 2D image; slices: one by one, answers averaged over "
            "the case; neighbours: slices with those beside them as channels; planes: three "
            "orthogonal ones as channels"
        ),
    ] = "whole"
    axis: Annotated[Literal[0, 1, 2], Field(description="RAS axis across which slices are cut")] = 2
    beside: Annotated[int, Field(ge=1, le=8, description="neighbours: slices on either side")] = 1
    every: Annotated[int, Field(ge=1, description="slices, neighbours: take every n-th")] = 1
    region: Annotated[
        Literal["image", "lesion"],
        Field(description="centre: of the image, or of the marked or outlined lesions"),
    ] = "image"
