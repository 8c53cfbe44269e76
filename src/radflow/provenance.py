"""What made a result: the code that a step runs, the commit, and the bytes it read.

Snakemake sees only the script of a rule. Each rule therefore carries `code_version` of the modules
it calls, a hash over everything inside radflow that they import. Runs in the Snakefile, so it
imports nothing heavy and executes none of the code it hashes.
"""

import difflib
import hashlib
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from radflow.source import Source, read_source, remember_sources

_PACKAGE = "radflow"
_ROOT = Path(__file__).resolve().parent
_DIGITS = 12

LEFT_OUT = frozenset(
    {
        *("radflow.errors", "radflow.progress", "radflow.tracking"),
        *("radflow.provenance", "radflow.source"),
    }
)
"""Modules, with all below them, that can't change a result: they speak to people and to MLflow, or
tell versions."""


def code_version(*modules: str) -> str:
    """Hash what the named modules and everything they import inside radflow would do.

    Comments, formatting, docstrings, `description=` of configuration fields and `__version__` do
    not count, so that better wording or a release never retrains. Only import statements are
    followed (anywhere in a module, also inside functions), not names given to `importlib`.

    Parameters
    ----------
    modules
        Full names, e.g. ``"radflow.splits"``. A package stands for its `__init__.py` alone.

    Returns
    -------
    str
        12 hexadecimal digits, the same on every operating system and Python version.

    Raises
    ------
    ModuleNotFoundError
        When a name is no module of radflow.
    """
    digest = hashlib.sha256()
    for module in closure(*modules):
        digest.update(f"{module} {_source(module).digest}\n".encode())
    remember_sources()
    return digest.hexdigest()[:_DIGITS]


def closure(*modules: str) -> tuple[str, ...]:
    """List the named modules and all they import inside radflow, sorted, `LEFT_OUT` excepted.

    Raises
    ------
    ModuleNotFoundError
        When a name is no module of radflow.
    """
    waiting = [package for module in modules for package in _with_packages(_known(module))]
    found: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module not in found and not _is_left_out(module):
            found.add(module)
            waiting.extend(_imports(module))
    return tuple(sorted(found))


def source_files(*modules: str) -> tuple[Path, ...]:
    """List the absolute paths of the files behind `closure`, e.g. for the deps of `dvc.yaml`."""
    return tuple(path for path in map(_path_of, closure(*modules)) if path is not None)


def git_commit(root: Path) -> tuple[str, bool]:
    """Give the commit checked out at `root`, and whether tracked files differ from it.

    The commit is empty where `root` is no git checkout, has no commit yet, or git is missing.
    """
    commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return "", False
    return commit, bool(_git(root, "status", "--porcelain", "--untracked-files=no"))


def file_digests(paths: Iterable[Path]) -> dict[str, str]:
    """Hash files: path as given, with forward slashes, to the sha256 of its bytes; sorted."""
    return {path.as_posix(): _sha256(path) for path in sorted(paths)}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _git(root: Path, *arguments: str) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 (arguments are constants of this module)
            ["git", "-C", str(root), *arguments],  # noqa: S607 (the user's own git)
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _known(module: str) -> str:
    if _path_of(module) is None:
        files = (path.relative_to(_ROOT.parent) for path in _ROOT.rglob("*.py"))
        names = [".".join(file.with_suffix("").parts) for file in files]
        near = difflib.get_close_matches(module, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        message = f"{module!r} is no module of {_PACKAGE}{hint}"
        raise ModuleNotFoundError(message)
    return module


def _is_left_out(module: str) -> bool:
    return any(module == name or module.startswith(name + ".") for name in LEFT_OUT)


@cache
def _path_of(module: str) -> Path | None:
    """Find the file of a module inside radflow; None for anything else."""
    first, *rest = module.split(".")
    if first != _PACKAGE:
        return None
    base = _ROOT.joinpath(*rest)
    for path in (base / "__init__.py", base.with_name(base.name + ".py")):
        if path.is_file():
            return path
    return None


def _with_packages(module: str) -> Iterator[str]:
    """Yield the module and the packages that Python runs before it."""
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])


@cache
def _source(module: str) -> Source:
    path = _path_of(_known(module))
    is_package = path is not None and path.name == "__init__.py"
    return read_source(path.read_bytes() if path else b"", module, is_package=is_package)


@cache
def _imports(module: str) -> frozenset[str]:
    """Find the modules of radflow that a module's import statements name, with their packages."""
    return frozenset(
        package
        for name in _source(module).imports
        for package in _with_packages(name)
        if _path_of(package) is not None
    )
