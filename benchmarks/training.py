"""Where a training step's time goes, and whether memory grows with the number of cases.

    python benchmarks/training.py --study hippocampus [--model unet] [--steps 60] [--copies 10]

Trains the study's model on what the rules preprocess and patches wrote. With --copies N every case
is copied N times under other names, into a temporary folder. Prints one line per part of the step:
median milliseconds and share, and the peak memory of the process.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import torch

from radflow.augment.apply import augment
from radflow.augment.params import draw
from radflow.config.load import load_study
from radflow.config.preprocess import PatchRules
from radflow.config.training import ModelRules
from radflow.imaging.geometry import PreprocessedCase
from radflow.inference.precision import autocast_dtype, trains_channels_last
from radflow.patches.index import build_index
from radflow.patches.sampler import PatchSampler
from radflow.patches.store import ShardSet, write_shard
from radflow.planning.plan import Plan
from radflow.tasks.loss import deeply_supervised
from radflow.tasks.segmentation import SegmentationTask

_WARM_UP = 5
_LEARNING = ("forward", "backward")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", default="hippocampus")
    parser.add_argument("--model", default="unet")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--copies", type=int, default=1)
    options = parser.parse_args()
    shards = sorted(Path("data/preprocessed", options.study).glob("development-*.shard"))
    plan = Plan.read(Path("results", options.study, "plan.json"))
    rules = load_study(Path("config/studies"), options.study).models[options.model]
    with tempfile.TemporaryDirectory() as folder:
        if options.copies > 1:
            shards = copied(ShardSet(shards), Path(folder), options.copies)
        times = measure(shards, plan, rules, steps=options.steps)
    report(times)


def copied(shards: ShardSet, folder: Path, copies: int) -> list[Path]:
    """Write every case `copies` times, one shard per copy."""
    paths = [folder / f"development-{copy:03d}.shard" for copy in range(copies)]
    for copy, path in enumerate(paths):
        write_shard(path, _renamed(shards, copy))
    return paths


def _renamed(shards: ShardSet, copy: int) -> Iterator[PreprocessedCase]:
    for case in shards.cases:
        image, label = shards.image(case), shards.label(case)
        yield PreprocessedCase(f"{case}-{copy}", image, label, shards.geometry(case))


def measure(
    paths: list[Path], plan: Plan, rules: ModelRules, *, steps: int
) -> dict[str, list[float]]:
    """Time the parts of each step, in seconds."""
    shards = ShardSet(paths)
    inputs, outputs = _sizes(shards)
    sampler = PatchSampler(
        build_index(shards, PatchRules()),
        shards,
        shards.cases,
        patch_size=plan.patch_size,
        target_share=rules.training.target_share,
        seed=0,
    )
    sizes = {"inputs": inputs, "outputs": outputs, "levels": plan.levels}
    task = SegmentationTask(
        {**rules.network.model_dump(mode="json"), **sizes},
        rules,
        classes=[str(label) for label in range(1, outputs)],
        patch_size=plan.patch_size,
        steps=steps,
    )
    network, averaged = task.network, list(task.averaged.parameters())
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    cpu = torch.device("cpu")
    dtype = autocast_dtype(cpu, rules.training.precision)
    last = trains_channels_last(cpu, dtype)
    layout = torch.channels_last_3d if last else torch.contiguous_format
    times: dict[str, list[float]] = {}

    def timed(name: str, action: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = action()
        times.setdefault(name, []).append(time.perf_counter() - start)
        return result

    def loss_of(image: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", dtype, enabled=dtype is not None):
            return deeply_supervised(network(image.contiguous(memory_format=layout)), label)

    def optimise() -> None:
        torch.nn.utils.clip_grad_norm_(network.parameters(), rules.training.clip_norm)
        optimiser.step()
        optimiser.zero_grad()
        with torch.no_grad():
            torch._foreach_lerp_(averaged, list(network.parameters()), 0.005)

    for step in range(steps + _WARM_UP):
        if step == _WARM_UP:
            times.clear()
        numbers = range(step * plan.batch_size, (step + 1) * plan.batch_size)
        patches = timed("read", lambda n=numbers: [sampler.draw(number) for number in n])
        image = torch.stack([torch.from_numpy(patch.image) for patch in patches])
        label = torch.stack([torch.from_numpy(patch.label) for patch in patches])
        parameters = timed(
            "draw",
            lambda n=numbers: draw(rules.augmentation, list(n), plan.patch_size, seed=0),
        )
        image, label = timed("augment", lambda i=image, m=label, p=parameters: augment(i, m, p))
        loss = timed("forward", lambda i=image, m=label: loss_of(i, m))
        timed("backward", loss.backward)
        timed("optimise", optimise)
    return times


def _sizes(shards: ShardSet) -> tuple[int, int]:
    """Channels of the images, and classes with the background."""
    outputs = max(int(shards.label(case).max()) for case in shards.cases) + 1
    return len(shards.image(shards.cases[0])), outputs


def report(times: dict[str, list[float]]) -> None:
    """Print medians, shares and peak memory."""
    medians = {name: median(values) * 1000 for name, values in times.items()}
    total = sum(medians.values())
    for name, value in medians.items():
        print(f"{name:10s} {value:8.1f} ms {100 * value / total:6.1f} %")
    learning = sum(medians[name] for name in _LEARNING)
    print(f"{'step':10s} {total:8.1f} ms, forward and backward {100 * learning / total:.1f} %")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    own = float(_status("RssAnon")) / 1e6
    print(f"peak memory {peak:.2f} GB, of it not mapped files {own:.2f} GB at the end")
    print(f"{torch.get_num_threads()} threads")


def _status(field: str) -> str:
    """Read a figure of this process in kB; pages of mapped shards are in no RssAnon."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(line.split()[1] for line in lines if line.startswith(field))


if __name__ == "__main__":
    main()
