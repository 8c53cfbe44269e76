import sys

import pytest

from radflow.errors import IntakeError
from radflow.progress import say
from radflow.steps import step


def test_a_step_speaks_to_the_terminal_and_to_its_log(tmp_path, capsys):
    log = tmp_path / "logs" / "intake.log"
    with step(log):
        say("219 cases accepted")
        sys.stdout.write("from a library\n")
    assert log.read_text() == "219 cases accepted\nfrom a library\n"
    assert capsys.readouterr().err == "219 cases accepted\nfrom a library\n"


def test_a_step_is_no_terminal_so_that_parallel_steps_draw_no_bars(tmp_path):
    with step(tmp_path / "log"):
        assert not sys.stderr.isatty()
        sys.stderr.flush()


def test_an_error_of_radflow_leaves_one_message_and_no_traceback(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop, step(tmp_path / "log"):
        raise IntakeError("case 7: 3 voxels, at least 8: mend or remove it")
    assert stop.value.code == 1
    assert (tmp_path / "log").read_text() == "case 7: 3 voxels, at least 8: mend or remove it\n"
    assert "Traceback" not in capsys.readouterr().err


def test_any_other_error_leaves_its_traceback_in_the_log(tmp_path):
    with pytest.raises(SystemExit), step(tmp_path / "log"):
        _ = {}["missing"]
    log = (tmp_path / "log").read_text()
    assert "Traceback" in log
    assert "KeyError: 'missing'" in log


def test_a_step_gives_the_streams_back(tmp_path):
    before = sys.stdout, sys.stderr
    with step(tmp_path / "log"):
        pass
    assert (sys.stdout, sys.stderr) == before
