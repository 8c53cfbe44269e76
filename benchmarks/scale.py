"""Measure how the workflow plans a large study: 10,000 simulated subjects in 50 archives.

    python benchmarks/scale.py

In a scratch copy of the workflow nothing is simulated: the first rows plan the whole study, the
others find all of it done, its outputs being empty files that Snakemake was told to take as made.
Runs of a command follow each other; the table shows medians.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
STUDY = "phantom-tumour"
CARD = f"config/datasets/{STUDY}.yaml"


@dataclass(frozen=True)
class Run:
    """What a run took: seconds, those of the processor, megabytes at its peak; what it said."""

    seconds: float
    processor_seconds: float
    megabytes: float
    output: str


def snakemake(folder: Path, *arguments: str) -> Run:
    """Run Snakemake in a folder to its end."""
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=folder,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        output = said.read()
    if process.returncode:
        raise SystemExit(f"snakemake {' '.join(arguments)}:\n{output}")
    processor_seconds = usage.ru_utime + usage.ru_stime
    return Run(seconds, processor_seconds, usage.ru_maxrss / 1024, output)


def edit(path: Path, **changes: Any) -> None:
    """Replace keys of a YAML file."""
    record = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(record | changes, sort_keys=False), encoding="utf-8")


def copy_workflow(folder: Path, *, subjects: int, shards: int) -> None:
    """Copy what Snakemake reads, and make the shipped simulated study as large as asked."""
    for name in ("workflow", "profiles", "config"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "Snakefile", folder)
    card = yaml.safe_load((folder / CARD).read_text(encoding="utf-8"))
    edit(folder / CARD, phantom=card["phantom"] | {"subjects": subjects, "shards": shards})
    groups = {"development_shards": shards, "test_shards": max(1, shards // 4)}
    edit(folder / f"config/studies/{STUDY}.yaml", preprocess=groups)
    edit(folder / "config/config.yaml", studies=[STUDY])


def fake_outputs(folder: Path) -> int:
    """Make every output as an empty file, and have Snakemake take all of them as made."""
    rows = [line.split("\t") for line in snakemake(folder, "--summary").output.splitlines()]
    start = next(place for place, row in enumerate(rows) if row[0] == "output_file")
    files = [row[0] for row in rows[start + 1 :] if len(row) > 1]
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    snakemake(folder, "--touch", "--forceall", "--cores", "1")
    return len(files)


def measure(folder: Path, arguments: Sequence[str], *, expected: str, repeats: int) -> str:
    """Run a command several times and give a row of the table."""
    runs = [snakemake(folder, *arguments) for _ in range(repeats)]
    for run in runs:
        if expected not in run.output:
            raise SystemExit(f"{expected!r} is not in:\n{run.output[-3000:]}")
    seconds = statistics.median(run.seconds for run in runs)
    busy = statistics.median(run.processor_seconds for run in runs)
    megabytes = max(run.megabytes for run in runs)
    return f"| `snakemake {' '.join(arguments)}` | {seconds:.2f} | {busy:.2f} | {megabytes:.0f} |"


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--subjects", type=int, default=10_000)
    parser.add_argument("--shards", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "project"
        copy_workflow(folder, subjects=given.subjects, shards=given.shards)
        for _ in range(2):  # Snakemake makes its folder, and then what is kept there is warm
            snakemake(folder, "-n")
        plan = measure(folder, ["-n"], expected="simulate", repeats=given.repeats)
        quiet = measure(folder, ["-n", "--quiet"], expected="", repeats=given.repeats)
        files = fake_outputs(folder)
        done = measure(
            folder, ["--cores", "2"], expected="Nothing to be done", repeats=given.repeats
        )
    print(f"{given.subjects:,} subjects in {given.shards} archives, {files} output files\n")
    print("| command | seconds | processor seconds | peak memory, MB |")
    print("| --- | ---: | ---: | ---: |")
    print("\n".join([plan, quiet, done]))


if __name__ == "__main__":
    main()
