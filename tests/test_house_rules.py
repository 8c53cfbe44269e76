"""What a reader of this code may rely on, held by tests where no linter looks."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHON = sorted(
    path
    for folder in ("src", "workflow", "tests", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)
PACKAGE = [path for path in PYTHON if path.is_relative_to(ROOT / "src")]
PATTERNS = (
    *("Snakefile", "Makefile", "dvc.yaml", ".ci/*", ".dvc/config", ".dvcignore", ".gitignore"),
    *("*.md", "*.toml", "*.yml", "*.lock", "*.txt", "*.cff"),
    *("config/**/*.yaml", "docs/**/*.md", "profiles/**/*.yaml", "benchmarks/**/*.md"),
    *("workflow/**/*.smk", "workflow/**/*.yaml", "workflow/**/*.rst", "src/**/templates/*"),
)
TEXT = [path for pattern in PATTERNS for path in sorted(ROOT.glob(pattern)) if path.is_file()]

MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 40
LIGHT = ("radflow.config", "radflow.provenance", "radflow.errors", "radflow.steps")
HEAVY = {"torch", "monai", "mlflow", "pytorch_lightning", "matplotlib", "scipy", "sklearn"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return {name.split(".")[0] for name in names}


def keyword(call: ast.Call, name: str) -> str | None:
    return next((ast.unparse(each.value) for each in call.keywords if each.arg == name), None)


def places(calls: Iterable[tuple[Path, ast.Call]]) -> list[str]:
    return [f"{name_of(path)}:{call.lineno}" for path, call in calls]


def body_lines(function: ast.FunctionDef) -> int:
    """Count the lines of a function behind its docstring."""
    first, *_ = function.body
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    start = first.end_lineno if documented else first.lineno - 1
    return function.end_lineno - start


def test_files_are_short():
    lines = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in PYTHON}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_functions_are_short():
    assert [
        f"{name_of(path)}: {node.name}"
        for path in PACKAGE
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef) and body_lines(node) > MOST_LINES_OF_A_FUNCTION
    ] == []


def test_nothing_is_unpickled():
    unsafe = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
    assert [name_of(path) for path in PACKAGE if imports(path) & unsafe] == []
    loads = [(path, name, call) for path in PACKAGE for name, call in calls(path)]
    assert not places(
        (path, call)
        for path, name, call in loads
        if name == "torch.load" and keyword(call, "weights_only") != "True"
    )
    assert not places(
        (path, call)
        for path, name, call in loads
        if name == "np.load" and keyword(call, "allow_pickle") not in {None, "False"}
    )


def test_yaml_is_read_safely_and_no_shell_is_started():
    refused = {"yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system", "eval", "exec"}
    assert not places(
        (path, call)
        for path in PYTHON
        for name, call in calls(path)
        if name in refused or keyword(call, "shell") == "True"
    )


def test_the_package_knows_nothing_of_the_workflow_engine():
    assert [name_of(path) for path in PACKAGE if "snakemake" in imports(path)] == []


def test_modules_that_the_snakefile_reads_import_nothing_heavy():
    light = [path for path in PACKAGE if module_of(path).startswith(LIGHT)]
    assert light
    assert {name_of(path): imports(path) & HEAVY for path in light if imports(path) & HEAVY} == {}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)


def test_packages_hold_a_docstring_alone_so_that_steps_depend_on_little():
    packages = [path for path in PACKAGE if path.stem == "__init__"]
    assert [name_of(path) for path in packages if not ast.get_docstring(tree_of(path))] == []
    assert [name_of(path) for path in packages if imports(path)] == []


def test_no_file_names_a_place_on_somebodys_machine():
    place = re.compile(r"(?<![\w.])/(?:home|root|work|Users|tmp|opt|mnt)/[\w.-]+")
    found = {name_of(path): place.findall(path.read_text("utf-8")) for path in [*PYTHON, *TEXT]}
    assert {name: places for name, places in found.items() if places} == {}
