"""The families of questions a study may ask."""

from typing import Literal

Task = Literal["segmentation", "classification", "description"]
