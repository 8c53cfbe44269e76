"""What a segmentation's networks are, and what is measured of them."""

from radflow.config.foreign import unused_by
from radflow.evaluation.empties import DIAGONAL, EMPTY_MEANING, EMPTY_VALUES
from radflow.report.inputs import BASELINE
from radflow.report.methods import Network
from radflow.report.numbers import METRICS, number
from radflow.report.segmentation.scores import SegmentedStudy
from radflow.report.tables import Table, table

NETWORKS = {
    "unet": Network(
        about="3D U-Net: two convolutions a level in the encoder (strided between levels); "
        "instance normalisation, leaky ReLU. Deep supervision: each resolution but the coarsest "
        "is compared with the reference.",
        initialisation=(
            "He et al. 2015",
            "normal, fan-in, drawn from the training's seed; biases 0",
        ),
        loss=(
            "Dice + cross-entropy",
            "cross-entropy over all classes plus 1 minus soft Dice of the target classes, per "
            "patch; resolutions weighted 1, 1/2, 1/4, ..., normalised",
        ),
        ignores=unused_by("unet"),
    ),
    "mean_shape": Network(
        about="Trivial baseline: the mean label map of the training cases, centred on the image. "
        "It looks at no intensity, so whatever a model gains over it comes from the image.",
        initialisation=("none", "nothing is optimised"),
        loss=("none", "relative frequency of each class at each voxel"),
        trained=False,
    ),
}
SELECTION = "mean tuning Dice"


def definitions(data: SegmentedStudy) -> tuple[tuple[str, str], ...]:
    """Define each metric in words: name, definition."""
    tolerance = f"{data.inputs.evaluation.nsd_tolerance_mm:g} mm"
    return (
        (
            "Dice",
            "Twice the voxels that both outlines share, over the voxels of one plus those of the "
            "other. 1 is perfect, 0 no overlap.",
        ),
        (
            f"NSD (normalised surface Dice) at {tolerance}",
            f"Share of the boundary voxels of both outlines that lie within {tolerance} of the "
            "other outline's boundary. A boundary voxel has a face neighbour outside the "
            "structure; every boundary voxel has the same weight.",
        ),
        (
            "HD95",
            "95th percentile of the distances from one boundary to the other, in mm; the larger "
            "of the two directions.",
        ),
        ("ASSD", "Mean of the distances of all boundary voxels to the other boundary, in mm."),
        ("Volume error", "Predicted minus reference volume, in ml."),
    )


def empties_rule_table() -> Table:
    """Show the declared values of each metric where a mask is empty."""
    metrics = list(next(iter(EMPTY_VALUES.values())))
    names = {metric.key: metric.name for metric in METRICS}
    return table(
        "What a metric is worth where a mask is empty",
        ("Empty", "Meaning", *(names[key] for key in metrics)),
        [
            (
                kind,
                EMPTY_MEANING[kind],
                *(_empty(values[key]) for key in metrics),
            )
            for kind, values in EMPTY_VALUES.items()
        ],
        numeric=range(2, 2 + len(metrics)),
        note="diagonal: the diagonal of the image's field of view, in mm.",
    )


def uncertainty(data: SegmentedStudy) -> tuple[str, ...]:
    """Say how intervals and tests were made."""
    methods = data.metrics.get("methods", {})
    level, samples = data.metrics["confidence"], data.metrics["bootstrap_samples"]
    how = methods.get("interval", "bootstrap of the mean over cases, resampling subjects")
    test = methods.get("paired_test", "paired over subjects, corrected by Holm's method")
    return (
        f"Intervals of {level:.0%}: {how}. {samples:,} resamples, seed {data.inputs.compare.seed}.",
        f"Comparisons with {BASELINE}: paired on the same cases, the difference with its interval "
        f"first; p values: {test}.",
        "Metrics are computed per case and class in the native space of the source image, then "
        "averaged over cases; the mean over classes is taken within each case first.",
        "The primary endpoint is the mean Dice over classes; everything else is secondary.",
    )


def _empty(value: float | str) -> str:
    return value if isinstance(value, str) and value == DIAGONAL else number(float(value), 0)
