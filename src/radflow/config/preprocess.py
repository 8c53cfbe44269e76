"""How cases become arrays, and where patches are centred."""

from typing import Annotated

from pydantic import Field

from radflow.config.base import Section
from radflow.imaging.windows import Window


class PlanRules(Section):
    """What the plan may decide, and what the study fixes; None lets the plan decide."""

    spacing_mm: Annotated[
        tuple[float, float, float] | None, Field(description="voxel size, mm, RAS axes")
    ] = None
    patch_size: Annotated[tuple[int, int, int] | None, Field(description="voxels, RAS axes")] = None
    batch_size: Annotated[int | None, Field(ge=1, description="patches per step")] = None
    windows_hu: Annotated[
        tuple[Window, ...] | None,
        Field(
            description="CT: each window becomes a channel, clipped before it is resampled, its "
            "bounds at -1 and 1; e.g. [[0, 80], [80, 600]] for brain and bone; null: CT stays in "
            "HU, and its scale is fitted on each fold's training cases"
        ),
    ] = None
    levels: Annotated[int | None, Field(ge=2, le=7, description="resolutions of the U-Net")] = None
    memory_megavoxels: Annotated[
        float, Field(gt=0, description="most patch voxels x batch, in 10^6: bounds memory")
    ] = 4.2


class PreprocessRules(Section):
    """How many files hold the preprocessed cases."""

    development_shards: Annotated[int, Field(ge=1, description="files of development cases")] = 4
    test_shards: Annotated[int, Field(ge=1, description="files of test cases")] = 1


class PatchRules(Section):
    """Where patches may be centred."""

    per_class: Annotated[
        int, Field(ge=1, description="centres per case and class, background included")
    ] = 64
    seed: Annotated[int, Field(ge=0, description="seed of the choice of centres")] = 0
