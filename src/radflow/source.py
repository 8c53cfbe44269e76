"""What a module's source would do, as a hash, and what it imports; remembered between runs.

Snakemake reads the Snakefile again for every job, and parsing a hundred modules each time would
take longer than most jobs. So what was found is kept in Snakemake's own folder, by the hash of the
source: it can be deleted at any time.
"""

import ast
import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

MEMORY = Path(".snakemake", "radflow-sources.json")
"""Where findings are kept, from the working directory; nothing is kept where its folder is not."""


class Source(NamedTuple):
    """A module: hash of what it does, and full names of what its import statements name."""

    digest: str
    imports: tuple[str, ...]


def read_source(content: bytes, module: str, *, is_package: bool) -> Source:
    """Hash what a module would do, and list its imports.

    Comments, formatting, docstrings, `description=` of configuration fields and `__version__` do
    not count.

    Parameters
    ----------
    content
        The module's file.
    module
        Full name, which relative imports start from.
    is_package
        Whether the file is an ``__init__.py``.

    Raises
    ------
    SyntaxError
        When the file is no Python.
    """
    key = hashlib.sha256(repr((_own_digest(), module, is_package, content)).encode()).hexdigest()
    known = _memory().found.get(key)
    if known is not None:
        return known
    tree = ast.parse(content, filename=module)
    tokens: list[str] = []
    _spell(tree, tokens)
    digest = hashlib.sha256("".join(tokens).encode()).hexdigest()
    found = Source(digest, tuple(sorted(_imports(tree, module, is_package=is_package))))
    _memory().found[key] = found
    return found


def remember_sources() -> None:
    """Keep what this program has found for the next one; where nothing can be written, don't."""
    memory = _memory()
    if not MEMORY.parent.is_dir() or len(memory.found) == memory.kept:
        return
    # By hand, because `radflow.files` brings pandas into every start of Snakemake.
    temporary = MEMORY.with_suffix(f".{os.getpid()}")
    try:
        temporary.write_text(json.dumps(memory.found), encoding="utf-8")
        temporary.replace(MEMORY)
    except OSError:
        temporary.unlink(missing_ok=True)


class _Memory(NamedTuple):
    """Findings by the hash of their source, and how many of them were kept before."""

    found: dict[str, Source]
    kept: int


@cache
def _memory() -> _Memory:
    """Read the findings of earlier programs; a file that is damaged counts as none."""
    try:
        kept = json.loads(MEMORY.read_text(encoding="utf-8"))
        found = {key: Source(digest, tuple(imports)) for key, (digest, imports) in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        found = {}
    return _Memory(found, len(found))


@cache
def _own_digest() -> str:
    """Hash this module: another way of hashing must not believe what the old one found."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def _imports(tree: ast.Module, module: str, *, is_package: bool) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, is_package=is_package)
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return names


def _absolute(node: ast.ImportFrom, module: str, *, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _spell(node: object, tokens: list[str]) -> None:
    """Spell a syntax tree, in the same way on all Python versions, without what is only wording.

    Absent and empty fields are skipped, since later versions of Python add some; `ast.dump` and
    `ast.unparse` differ between versions.
    """
    if isinstance(node, ast.Constant):
        tokens.append(f"<{type(node.value).__name__} {node.value!a}>")
    elif isinstance(node, ast.AST):
        tokens.append(f"({type(node).__name__}")
        for name, value in ast.iter_fields(node):
            if value is not None and value != [] and name != "type_comment":
                tokens.append(f" {name}=")
                _spell(_without_wording(node, name, value), tokens)
        tokens.append(")")
    elif isinstance(node, list):
        tokens.append("[")
        for item in node:
            _spell(item, tokens)
            tokens.append(",")
        tokens.append("]")
    else:
        tokens.append(ascii(node))


def _without_wording(node: ast.AST, name: str, value: object) -> object:
    if name == "body" and isinstance(value, list):
        return [statement for statement in value if not _is_wording(statement)]
    if name == "keywords" and isinstance(value, list) and _is_field(node):
        return [keyword for keyword in value if keyword.arg != "description"]
    return value


def _is_field(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Field"
    )


def _is_wording(statement: ast.stmt) -> bool:
    """Tell docstrings (any statement that is a bare string) and the version from code."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return isinstance(statement.value.value, str)
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        return isinstance(target, ast.Name) and target.id == "__version__"
    return False
