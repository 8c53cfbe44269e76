"""How the numbers of a classification are made, in sentences for the record and the report."""

from radflow.config.evaluation import AnswerRules
from radflow.targets import Target

INTERVAL = (
    "bootstrap over subjects with all their cases; BCa (Efron 1987), percentile where BCa is not "
    "estimable, stretched where it does not hold the estimate; Wilson 1927 over subjects where "
    "a share is 0 or 1 in every resample"
)
AUC = (
    "area under the ROC curve, one class against all others, ties count half; interval by DeLong "
    "1988 where each subject has one case, else bootstrap over subjects; overall the mean over "
    "classes (of two classes the positive one); folds are pooled, so that it counts where their "
    "levels differ: the baseline, which knows no more than its fold's level, may be below 0.5 there"
)
SHARES = "Wilson 1927 where each subject has one case, else bootstrap over subjects"
PAIRED_TEST = (
    "on the same cases, two-sided: AUC by DeLong 1988 (paired) and accuracy by McNemar's exact "
    "test where each subject has one case; else, for the mean AUC, and where DeLong's variance is "
    "0, by bootstrap of the difference over subjects; Holm 1979 over all comparisons of a part; "
    "with the AUC of the baseline over pooled folds nothing is compared"
)
MISSING = (
    "a case without a prediction counts as worst value: wrong, sure of it, and ranked behind all "
    "others; it is in no column of the table of confusions"
)


def methods_of(target: Target, points: AnswerRules) -> dict[str, str]:
    """Say how each kind of number was made."""
    return {
        "interval": INTERVAL,
        "auc": AUC,
        "average_precision": "mean of precision over the rises of recall, no interpolation",
        "operating_point": (
            f"threshold of the calibrated probability of each class by {points.rule}, chosen on "
            "tuning cases alone (so that numbers on those are optimistic), the same on test cases"
        ),
        "sensitivity, specificity, ppv, npv": SHARES,
        "prevalence": _prevalence(points),
        "accuracy": _accuracy(target),
        "kappa": _kappa(target),
        "brier": _brier(target),
        "nll": "negative log-likelihood in nats" + (", mean over classes" * target.several),
        "ece": _ece(target, points),
        "paired_test": PAIRED_TEST,
        "missing": MISSING,
    }


def _prevalence(points: AnswerRules) -> str:
    if not points.prevalence:
        return "PPV and NPV are those of the sample"
    stated = ", ".join(f"{name} {share:g}" for name, share in sorted(points.prevalence.items()))
    return f"PPV and NPV by Bayes' rule at a prevalence of {stated}; of other classes the sample's"


def _accuracy(target: Target) -> str:
    if target.several:
        return (
            "share of cases with all classes right, each answered beyond a probability of half; "
            "balanced: mean over classes of the mean of sensitivity and specificity there"
        )
    return "share of cases whose likeliest class is right; balanced: mean of that over classes"


def _kappa(target: Target) -> str:
    if target.several:
        return "Cohen 1960, mean over classes"
    weights = "quadratic weights (Cohen 1968)" if target.rules.kind == "ordinal" else "no weights"
    return f"Cohen 1960, {weights}"


def _brier(target: Target) -> str:
    if target.several:
        return "squared error of probabilities, mean over classes (0 to 1)"
    return "squared error of probabilities, sum over all classes (0 to 2)"


def _ece(target: Target, points: AnswerRules) -> str:
    what = "the probability of every class" if target.several else "that of the likeliest class"
    return f"mean gap of probability and share right in {points.bins} bins of equal width, {what}"
