"""A trained classifier behind MLflow's scoring interface, as *models from code*.

As `radflow.serving`, for models that tell the classes of a case: POST ``{"inputs": [[[[[...]]]]]}``
to ``/invocations``.
"""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import numpy.typing as npt

from radflow.errors import ModelError
from radflow.imaging.geometry import Geometry, PreprocessedCase
from radflow.imaging.normalise import Floats
from radflow.inference.classifier import LoadedClassifier, load_classifier
from radflow.inference.one_case import answer_case, require_channels, require_usable


class ServedClassifier(mlflow.pyfunc.PythonModel):
    """All folds of one model, averaged."""

    # The model's signature says what an array must be. MLflow would read a hint of `model_input` as
    # that of one row, and warn where there is none.
    _skip_type_hint_validation = True
    _model: LoadedClassifier | None = None

    def load_context(self, context: Any) -> None:
        """Load the folds from the artifact ``model``."""
        self._model = load_classifier(Path(context.artifacts["model"]))

    def predict(self, context: Any, model_input, params: Any = None) -> Any:  # type: ignore[reportMissingParameterType]
        """Tell the classes of volumes, or of 2D images as volumes of one slice.

        Parameters
        ----------
        context, params
            Not used.
        model_input
            ``(n, c, i, j, k)`` float32: raw intensities on a RAS+ grid of the plan's spacing, the
            channels in the order of the model's. Where the plan has windows of CT they are cut
            after the caller's resampling, in training before it: of scans with another spacing
            `radflow predict` is the exact way.

        Returns
        -------
        ndarray
            ``(n, classes)`` float64: calibrated probabilities, in the order of the model's classes.

        Raises
        ------
        ModelError
            If the array has other axes or channels, or the model needs marks of lesions.
        ImageError
            If the plan standardises volumes, and one is constant or not finite.
        """
        del context, params
        if self._model is None:
            message = "the model is not loaded; MLflow calls load_context first"
            raise ModelError(message)
        require_usable(self._model.card)
        volumes = np.asarray(model_input, np.float32)
        if volumes.ndim != 5:
            message = f"expected raw intensities (n, c, i, j, k), got the shape {volumes.shape}"
            raise ModelError(message)
        answers = [self._answer(self._model, image, n) for n, image in enumerate(volumes)]
        return np.asarray(answers, np.float64).reshape(
            len(volumes), len(self._model.target.classes)
        )

    @staticmethod
    def _answer(model: LoadedClassifier, image: Floats, number: int) -> npt.NDArray[np.float64]:
        plan, name = model.card.plan, f"volume {number}"
        require_channels(model.card.name, model.card.channels, len(image), case=name)
        image = plan.intensities(image, case=name)
        i, j, k = image.shape[1:]
        grid = Geometry((i, j, k), np.diag([*plan.spacing_mm, 1.0]), plan.spacing_mm)
        return answer_case(model, PreprocessedCase(name, image, None, grid)).calibrated


mlflow.models.set_model(ServedClassifier())
