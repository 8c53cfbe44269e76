"""Where the weights of a model start from, and the learning curve that shows what it gains."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from radflow.config.base import Section

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class StartRules(Section):
    """Weights to start from: of another study's model, of a file, or of a torchvision file."""

    study: Annotated[
        str | None, Field(min_length=1, description="another study, trained before this one")
    ] = None
    model: Annotated[str | None, Field(min_length=1, description="of that study")] = None
    file: Annotated[
        str | None, Field(min_length=1, description="safetensors with the names of our layers")
    ] = None
    torchvision: Annotated[
        str | None,
        Field(
            min_length=1,
            description="file of torchvision's resnet 18, 34, 50 or densenet 121 (.safetensors, "
            ".pth): you fetch it",
        ),
    ] = None
    sha256: Annotated[Sha256 | None, Field(description="of file or torchvision: required")] = None
    freeze: Annotated[
        Literal["none", "all-but-last"] | tuple[str, ...],
        Field(description="stages that keep their weights; all-but-last: all but the last layer"),
    ] = "none"
    thaw_at: Annotated[
        float | None,
        Field(gt=0, lt=1, description="share of the budget after which they learn, too"),
    ] = None
    thawed_rate: Annotated[
        float, Field(gt=0, le=1, description="factor of the learning rate of thawed stages")
    ] = 0.1

    @model_validator(mode="after")
    def _names_one_source(self) -> "StartRules":
        given = [key for key in ("study", "file", "torchvision") if getattr(self, key) is not None]
        if len(given) != 1 or (self.study is None) != (self.model is None):
            message = (
                "name exactly one source: study with model, file with sha256, or torchvision with "
                f"sha256; got {given or 'none'}"
            )
            raise ValueError(message)
        if (self.study is None) != (self.sha256 is not None):
            message = (
                "remove sha256: the weights of a study carry their own"
                if self.study
                else f"give sha256, of the bytes of {given[0]}: it says which weights are meant"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _thaws_what_is_frozen(self) -> "StartRules":
        if self.thaw_at is not None and self.freeze in {"none", ()}:
            message = f"thaw_at {self.thaw_at:g} thaws nothing: `freeze` names no stage"
            raise ValueError(message)
        return self


class CurveRules(Section):
    """Learning curve: models trained on more and more cases of the first fold, tuned as ever."""

    models: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="of the study; the others are held against the first"),
    ]
    sizes: Annotated[
        tuple[Annotated[int, Field(ge=2)], ...],
        Field(min_length=1, description="training cases, rising; each holds the one before"),
    ] = (20, 40, 80)
    seeds: Annotated[int, Field(ge=2, le=100, description="trainings of each model and size")] = 5
    compare_at: Annotated[int, Field(ge=2, description="the size of the paired test")] = 40

    @model_validator(mode="after")
    def _sizes_rise(self) -> "CurveRules":
        if list(self.sizes) != sorted(set(self.sizes)):
            message = f"sizes {list(self.sizes)} must rise, none twice"
            raise ValueError(message)
        if self.compare_at not in self.sizes:
            message = f"compare_at {self.compare_at} must be one of the sizes {list(self.sizes)}"
            raise ValueError(message)
        if len(set(self.models)) < len(self.models):
            message = f"models {list(self.models)}: name each once"
            raise ValueError(message)
        return self
