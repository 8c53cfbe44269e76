"""Views of a fold's training cases for training, each a pure function of its running number."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from radflow.patches.views import ViewCentres, ViewReader
from radflow.randomness import keyed_generator


class ViewSampler(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Draw views: image ``(inputs, *grid)``, code of the classes, the sample's number.

    Without balance every view comes once before any comes again, in an order keyed by the seed. In
    balance each code is as likely, then each case that has it, then each view of the case.

    Parameters
    ----------
    views
        Of the fold's training cases.
    reader
        Reads them.
    balanced
        Whether classes are drawn alike, however rare (the primer's answer to imbalance).
    seed
        Keys all draws, with the sample's number.
    shuffled
        Whether codes are permuted between cases, which takes away all there is to learn: among the
        cases of a code, the permuted codes are as frequent as among all (by about one case).
    """

    def __init__(
        self, views: ViewCentres, reader: ViewReader, *, balanced: bool, seed: int, shuffled: bool
    ) -> None:
        self._views, self._reader, self._seed = views, reader, seed
        self.codes = _shuffled(views, seed) if shuffled else views.codes
        self._groups = _groups(views.cases, self.codes) if balanced else None

    def __len__(self) -> int:
        return len(self._views)

    def __getitem__(self, sample: int) -> tuple[Tensor, Tensor, Tensor]:
        row = self._row(sample)
        image = self._reader.read(self._views.cases[row], self._views.centres[row].tolist())
        return torch.from_numpy(image), torch.tensor(int(self.codes[row])), torch.tensor(sample)

    def _row(self, sample: int) -> int:
        if self._groups is None:
            turn, place = divmod(sample, len(self._views))
            return int(_order(self._seed, turn, len(self._views))[place])
        rng = keyed_generator(self._seed, "view", sample)
        cases = self._groups[rng.integers(len(self._groups))]
        rows = cases[rng.integers(len(cases))]
        return int(rows[rng.integers(len(rows))])


def class_weights(codes: npt.NDArray[np.int64]) -> dict[int, float]:
    """Weigh codes by their rarity: the mean weight over the views is 1, each code's sum the same.

    Parameters
    ----------
    codes
        ``(n,)`` of the views of a fold's training cases.
    """
    values, counts = np.unique(codes, return_counts=True)
    weights = len(codes) / (len(values) * counts)
    return dict(zip(values.tolist(), weights.tolist(), strict=True))


@lru_cache(maxsize=2)
def _order(seed: int, turn: int, length: int) -> npt.NDArray[np.int64]:
    return keyed_generator(seed, "order", turn).permutation(length)


def _shuffled(views: ViewCentres, seed: int) -> npt.NDArray[np.int64]:
    """Permute codes between cases; the views of a case keep one code.

    A plain permutation of few cases ties true and permuted codes by chance, and a network learns
    the tie: of 40 tumours 13 may be called tumours, more than anything else. So cases are ranked
    by their true code, in random order within one, and each code is dealt evenly over the ranks.
    """
    code_of = dict(zip(views.cases, views.codes.tolist(), strict=True))
    rng = keyed_generator(seed, "shuffled labels")
    at_random = [sorted(code_of)[at] for at in rng.permutation(len(code_of)).tolist()]
    ranked = sorted(at_random, key=lambda case: code_of[case])
    codes, counts = np.unique(list(code_of.values()), return_counts=True)
    places = [(np.arange(count) + rng.random()) / count for count in counts.tolist()]
    dealt = codes.repeat(counts)[np.argsort(np.concatenate(places), kind="stable")]
    given = dict(zip(ranked, dealt.tolist(), strict=True))
    return np.array([given[case] for case in views.cases], np.int64)


def _groups(
    cases: Sequence[str], codes: npt.NDArray[np.int64]
) -> list[list[npt.NDArray[np.int64]]]:
    """Give the rows of each case of each code."""
    rows_of: dict[int, dict[str, list[int]]] = {}
    for row, (case, code) in enumerate(zip(cases, codes.tolist(), strict=True)):
        rows_of.setdefault(code, {}).setdefault(case, []).append(row)
    return [
        [np.array(rows, np.int64) for rows in of_case.values()]
        for _, of_case in sorted(rows_of.items())
    ]
