"""The number that speaks for a class, before probabilities: what maps are the reason for."""

from torch import Tensor

from radflow.targets import Target


def class_score(logits: Tensor, place: int, target: Target) -> Tensor:
    """Give the evidence for one class, ``(b,)``, from logits ``(b, outputs)``.

    It is the logit of the class. An ordinal class has two: being beyond the step below it, less
    being beyond the step above it; the lowest and the highest class have only one of these.

    Parameters
    ----------
    logits
        Before softmax or sigmoid.
    place
        Of the class among the target's.
    target
        The classes.
    """
    if target.rules.kind != "ordinal":
        return logits[:, place]
    beyond = logits[:, place - 1] if place > 0 else logits.new_zeros(len(logits))
    return beyond - logits[:, place] if place < logits.shape[1] else beyond
