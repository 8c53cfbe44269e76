"""All views of a fold's tuning cases, each once."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.data import Dataset

from radflow.patches.views import ViewReader, Voxel


class TuningViews(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Views of tuning cases: image ``(inputs, *grid)``, code, number of the case.

    Parameters
    ----------
    reader
        Reads them.
    rows
        Case, centre and code of each view, case after case.
    """

    def __init__(self, reader: ViewReader, rows: Sequence[tuple[str, Voxel, int]]) -> None:
        self._reader, self.rows = reader, rows
        self.cases = sorted({row[0] for row in rows})
        self._numbers = {case: number for number, case in enumerate(self.cases)}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor, Tensor]:
        case, centre, code = self.rows[number]
        image = torch.from_numpy(self._reader.read(case, centre))
        return image, torch.tensor(code), torch.tensor(self._numbers[case])

    @property
    def codes(self) -> list[int]:
        """Code of each of `cases`."""
        found = {case: code for case, _, code in self.rows}
        return [found[case] for case in self.cases]
