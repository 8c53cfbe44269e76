"""Cases per second of radflow's sliding window and of MONAI's, around the same network.

    python benchmarks/inference.py [--rounds 7] [--threads 2] [--precision auto]

Both predict with the shipped U-Net (random weights), windows of 40 x 56 x 40 voxels that overlap by
half, Gaussian weights, and left-right mirroring, under the same autocast. MONAI's windows all have
the size of the patch; radflow's may be up to one and a half times as large where that is cheaper:
`windows` counts them, and `voxels` is what is forwarded per voxel of the volume. Rounds are
interleaved, so that other work on the machine slows both; the ratio is the median over rounds.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from math import prod

import torch
from monai.inferers.utils import sliding_window_inference
from torch import Tensor, nn

from radflow.inference.precision import autocast_dtype, best_device
from radflow.inference.window import WindowRules, lay_windows, window_probabilities
from radflow.networks.segmenters import build_segmenter

PATCH = (40, 56, 40)
OVERLAP = 0.5
NETWORK = {
    "name": "unet",
    "channels": [16, 48],
    "most_channels": 320,
    "decoder": "full",
    "levels": 4,
    "inputs": 1,
    "outputs": 3,
}
SHAPES = {
    "median hippocampus": (35, 50, 35),
    "largest hippocampus": (43, 59, 47),
    "head at 2 mm": (96, 128, 96),
}
SECONDS_PER_ROUND = 2.0


def ours(network: nn.Module, dtype: torch.dtype | None) -> Callable[[Tensor], Tensor]:
    """Predict as radflow does."""
    rules = WindowRules(PATCH, overlap=OVERLAP, mirror_axes=(0,), divisor=8, dtype=dtype)
    return lambda image: window_probabilities(network, image, rules)


def monais(network: nn.Module, dtype: torch.dtype | None) -> Callable[[Tensor], Tensor]:
    """Predict as MONAI does, mirroring each window."""

    def mirrored(windows: Tensor) -> Tensor:
        with torch.autocast(windows.device.type, dtype, enabled=dtype is not None):
            there = network(windows)
            back = network(windows.flip(2)).flip(2)
        return (there.float().softmax(1) + back.float().softmax(1)) / 2

    @torch.no_grad()
    def predict(image: Tensor) -> Tensor:
        answer = sliding_window_inference(
            image[None],
            PATCH,
            sw_batch_size=2,
            predictor=mirrored,
            overlap=OVERLAP,
            mode="gaussian",
            sigma_scale=0.125,
        )
        assert isinstance(answer, Tensor)
        return answer[0]

    return predict


def voxels(shape: tuple[int, int, int], growth: bool) -> tuple[int, float]:
    """Count windows, and the voxels forwarded per voxel of the volume."""
    axes = [
        lay_windows(n, patch=p, overlap=OVERLAP, divisor=8)
        if growth
        else lay_windows(n, patch=p, overlap=OVERLAP, divisor=p)
        for n, p in zip(shape, PATCH, strict=True)
    ]
    count = prod(len(axis.starts) for axis in axes)
    return count, count * prod(axis.size for axis in axes) / prod(shape)


def rate(predict: Callable[[Tensor], Tensor], image: Tensor) -> float:
    """Measure volumes per second, over a few seconds."""
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS_PER_ROUND or count == 0:
        predict(image)
        if image.is_cuda:
            torch.cuda.synchronize()
        count += 1
    return count / (time.perf_counter() - start)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--precision", choices=["auto", "bf16", "float32"], default="auto")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = best_device()
    dtype = autocast_dtype(device, options.precision)
    network = build_segmenter(NETWORK).eval().to(device)
    print(f"{device}, {options.threads} threads, {dtype or torch.float32}, patch {PATCH}")
    print("| volume | radflow cases/s | MONAI cases/s | ratio (range) | windows | voxels |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    generator = torch.Generator().manual_seed(0)
    for name, shape in SHAPES.items():
        image = torch.randn(1, *shape, generator=generator).to(device)
        competitors = ours(network, dtype), monais(network, dtype)
        for predict in competitors:
            predict(image)
        pairs = [
            (rate(competitors[0], image), rate(competitors[1], image))
            for _ in range(options.rounds)
        ]
        ratios = [one / other for one, other in pairs]
        (count, share), (their_count, their_share) = voxels(shape, True), voxels(shape, False)
        print(
            f"| {name} {'x'.join(map(str, shape))} | {statistics.median(p[0] for p in pairs):.2f} "
            f"| {statistics.median(p[1] for p in pairs):.2f} "
            f"| {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}) "
            f"| {count} / {their_count} | {share:.1f}x / {their_share:.1f}x |"
        )


if __name__ == "__main__":
    main()
