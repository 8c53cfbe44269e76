"""Progress is a bar on a terminal and plain lines elsewhere."""

import io
import sys

import pytest

from radflow import progress
from radflow.progress import Progress, say, track


class Clock:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Take the place of the monotonic clock."""
    clock = Clock()
    monkeypatch.setattr(progress.time, "monotonic", clock)
    return clock


def test_say_prints_one_line_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say("done")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "done\n")


def test_say_prints_to_a_given_stream() -> None:
    stream = io.StringIO()
    say("done", stream)
    assert stream.getvalue() == "done\n"


def test_off_a_terminal_short_work_gives_one_line_at_the_end(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress(4, "intake") as bar:
        for _ in range(4):
            clock.now += 0.5
            bar.update()
    error = capsys.readouterr().err
    assert error == "intake: 4 of 4 case, 2 case/s, done in 0:02\n"


def test_off_a_terminal_long_work_gives_a_line_at_most_every_ten_seconds(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress(100, "train", unit="step") as bar:
        for _ in range(50):
            clock.now += 1.0
            bar.update(note="loss 0.5")
        lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert lines[0] == "train: 11 of 100 step, 1 step/s, 1:29 left, loss 0.5"


def test_resumed_work_counts_only_its_own_units_for_the_rate(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress(100, "train", unit="step", done=90) as bar:
        clock.now += 5
        bar.update(10)
    assert "100 of 100 step, 2 step/s" in capsys.readouterr().err


def test_bytes_are_counted_in_their_units(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(16_000_000, "download", unit="B") as bar:
        clock.now += 2
        bar.update(8_000_000)
    assert "8.00MB of 16.0MB, 4.00MB/s, done in 0:02" in capsys.readouterr().err


def test_work_of_unknown_size_has_no_time_left(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress(None, "scan") as bar:
        clock.now += 1
        bar.update(3)
    error = capsys.readouterr().err
    assert error.startswith("scan: 3 case")
    assert "left" not in error


def test_nothing_to_do_is_no_error(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track([], "intake")) == []
    assert capsys.readouterr().err.startswith("intake: 0")


def test_after_an_error_no_line_claims_an_end(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        with Progress(4, "intake"):
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        work()
    assert capsys.readouterr().err == ""


def test_on_a_terminal_a_bar_is_drawn_and_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress(2, "intake") as bar:
        bar.update(2, note="loss 0.5")
    text = terminal.getvalue()
    assert "\r" in text
    assert "2/2" in text
    assert "loss 0.5" in text
    assert "done in" not in text


def test_track_yields_the_items_and_counts_them(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(track((n for n in range(3)), "read", total=3)) == [0, 1, 2]
    assert capsys.readouterr().err.startswith("read: 3 of 3 case")
