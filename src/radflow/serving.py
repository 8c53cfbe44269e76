"""A trained model behind MLflow's scoring interface, as *models from code*.

MLflow runs this file when it loads a registered model; the artifacts beside it are safetensors and
JSON, so no pickle is needed. Try it with ``mlflow models serve -m models:/NAME@champion
--env-manager local`` and POST ``{"inputs": [[[[...]]]]}`` to ``/invocations``.
"""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import numpy.typing as npt

from radflow.errors import ModelError
from radflow.imaging.normalise import Floats
from radflow.inference.model import LoadedModel, load_model
from radflow.inference.one_case import require_channels


class ServedModel(mlflow.pyfunc.PythonModel):
    """All folds of one model, averaged."""

    # The model's signature says what an array must be. MLflow would read a hint of `model_input` as
    # that of one row, and warn where there is none.
    _skip_type_hint_validation = True
    _model: LoadedModel | None = None

    def load_context(self, context: Any) -> None:
        """Load the folds from the artifact ``model``."""
        self._model = load_model(Path(context.artifacts["model"]))

    def predict(self, context: Any, model_input, params: Any = None) -> Any:  # type: ignore[reportMissingParameterType]
        """Label volumes of one channel.

        Parameters
        ----------
        context, params
            Not used.
        model_input
            ``(n, i, j, k)`` float32: raw intensities on a RAS+ grid of the plan's spacing. Where
            the plan has windows of CT they are cut after the caller's resampling, in training
            before it: of scans with another spacing `radflow predict` is the exact way.

        Returns
        -------
        ndarray
            ``(n, i, j, k)`` uint8 label values on the same grid.

        Raises
        ------
        ModelError
            If the array has other axes, or the model takes several channels.
        ImageError
            If the plan standardises volumes, and one is constant or not finite.
        """
        del context, params
        if self._model is None:
            message = "the model is not loaded; MLflow calls load_context first"
            raise ModelError(message)
        volumes = np.asarray(model_input, np.float32)
        if volumes.ndim != 4:
            message = f"expected raw intensities (n, i, j, k), got the shape {volumes.shape}"
            raise ModelError(message)
        labels = [self._label(self._model, volume, n) for n, volume in enumerate(volumes)]
        return np.asarray(labels, np.uint8).reshape(volumes.shape)

    @staticmethod
    def _label(model: LoadedModel, volume: Floats, number: int) -> npt.NDArray[np.intp]:
        card, name = model.card, f"volume {number}"
        require_channels(card.name, card.channels, 1, case=name)
        image = card.plan.intensities(volume[None], case=name)
        return model.probabilities(image).argmax(0)


mlflow.models.set_model(ServedModel())
