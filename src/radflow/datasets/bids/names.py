"""Names of BIDS files: ``sub-01_ses-02_acq-highres_T1w.nii.gz`` is entities and a suffix.

Written for what archives hold, which is often less strict than the standard: suffixes in lower
case, values with other signs than letters and digits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

WHOSE = frozenset({"sub", "ses"})
"""Entities that say whose image it is, not which."""
_REPEAT = "run"


@dataclass(frozen=True)
class BidsName:
    """What a file's name says.

    Attributes
    ----------
    entities
        Key to value, e.g. ``{"sub": "01", "acq": "highres"}``.
    suffix
        The kind of image, e.g. ``T1w``.
    """

    entities: Mapping[str, str]
    suffix: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a name without its extension; None where it has not the form of BIDS."""
        *pairs, suffix = text.split("_")
        entities: dict[str, str] = {}
        for pair in pairs:
            key, _, value = pair.partition("-")
            if not key or not value or key in entities:
                return None
            entities[key] = value
        return cls(entities, suffix) if suffix and "-" not in suffix else None

    @property
    def subject(self) -> str:
        """Id of the subject, e.g. ``sub-01``; empty where the name has none."""
        return f"sub-{self.entities['sub']}" if "sub" in self.entities else ""

    @property
    def session(self) -> str:
        """Id of the session, e.g. ``ses-02``; empty where the name has none."""
        return f"ses-{self.entities['ses']}" if "ses" in self.entities else ""

    def applies_to(self, other: "BidsName") -> bool:
        """Say whether another name has this suffix and all these entities (inheritance)."""
        return self.suffix == other.suffix and self.entities.items() <= other.entities.items()


@dataclass(frozen=True)
class BidsFile:
    """A file of a subject.

    Attributes
    ----------
    path
        Where it lies.
    root
        The dataset it belongs to: the folder that holds ``sub-*``.
    session
        Id of its session, by folder or name; empty where there is none.
    name
        What its name says.
    """

    path: Path
    root: Path
    session: str
    name: BidsName


@dataclass(frozen=True)
class Pattern:
    """Which files the card means: ``T1w``, ``acq-highres_T1w`` or ``FOLDER/label-lesion_mask``.

    Attributes
    ----------
    text
        As the card has it.
    folder
        Name of the dataset's folder, e.g. of one pipeline in `derivatives`; empty: any.
    name
        Entities and suffix that a file's name must have.
    """

    text: str
    folder: str
    name: BidsName

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern of the card.

        Raises
        ------
        ValueError
            When it is none.
        """
        folder, _, ending = text.rpartition("/")
        name = BidsName.parse(ending)
        if name is None or "/" in folder or WHOSE & set(name.entities):
            message = (
                f"{text!r} is no suffix, with or without entities before it: write T1w, "
                "acq-highres_T1w or FOLDER/desc-lesion_mask, without sub- and ses-"
            )
            raise ValueError(message)
        return cls(text, folder, name)

    def pick(self, files: list[BidsFile]) -> list[BidsFile]:
        """Find the files that are meant; more than one where the pattern does not decide.

        A name with no entities but those of the pattern is taken before names with more, unless
        these are repeats of it (`run`).
        """
        fitting = [
            file
            for file in files
            if self.name.applies_to(file.name) and self.folder in ("", file.root.name)
        ]
        exact = [file for file in fitting if not self._further(file)]
        repeats = [file for file in fitting if self._further(file) == {_REPEAT}]
        return [*exact, *repeats] if exact else fitting

    def _further(self, file: BidsFile) -> set[str]:
        return set(file.name.entities) - set(self.name.entities) - WHOSE
