"""The project: which studies run."""

from typing import Annotated

from pydantic import Field

from radflow.config.base import Section


class Project(Section):
    """Which studies run, and where archives may lie on this machine: `config/config.yaml`."""

    studies: Annotated[tuple[str, ...], Field(min_length=1, description="names of studies")]
    mirror: Annotated[
        str | None,
        Field(description="folder of archives; the variable RADFLOW_MIRROR comes first"),
    ] = None
