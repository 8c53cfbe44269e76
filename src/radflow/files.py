"""Whole files or none: everything radflow writes appears under its final name complete."""

import hashlib
import json
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

_BLOCK_BYTES = 1 << 20


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """Give a temporary path beside `path`; move it there when the block ends without an error.

    The temporary name ends like `path`, so that writers which go by the suffix work. After an
    error nothing is left behind and an older file at `path` is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".tmp-", suffix="-" + path.name, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    r"""Write `text` as UTF-8 with `\n` line ends."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, record: Any) -> None:
    """Write a record as sorted, indented JSON; NaN and infinity are refused (use None)."""
    write_text(path, json.dumps(record, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON record."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_tsv(path: Path, table: pd.DataFrame) -> None:
    """Write a table as TSV without index; missing values are empty, floats keep 9 digits."""
    text = table.to_csv(sep="\t", index=False, lineterminator="\n", float_format="%.9g")
    write_text(path, text)


def read_tsv(path: Path, strings: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a TSV table; columns in `strings` stay text (`001` is not 1), empty means missing."""
    return pd.read_csv(
        path,
        sep="\t",
        dtype=dict.fromkeys(strings, str),
        keep_default_na=False,
        na_values=[""],
    )


def sha256_file(path: Path) -> str:
    """Hash a file's bytes, read in blocks so that memory does not grow with its size."""
    return hash_file(path, "sha256")


def hash_file(path: Path, algorithm: str) -> str:
    """Hash a file's bytes with a named algorithm of `hashlib`."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def sha256_record(record: Any) -> str:
    """Hash a JSON-able record in its canonical form (sorted keys, no spaces)."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
