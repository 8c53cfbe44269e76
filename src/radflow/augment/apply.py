"""Augmentation of a batch on its device: a pure function of patches and parameters."""

import torch
from torch import Tensor
from torch.nn import functional

from radflow.augment.params import Parameters

_LINEAR = {2: "bilinear", 3: "trilinear"}


def augment(image: Tensor, label: Tensor, parameters: Parameters) -> tuple[Tensor, Tensor]:
    """Augment a batch of patches.

    Parameters
    ----------
    image
        ``(b, c, *patch)`` float, standardised intensities (mean about 0, SD about 1) or windows of
        CT (-1 to 1), of 2 or 3 axes.
    label
        ``(b, *patch)`` integer class of each voxel.
    parameters
        Drawn by `radflow.augment.params.draw`.

    Returns
    -------
    tuple of Tensor
        Image and label of the same shapes and types. What comes from outside a patch is 0:
        the mean intensity or the middle of a window of CT, and background.
    """
    image, label = image.clone(), label.clone()
    for sample in range(len(image)):
        flipped = _where(parameters.mirror[sample])
        image[sample] = image[sample].flip([axis + 1 for axis in flipped])
        label[sample] = label[sample].flip(flipped)
    for sample in _where(parameters.spatial):
        grid = _sampling_grid(parameters, sample, image.shape[2:], device=image.device)
        image[sample] = _resample(image[sample], grid)
        label[sample] = _resample_label(label[sample], grid)
    for sample in range(len(image)):
        image[sample] = _intensity(image[sample], parameters, sample)
    return image, label


def augment_image(image: Tensor, parameters: Parameters) -> Tensor:
    """Augment images ``(b, c, *patch)`` that have no label map; see `augment`.

    What comes from outside repeats the image's edge, since a classifier should not learn where a
    shifted image ends; the box that is cut out is 0.
    """
    image = image.clone()
    for sample in range(len(image)):
        image[sample] = image[sample].flip([n + 1 for n in _where(parameters.mirror[sample])])
        if parameters.spatial[sample]:
            grid = _sampling_grid(parameters, sample, image.shape[2:], device=image.device)
            image[sample] = _resample(image[sample], grid, outside="border")
        image[sample] = _intensity(image[sample], parameters, sample)
        box = [
            slice(round(first * size), round(last * size))
            for (first, last), size in zip(
                parameters.box[sample].tolist(), image.shape[2:], strict=True
            )
        ]
        image[(sample, slice(None), *box)] = 0
    return image


def _where(mask: Tensor) -> list[int]:
    return mask.nonzero().flatten().tolist()


def _sampling_grid(
    parameters: Parameters, sample: int, shape: torch.Size, *, device: torch.device
) -> Tensor:
    """Positions ``(*patch, d)`` to read, in the order and scale of `grid_sample`."""
    matrix, shift = parameters.matrix[sample], parameters.shift[sample]
    half = (torch.tensor(shape, dtype=torch.float32) - 1) / 2
    # From normalised output to normalised input positions: voxels are scaled by `half`.
    theta = torch.cat([matrix * half[None] / half[:, None], (shift / half)[:, None]], 1)
    axes = len(shape)
    reverse = torch.arange(axes - 1, -1, -1)
    theta = torch.cat([theta[reverse][:, reverse], theta[reverse, axes:]], 1).to(device)
    grid = functional.affine_grid(theta[None], [1, 1, *shape], align_corners=True)[0]
    elastic = parameters.elastic[sample]
    if elastic.any():
        normalised = (elastic / half.view(-1, *[1] * axes))[reverse].to(device)
        dense = functional.interpolate(
            normalised[None], size=tuple(shape), mode=_LINEAR[axes], align_corners=True
        )
        grid = grid + dense[0].movedim(0, -1)
    return grid


def _resample(volume: Tensor, grid: Tensor, *, outside: str = "zeros") -> Tensor:
    return functional.grid_sample(
        volume[None], grid[None], mode="bilinear", padding_mode=outside, align_corners=True
    )[0]


def _resample_label(label: Tensor, grid: Tensor) -> Tensor:
    """Interpolate each class linearly and keep the largest: smoother edges than nearest voxels."""
    targets = label.unique()
    targets = targets[targets != 0]
    shares = _resample((label == targets.view(-1, *[1] * label.ndim)).to(grid.dtype), grid)
    winner, most = torch.zeros_like(label), 1 - shares.sum(0)
    # One comparison a class: on a CPU argmax over few classes takes longer than all resampling.
    for target, share in zip(targets, shares, strict=True):
        winner = torch.where(share > most, target, winner)
        most = torch.maximum(share, most)
    return winner


def _intensity(image: Tensor, parameters: Parameters, sample: int) -> Tensor:
    """Change one patch ``(c, *patch)``: blur, resolution, noise, brightness, gamma."""
    if sigma := float(parameters.blur_sigma[sample]):
        image = _blur(image, sigma)
    if (zoom := float(parameters.zoom[sample])) < 1:
        image = _low_resolution(image, zoom)
    if noise_sd := float(parameters.noise_sd[sample]):
        # Drawn on the CPU, so that every device sees the same noise.
        generator = torch.Generator().manual_seed(parameters.noise_seed[sample])
        noise = torch.randn(image.shape, generator=generator)
        image = image + noise_sd * noise.to(image.device)
    image = image * parameters.brightness[sample]
    if (gamma := float(parameters.gamma[sample])) != 1:
        image = _gamma(image, gamma)
    return image


def _blur(image: Tensor, sigma: float) -> Tensor:
    radius = max(int(3 * sigma + 0.5), 1)
    offsets = torch.arange(-radius, radius + 1, dtype=image.dtype, device=image.device)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    volume = image[:, None]
    axes = image.ndim - 1
    convolve = functional.conv3d if axes == 3 else functional.conv2d
    for axis in range(axes):
        shape = [1] * (axes + 2)
        shape[axis + 2] = -1
        padding = [0] * (2 * axes)
        padding[2 * (axes - 1 - axis)] = padding[2 * (axes - 1 - axis) + 1] = radius
        volume = convolve(functional.pad(volume, padding, mode="replicate"), kernel.view(shape))
    return volume[:, 0]


def _low_resolution(image: Tensor, zoom: float) -> Tensor:
    """Drop to a coarser grid (nearest voxel) and come back (linear), as nnU-Net simulates it."""
    shape = tuple(image.shape[1:])
    coarse = [max(round(size * zoom), 1) for size in shape]
    small = functional.interpolate(image[None], size=coarse, mode="nearest-exact")
    return functional.interpolate(small, size=shape, mode=_LINEAR[len(shape)], align_corners=False)[
        0
    ]


def _gamma(image: Tensor, gamma: float) -> Tensor:
    """Bend intensities between minimum and maximum by a power; keep each channel's mean and SD."""
    axes = tuple(range(1, image.ndim))
    low, high = image.amin(axes, keepdim=True), image.amax(axes, keepdim=True)
    span = (high - low).clamp_min(torch.finfo(image.dtype).eps)
    bent = ((image - low) / span).pow(gamma)
    sd, mean = torch.std_mean(image, axes, keepdim=True)
    bent_sd, bent_mean = torch.std_mean(bent, axes, keepdim=True)
    return (bent - bent_mean) / bent_sd.clamp_min(torch.finfo(image.dtype).eps) * sd + mean
