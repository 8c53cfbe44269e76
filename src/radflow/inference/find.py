"""What a user hands in: images, folders of them or with a file per channel; and its refusal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from radflow.datasets.checks.file import stem
from radflow.datasets.checks.finding import Finding, refusals
from radflow.datasets.picture import PICTURE_SUFFIXES
from radflow.errors import ImageError

NIFTI = (".nii.gz", ".nii")
PICTURES = tuple(suffix for suffixes in PICTURE_SUFFIXES.values() for suffix in suffixes)


@dataclass(frozen=True)
class Found:
    """An examination to look at: where the user put it, and one file per channel."""

    path: Path
    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        """Name for its results: the folder's, or the file's without suffix."""
        return self.path.resolve().name if self.path.is_dir() else stem(self.path)


def find(paths: Iterable[Path], channels: Sequence[str], *, pictures: bool = False) -> list[Found]:
    """List what a model of `channels` is to look at: see `find_images` and `find_examinations`."""
    if len(channels) > 1:
        return find_examinations(paths, channels, pictures=pictures)
    return [Found(path, (path,)) for path in find_images(paths, pictures=pictures)]


def find_images(paths: Iterable[Path], *, pictures: bool = False) -> list[Path]:
    """List the files that `paths` name, folders opened (not their subfolders).

    Parameters
    ----------
    paths
        NIfTI files, and folders of them.
    pictures
        Whether PNG, JPEG and TIFF are images, too.

    Raises
    ------
    ImageError
        Listing every path that does not exist, is no such file, or holds none.
    """
    suffixes = _suffixes(pictures)
    wanted = f"*.nii or *.nii.gz{', PNG, JPEG or TIFF' if pictures else ''}"
    found: list[Path] = []
    problems: list[str] = []
    for path in paths:
        if path.is_dir():
            inside = _inside(path, suffixes)
            found += inside
            if not inside:
                problems.append(f"{path}: no {wanted} in this folder")
        elif not path.exists():
            problems.append(f"{path}: no such file or folder")
        elif not _is_image(path, suffixes):
            problems.append(f"{path}: not named {wanted}")
        else:
            found.append(path)
    _refuse(problems)
    return list(dict.fromkeys(found))


def find_examinations(
    paths: Iterable[Path], channels: Sequence[str], *, pictures: bool = False
) -> list[Found]:
    """List examinations of several channels: folders with one file for each.

    The file of the channel ``T1w`` is named ``T1w`` or ends in ``_T1w``, in any case of letters,
    before its suffix: ``T1w.nii.gz``, ``sub-01_T1w.nii.gz``. Of two channels that fit a file it is
    that of the longer name: ``ce-gadolinium_T1w`` before ``T1w``. Other files are passed over.

    Parameters
    ----------
    paths
        Such folders, and folders of them.
    channels
        Names, in the order of the model's.
    pictures
        Whether PNG, JPEG and TIFF are images, too.

    Raises
    ------
    ImageError
        Listing every path that is no folder, and every folder with none or several files of a
        channel.
    """
    suffixes = _suffixes(pictures)
    found: list[Found] = []
    problems: list[str] = []
    for path in paths:
        if not path.is_dir():
            what = "is a file" if path.exists() else "does not exist"
            problems.append(f"{path} {what}: name a folder with {_wanted(channels)}")
            continue
        for folder in _folders(path, suffixes):
            files = _by_channel(folder, channels, suffixes)
            counts = [
                f"{len(each)} files of {channel}"
                for channel, each in zip(channels, files, strict=True)
                if len(each) != 1
            ]
            if counts:
                problems.append(f"{folder}: {', '.join(counts)}; it needs {_wanted(channels)}")
            else:
                found.append(Found(folder, tuple(each[0] for each in files)))
    _refuse(problems)
    return list(dict.fromkeys(found))


def refuse_findings(findings: Iterable[Finding]) -> None:
    """Refuse an image that the intake of a dataset would refuse.

    Raises
    ------
    ImageError
        Listing what was found, each with its rule.
    """
    if found := refusals(findings):
        message = "; ".join(f"{finding.message} [{finding.rule}]" for finding in found)
        raise ImageError(message)


def require_folder(output: Path) -> None:
    """Refuse to write results into what is a file.

    Raises
    ------
    ImageError
        Naming it.
    """
    if output.exists() and not output.is_dir():
        message = f"{output} is a file; --output names a folder"
        raise ImageError(message)


def _suffixes(pictures: bool) -> tuple[str, ...]:
    return (*NIFTI, *PICTURES) if pictures else NIFTI


def _folders(path: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Give the folder itself where it holds images, else its subfolders."""
    inside = sorted(item for item in path.iterdir() if item.is_dir() and item.name[0] != ".")
    return [path] if _inside(path, suffixes) or not inside else inside


def _by_channel(
    folder: Path, channels: Sequence[str], suffixes: tuple[str, ...]
) -> list[list[Path]]:
    """Give the files of each channel."""
    files: dict[str, list[Path]] = {channel: [] for channel in channels}
    for path in _inside(folder, suffixes):
        own = _stem(path).casefold()
        fitting = [
            channel
            for channel in channels
            if own == channel.casefold() or own.endswith(f"_{channel.casefold()}")
        ]
        if fitting:
            files[max(fitting, key=len)].append(path)
    return list(files.values())


def _stem(path: Path) -> str:
    return stem(path) if path.name.lower().endswith(NIFTI) else path.stem


def _inside(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    return sorted(item for item in folder.iterdir() if _is_image(item, suffixes))


def _is_image(path: Path, suffixes: tuple[str, ...]) -> bool:
    return path.name.lower().endswith(suffixes) and not path.name.startswith(".") and path.is_file()


def _wanted(channels: Sequence[str]) -> str:
    return f"one file for each channel, named {', '.join(f'*{name}.nii.gz' for name in channels)}"


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        message = "these are not images to look at:\n  " + "\n  ".join(problems)
        raise ImageError(message)
