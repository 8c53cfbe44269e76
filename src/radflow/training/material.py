"""What every classifier of a fold is fitted to and tuned on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from radflow.config.training import SIMPLE
from radflow.errors import TrainingError
from radflow.imaging.normalise import Intensity
from radflow.inference.classifier import case_logits
from radflow.inference.precision import autocast_dtype, best_device
from radflow.patches.index import COLUMNS, read_index
from radflow.patches.store import ShardSet
from radflow.patches.tuning_views import TuningViews
from radflow.patches.view_sampler import ViewSampler
from radflow.patches.views import ViewCentres, ViewReader, Voxel, view_shape
from radflow.targets import Target
from radflow.tasks.answers import outputs_of
from radflow.training.job import Job

_BODY_HU = -500.0  # above it is the body, below air


@dataclass(frozen=True)
class Material:
    """What every classifier of a fold is fitted to and tuned on."""

    job: Job

    @cached_property
    def target(self) -> Target:
        """The classes."""
        rules = self.job.settings.target
        if rules is None:
            message = "a classification needs `target`: which classes"
            raise TrainingError(message)
        return Target(rules)

    @cached_property
    def shards(self) -> ShardSet:
        """Preprocessed development cases."""
        return ShardSet(self.job.inputs.shards)

    @cached_property
    def views(self) -> ViewCentres:
        """Views of the training cases."""
        return ViewCentres(read_index(self.job.inputs.index), self.job.training)

    @cached_property
    def intensity(self) -> Intensity | None:
        """CT intensities, fitted on the body in the training cases.

        None where nothing is fitted: MR is standardised already, windows of CT are on their scale.
        """
        if not self.job.plan.fits_intensity:
            return None
        read = self.shards.image
        return Intensity.fit(
            self.job.training,
            lambda case: ((image := read(case)), (image[0] > _BODY_HU).astype("uint8")),
        )

    @cached_property
    def reader(self) -> ViewReader:
        """Reads views as the network sees them."""
        settings, plan = self.job.settings, self.job.plan
        return ViewReader(self.shards, settings.view, plan.patch_size, intensity=self.intensity)

    @cached_property
    def network(self) -> dict[str, Any]:
        """What the network is built from."""
        settings, plan = self.job.settings, self.job.plan
        channels = len(self.job.image_channels)
        inputs, grid = view_shape(settings.view, plan.patch_size, channels=channels)
        mirrored = settings.rules.augmentation.mirror_axes
        if max(mirrored, default=0) >= len(grid):
            message = (
                f"models.{settings.model}.augmentation.mirror_axes: {list(mirrored)} must be axes "
                f"of the view, 0 to {len(grid) - 1}"
            )
            raise TrainingError(message)
        return {
            **settings.rules.network.model_dump(mode="json"),
            "inputs": inputs,
            "outputs": outputs_of(self.target),
            "dimensions": len(grid),
            "grid": list(grid),
        }

    @property
    def mirror_axes(self) -> tuple[int, ...]:
        """Axes along which mirrored views are answered, too: those of the training's mirroring."""
        rules = self.job.settings.rules
        return () if rules.network.name in SIMPLE else rules.augmentation.mirror_axes

    @cached_property
    def sampler(self) -> ViewSampler:
        """Draws views of the training cases."""
        rules = self.job.settings.rules.training
        return ViewSampler(
            self.views,
            self.reader,
            balanced=rules.balance == "sampling",
            seed=rules.seed,
            shuffled=rules.shuffled_labels,
        )

    def answers_as(self, card: Mapping[str, Any]) -> bool:
        """Tell of a ``model.json`` whether its last layer answers the same question."""
        other: Mapping[str, Any] = card.get("target") or {}
        own = self.target.rules.model_dump(mode="json")
        return all(other.get(key) == own[key] for key in ("kind", "classes"))

    @cached_property
    def tuning(self) -> TuningViews:
        """Views of the tuning cases, case after case."""
        names = [case.case for case in self.job.tuning]
        index = read_index(self.job.inputs.index)
        own = pd.DataFrame(index[index["case"].isin(names)]).sort_values(by=list(COLUMNS))
        missing = sorted(set(names) - set(own["case"]))
        if missing or not names:
            message = (
                f"fold {self.job.settings.fold} has {len(names)} tuning cases, {len(missing)} of "
                f"them without a view in the patch index ({', '.join(missing[:1])}): run the rule "
                "patches again, or choose another split"
            )
            raise TrainingError(message)
        rows = own[["case", "i", "j", "k", "label"]].itertuples(index=False, name=None)
        return TuningViews(self.reader, [(c, (i, j, k), code) for c, i, j, k, code in rows])

    def tuning_logits(self, network: nn.Module) -> list[Tensor]:
        """Answer the tuning cases as prediction answers.

        Parameters
        ----------
        network
            In evaluation mode.

        Returns
        -------
        list of Tensor
            Logits ``(views, outputs)`` of each case, in the order of `tuning.cases`.
        """
        device = best_device()  # the trainer hands the network back on the CPU
        network = network.to(device)
        centres_of: dict[str, list[Voxel]] = {case: [] for case in self.tuning.cases}
        for case, centre, _ in self.tuning.rows:
            centres_of[case].append(centre)
        return [
            case_logits(
                network,
                [torch.from_numpy(self.reader.read(case, centre)) for centre in centres],
                mirror_axes=self.mirror_axes,
                device=device,
                dtype=autocast_dtype(device, self.job.settings.rules.training.precision),
            ).cpu()
            for case, centres in centres_of.items()
        ]
