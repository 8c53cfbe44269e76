"""Full disks and forbidden folders, in words."""

import errno
import shutil
from pathlib import Path

_WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "writing is not permitted",
    errno.EPERM: "writing is not permitted",
}


def storage_problem(error: OSError, folder: Path) -> str | None:
    """Say why nothing can be written to `folder`; None when `error` is about something else."""
    words = _WORDS.get(error.errno or 0)
    if words is None:
        return None
    free = f"{shutil.disk_usage(folder).free / 1e9:.3g} GB are free" if folder.exists() else ""
    return (
        f"{folder}: {words}{f' ({free})' if free else ''}. Free space or give the right to "
        "write, then run again; nothing half-written has a final name"
    )
