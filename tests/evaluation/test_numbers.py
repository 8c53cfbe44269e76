"""Tests of how numbers are written."""

from radflow.evaluation.numbers import rounded, significant, warnings_of


def test_numbers_keep_six_digits():
    assert rounded(0.123456789) == 0.123457
    assert rounded(1234.56789) == 1234.57
    assert str(rounded(-1e-17)) == "0.0"
    assert rounded(None) is None
    assert significant(1.23456789e-31) == 1.23457e-31
    assert significant(None) is None


def test_few_subjects_are_warned_of():
    assert warnings_of(50) == []
    assert warnings_of(49) == ["49 subjects: below 50, intervals may cover less than they say"]
