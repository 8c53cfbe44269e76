import pytest

from radflow.networks.widths import level_widths


@pytest.mark.parametrize(
    ("channels", "levels", "widths"),
    [
        ([16], 4, [16, 32, 64, 128]),
        ([16, 48], 5, [16, 48, 96, 192, 320]),
        ([4, 8, 12, 20], 2, [4, 8]),
        ([400], 1, [320]),
    ],
)
def test_levels_beyond_the_named_channels_double_the_last_up_to_the_cap(
    channels: list[int], levels: int, widths: list[int]
) -> None:
    assert level_widths(channels, levels=levels, most=320) == widths
