"""Subjects simulated a minute, and the memory it takes: `python benchmarks/phantom.py`.

Two processes make one shard each, as Snakemake runs two jobs on two cores; once with few subjects,
once with four times as many, to see whether memory grows with their number.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

from radflow.config.phantom import PhantomRules
from radflow.phantom.shard import write_shard

CHANNELS = ("T1w", "T1c", "T2w", "FLAIR")
PROCESSES = 2


def make(subjects: int, shard: int, seconds: "multiprocessing.Queue[tuple[float, float]]") -> None:
    """Make one shard in a process of its own; report seconds and peak memory in GB."""
    rules = PhantomRules(
        subjects=subjects, shards=PROCESSES, seed=1, diagnoses={"tumour": 0.8, "control": 0.2}
    )
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        write_shard(Path(folder, "shard.tar"), rules, shard, channels=CHANNELS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    seconds.put((time.perf_counter() - start, peak))


def measure(subjects: int) -> tuple[float, float]:
    """Simulate a cohort; seconds on the wall and peak memory of one process, GB."""
    context = multiprocessing.get_context("spawn")
    reports = context.Queue()
    workers = [
        context.Process(target=make, args=(subjects, shard, reports)) for shard in range(PROCESSES)
    ]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    peaks = [reports.get()[1] for _ in workers]
    for worker in workers:
        worker.join()
    return time.perf_counter() - start, max(peaks)


def main() -> None:
    """Measure two cohorts and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=20, help="of the small cohort")
    small = parser.parse_args().subjects
    print("| subjects | seconds | subjects a minute | peak memory of a process, GB |")
    print("| ---: | ---: | ---: | ---: |")
    for subjects in (small, 4 * small):
        seconds, peak = measure(subjects)
        print(f"| {subjects} | {seconds:.1f} | {60 * subjects / seconds:.1f} | {peak:.2f} |")


if __name__ == "__main__":
    main()
