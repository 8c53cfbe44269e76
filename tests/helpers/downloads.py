"""What the tests of the download share."""

SIZE = 700_000
HALF = SIZE // 2


def no_leftovers(fetch):
    return sorted(path.name for path in fetch.archive.parent.iterdir()) == [
        "toy.source.json",
        "toy.tar",
    ]
