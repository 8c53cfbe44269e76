"""The project: which studies run."""

from typing import Annotated

from pydantic import Field, model_validator

from radflow.config.base import Section


class Project(Section):
    """Which studies run, and where archives may lie on this machine: `config/config.yaml`."""

    studies: Annotated[tuple[str, ...], Field(description="names of studies")]
    datasets: Annotated[
        tuple[str, ...], Field(description="datasets to take in beside those of the studies")
    ] = ()
    mirror: Annotated[
        str | None,
        Field(description="folder of archives; the variable RADFLOW_MIRROR comes first"),
    ] = None

    @model_validator(mode="after")
    def _names_something(self) -> "Project":
        if not self.studies and not self.datasets:
            message = "neither `studies` nor `datasets` names anything: name a study"
            raise ValueError(message)
        return self
