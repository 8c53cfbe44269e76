"""What a classification's networks are, what they see, and what is measured of them."""

from collections.abc import Iterator

from radflow.config.classification import InputRules, TargetRules
from radflow.config.foreign import unused_by
from radflow.report.classification.answers import ClassifiedStudy
from radflow.report.inputs import BASELINE
from radflow.report.methods import Network
from radflow.report.names import sentence

_HE = (
    "He et al. 2015",
    "convolutions normal, fan-in, drawn from the training's seed; last layer normal, biases 0",
)
_LOSS = (
    "cross-entropy",
    "of the softmax over classes; of several classes at once, or classes in order, the mean of the "
    "binary cross-entropies",
)
_SHORT = frozenset({"auc", "ece", "nll", "npv", "ppv"})
_FEATURES = "features of the image that are computed, not learnt (mean, spread, histogram, ...)"


def _network(name: str, about: str) -> Network:
    return Network(
        about=f"{about}; features pooled over the image, dropout, one linear layer",
        initialisation=_HE,
        loss=_LOSS,
        ignores=unused_by(name),
    )


def _simple(name: str, about: str, *, initialisation: str, loss: tuple[str, str]) -> Network:
    return Network(
        about=about,
        initialisation=("none", initialisation),
        loss=loss,
        trained=False,
        ignores=unused_by(name) | {"grid"},
    )


NETWORKS = {
    "cnn": _network(
        "cnn",
        "plain network: at each level two convolutions with normalisation and ReLU, halved by "
        "pooling between levels",
    ),
    "resnet": _network(
        "resnet",
        "residual network (MONAI): four stages of blocks whose input is added to their output",
    ),
    "densenet": _network(
        "densenet",
        "DenseNet (MONAI): each layer sees the features of all layers of its block",
    ),
    "efficientnet": _network(
        "efficientnet",
        "EfficientNet (MONAI): depth, width and resolution scaled together",
    ),
    "majority": _simple(
        "majority",
        "Trivial baseline: the frequencies of the training cases' classes, for every case the "
        "same. It looks at no image, so whatever a model gains over it comes from the image.",
        initialisation="nothing is optimised",
        loss=("none", "how often each class is among the training cases"),
    ),
    "logistic": _simple(
        "logistic",
        f"Logistic regression on {_FEATURES}; no network",
        initialisation="the optimum is unique",
        loss=("cross-entropy", "with a penalty on the size of the weights"),
    ),
    "forest": _simple(
        "forest",
        f"Random forest on {_FEATURES}; no network",
        initialisation="trees are drawn from the training's seed",
        loss=("impurity", "of the classes in each branch"),
    ),
}
_BALANCED = {
    False: "Mean over classes of the share of their cases answered right.",
    True: "Mean over classes of the mean of two shares answered right: of the cases with the class "
    "and of those without it.",
}
SELECTION = "tuning negative log-likelihood"

_KINDS = {
    "binary": "one class or the other",
    "multi-class": "one of several classes",
    "multi-label": "several classes at once, or none",
    "ordinal": "one of several classes in rising order",
}
_VIEWS = {
    "whole": "the whole image at once",
    "slices": "slices one by one, answers averaged over the case",
    "neighbours": "slices with those beside them as channels, answers averaged over the case",
    "planes": "three orthogonal planes as channels",
}
_AXES = ("left-right", "posterior-anterior", "inferior-superior")
_CENTRES = {"image": "of the image", "lesion": "of the marked or outlined lesions"}


def kind_in_words(rules: TargetRules) -> str:
    """Say what a case's answer is."""
    return f"{rules.kind} of {len(rules.classes)}: {_KINDS[rules.kind]}"


def view_lines(view: InputRules) -> Iterator[tuple[str, str, str]]:
    """Yield what the network sees of a case: what, value, meaning."""
    yield "input", view.view, _VIEWS[view.view]
    if view.view in {"slices", "neighbours"}:
        yield "axis of slices", _AXES[view.axis], "RAS axis across which slices are cut"
        yield "every", str(view.every), "slices: every n-th is taken"
    if view.view == "neighbours":
        yield "beside", str(view.beside), "slices on either side"
    yield "centre", view.region, _CENTRES[view.region]


def definitions(data: ClassifiedStudy) -> Iterator[tuple[str, str]]:
    """Yield each metric in words: name, definition; then how it was computed, as recorded."""
    rules = data.inputs.target
    yield (
        "Accuracy",
        "Share of cases that are answered right. "
        + (
            "A case is right where all its classes are, each answered beyond a probability of half."
            if data.target.several
            else "The answer is the likeliest class."
        ),
    )
    yield "Balanced accuracy", _BALANCED[data.target.several]
    if len(rules.classes) > 2 and not data.target.several:
        yield "Top-k", "Share of cases whose class is among the k likeliest."
    yield (
        "AUC",
        "Area under the ROC curve of a class against the others: how likely a case with the class "
        "gets a higher probability than one without. 0.5 is chance. Overall: mean over classes.",
    )
    yield (
        "Sensitivity, specificity, PPV, NPV",
        "Of a class against the others, where its probability reaches the operating point: shares "
        "of cases with the class found, of cases without it spared, of calls that are right, and "
        "of silences that are right.",
    )
    yield (
        "Kappa",
        "Agreement with the reference beyond chance (Cohen)"
        + (", with quadratic weights of the distance" if rules.kind == "ordinal" else "")
        + ". 0 is chance, 1 perfect.",
    )
    yield (
        "NLL and Brier score",
        "How far probabilities are from the truth: negative log-likelihood in nats, and squared "
        "distance. Lower is better; both reward probabilities that mean what they say.",
    )
    yield (
        "ECE",
        "Expected calibration error: mean gap between a probability and the share of answers that "
        "are right at it, in bins. It depends on the bins, so it stands beside the scores above.",
    )


def uncertainty(data: ClassifiedStudy) -> tuple[str, ...]:
    """Say how intervals and tests were made, and which number is the primary one."""
    level, samples = data.metrics["confidence"], data.metrics["bootstrap_samples"]
    return (
        f"Intervals hold {level:.0%}; where they are by resampling of subjects, {samples:,} "
        f"resamples, seed {data.inputs.compare.seed}.",
        f"Models are compared with each other and with {BASELINE}, paired on the same cases: the "
        "difference with its interval first, p values after it, corrected by Holm's method.",
        "The primary endpoint is accuracy, with the mean AUC beside it; everything else is "
        "secondary.",
    )


def how_computed(data: ClassifiedStudy) -> tuple[tuple[str, str], ...]:
    """Give what the record of metrics says of each kind of number: name, sentence."""
    return tuple(
        (_spoken(name), str(text)) for name, text in sorted(data.metrics["methods"].items())
    )


def _spoken(name: str) -> str:
    words = name.replace("_", " ").replace(",", " ,").split()
    return sentence(" ".join(w.upper() if w in _SHORT else w for w in words).replace(" ,", ","))
