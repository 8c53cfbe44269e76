import numpy as np
import pytest

from radflow.datasets.checks.image import check_image


@pytest.mark.parametrize(
    ("declared", "rule"),
    [({"fill_not_finite": 0.0}, "not-finite"), ({"units": "m"}, None)],
)
def test_repairs_that_a_card_declares_do_not_count_for_a_file_that_is_not_repaired(
    make, rules, declared, rule
):
    array = np.random.default_rng(0).normal(size=(12, 14, 10)).astype(np.float32)
    array[0, 0, 0] = np.nan if rule else 0
    findings = check_image(make(array=array), rules.model_copy(update=declared))
    assert [(finding.rule, finding.level) for finding in findings] == (
        [(rule, "QUAR")] if rule else []
    )


def test_an_unknown_orientation_is_refused_where_no_header_is_written(make, rules):
    path = make("case_1.nii")
    content = bytearray(path.read_bytes())
    content[252:256] = bytes(4)
    path.write_bytes(content)
    accept = rules.model_copy(update={"unknown_orientation": "accept"})
    levels = {finding.rule: finding.level for finding in check_image(path, accept)}
    assert levels["no-orientation"] == "QUAR"
