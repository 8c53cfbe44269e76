"""The base of every configuration model."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A frozen part of a configuration file; unknown keys are refused.

    Sections know nothing of the files they come from. A step of the workflow imports only the
    sections it is given, so a change to another section's code does not rerun it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
