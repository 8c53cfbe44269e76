import multiprocessing
import pickle
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from radflow.errors import ImageError, LeakError
from radflow.patches.store import ShardReader, ShardSet, write_shard


def test_what_is_written_is_read(shard, cases):
    reader = ShardReader(shard)
    assert reader.cases == tuple(case.case for case in cases)
    for case in cases:
        image = reader.image(case.case)
        assert image.dtype == np.float32
        np.testing.assert_array_equal(image, case.image.astype(np.float16))
        np.testing.assert_array_equal(reader.label(case.case), case.label)
        assert reader.shape(case.case) == case.image.shape[1:]
        assert reader.geometry(case.case) == case.geometry
        assert reader.channels(case.case) == 1


def test_a_box_is_that_part_of_the_whole(shard):
    reader = ShardReader(shard)
    box = (slice(2, 7), slice(0, 9), slice(10, 16))
    image = reader.image("1", (2, 0, 10), (5, 9, 6))
    np.testing.assert_array_equal(image, reader.image("1")[(slice(None), *box)])
    np.testing.assert_array_equal(reader.label("1", (2, 0, 10), (5, 9, 6)), reader.label("1")[box])
    np.testing.assert_array_equal(reader.label("1", (2, 3, 4)), reader.label("1")[2:, 3:, 4:])


def test_arrays_are_copies_that_may_be_changed(shard):
    reader = ShardReader(shard)
    reader.image("1")[:] = 9
    reader.label("1")[:] = 9
    assert reader.label("1").max() == 2
    reader.verify()


@pytest.mark.parametrize(
    ("start", "size"),
    [((-1, 0, 0), (2, 2, 2)), ((0, 0, 0), (21, 9, 16)), ((5, 0, 0), (16, 1, 1))],
)
def test_a_box_beyond_the_volume_is_refused(shard, start, size):
    with pytest.raises(ImageError, match=r"case 1: box from .* not inside"):
        ShardReader(shard).image("1", start, size)


def test_two_writings_give_the_same_bytes(tmp_path, shard, cases):
    write_shard(tmp_path / "again.shard", cases)
    assert (tmp_path / "again.shard").read_bytes() == shard.read_bytes()


def test_several_channels_are_kept_in_order(tmp_path, make):
    case = make("m", channels=3)
    write_shard(tmp_path / "a.shard", [case])
    reader = ShardReader(tmp_path / "a.shard")
    assert reader.channels("m") == 3
    np.testing.assert_array_equal(
        reader.image("m", (1, 1, 1), (2, 2, 2)),
        case.image[:, 1:3, 1:3, 1:3].astype(np.float16),
    )


def test_a_case_may_lack_a_label_but_not_be_asked_for_it(tmp_path, make):
    write_shard(tmp_path / "a.shard", [make("x", labelled=False)])
    reader = ShardReader(tmp_path / "a.shard")
    assert reader.image("x").shape == (1, 12, 14, 10)
    reader.verify()
    with pytest.raises(ImageError, match="case x has no label"):
        reader.label("x")


def test_a_shard_may_be_empty(tmp_path):
    write_shard(tmp_path / "a.shard", [])
    reader = ShardReader(tmp_path / "a.shard")
    assert reader.cases == ()
    reader.verify()
    with pytest.raises(ImageError, match="case x is not in shard"):
        reader.image("x")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({}, "case 001 is given twice"),
        ({"case": "x", "image": np.zeros((2, 12, 14, 10), np.float32)}, "has 2 channels where"),
        ({"case": "x", "image": np.zeros((1, 3, 3, 3), np.float32)}, "case x has an image of"),
        ({"case": "x", "label": np.zeros((3, 3, 3), np.uint8)}, "case x has a label of another"),
        ({"case": "x", "image": np.full((1, 12, 14, 10), 7e4)}, "case x: intensity 70000"),
        ({"case": "x", "image": np.full((1, 12, 14, 10), np.nan)}, "case x: intensity nan"),
    ],
)
def test_a_case_that_does_not_fit_leaves_no_file(tmp_path, cases, change, complaint):
    path = tmp_path / "a.shard"
    with pytest.raises(ImageError, match=complaint):
        write_shard(path, [cases[0], replace(cases[0], **change)])
    assert list(tmp_path.iterdir()) == []


def damaged(kind, content):
    middle = len(content) // 2
    flipped = bytearray(content)
    flipped[-100] ^= 1
    return {
        "empty": b"",
        "web page": b"<html>log in</html>",
        "start only": content[:8],
        "half": content[:middle],
        "last byte lost": content[:-1],
        "bytes added": content + b"\0",
        "hole in the middle": content[:middle] + content[middle + 64 :],
        "index altered": bytes(flipped),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        ("empty", "is no shard"),
        ("web page", "is no shard"),
        ("start only", "is cut short"),
        ("half", "is cut short"),
        ("last byte lost", "is cut short"),
        ("bytes added", "or has bytes added"),
        ("hole in the middle", "bytes, not"),
        ("index altered", "does not match its checksum"),
    ],
)
def test_a_damaged_shard_is_refused_when_opened(shard, kind, complaint):
    shard.write_bytes(damaged(kind, shard.read_bytes()))
    with pytest.raises(ImageError, match=f"{complaint}.*run preprocess again"):
        ShardReader(shard)


def test_a_missing_shard_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"no\.shard can't be read"):
        ShardReader(tmp_path / "no.shard")


def test_one_flipped_byte_of_a_case_is_found(shard):
    content = bytearray(shard.read_bytes())
    content[5000] ^= 1
    shard.write_bytes(content)
    with pytest.raises(ImageError, match=r"bytes of 1 cases have changed .* \(001\)"):
        ShardReader(shard).verify()


def test_a_shard_replaced_before_its_first_read_is_refused(shard, cases):
    reader = ShardReader(shard)
    write_shard(shard, cases[::-1])
    with pytest.raises(ImageError, match="replaced since it was opened"):
        reader.image("1")


def test_an_opened_reader_outlives_the_replacement_of_its_file(shard, cases):
    reader = ShardReader(shard)
    before = reader.image("1")
    write_shard(shard, cases[:1])
    np.testing.assert_array_equal(reader.image("1"), before)


def test_a_reader_can_be_pickled_after_reading(shard):
    reader = ShardReader(shard)
    before = reader.image("b")
    copy = pickle.loads(pickle.dumps(reader))  # noqa: S301
    np.testing.assert_array_equal(copy.image("b"), before)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_read_what_the_parent_reads(shard, method):
    reader = ShardReader(shard)
    expected = reader.image("b")
    with multiprocessing.get_context(method).Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply(reader.image, ("b",)), expected)


def test_threads_read_what_one_thread_reads(shard, cases):
    reader = ShardReader(shard)
    names = [case.case for case in cases] * 20
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(reader.image, names))
    for name, image in zip(names, images, strict=True):
        np.testing.assert_array_equal(image, reader.image(name))


def test_writing_holds_one_case_at_a_time(tmp_path, make):
    def peak(number):
        tracemalloc.start()
        write_shard(
            tmp_path / f"{number}.shard", (make(f"{n:03}", (40, 40, 40)) for n in range(number))
        )
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)
    assert peak(20) < 1.2 * peak(2)


def test_a_set_reads_from_every_shard(shards, cases):
    assert shards.cases == tuple(case.case for case in cases)
    for case in cases:
        np.testing.assert_array_equal(shards.label(case.case), case.label)
        np.testing.assert_array_equal(
            shards.image(case.case, (1, 1, 1), (2, 2, 2)),
            case.image[:, 1:3, 1:3, 1:3].astype(np.float16),
        )
        assert shards.shape(case.case) == case.image.shape[1:]
        assert shards.geometry(case.case) == case.geometry
        assert shards.channels(case.case) == 1
    shards.verify()


def test_a_set_names_a_case_it_lacks(shards):
    with pytest.raises(ImageError, match="case zz is in none of 2 shards"):
        shards.image("zz")


def test_a_case_in_two_shards_is_a_leak(tmp_path, shard, cases):
    write_shard(tmp_path / "b.shard", cases[:1])
    with pytest.raises(LeakError, match=r"case 001 is in two shards, .*a\.shard and .*b\.shard"):
        ShardSet([shard, tmp_path / "b.shard"])
