"""The record of a U-Net small enough for tests."""

TOY_UNET = {
    "name": "unet",
    "channels": [4],
    "most_channels": 8,
    "decoder": "light",
    "levels": 2,
    "inputs": 1,
    "outputs": 3,
}
