from radflow.datasets.checks.finding import (
    Check,
    Level,
    Problem,
    findings_table,
    refusals,
    run_checks,
)


def test_findings_name_the_case_the_file_and_the_rule():
    problem = Problem(Level.FIX, "3 apples, the bound is 2", "One was eaten", 1.0, "apples")
    checks = [Check("apples", 9, "too many apples", lambda apples: problem if apples > 2 else None)]
    (finding,) = run_checks(checks, 3, case="tree_1", role="basket")
    assert finding.message == "tree_1 (basket): 3 apples, the bound is 2"
    assert str(finding) == ("FIX tree_1 (basket): 3 apples, the bound is 2 [apples]. One was eaten")
    assert finding.reason == "too many apples"
    assert run_checks(checks, 2, case="tree_1") == []


def test_only_stop_and_quar_refuse_a_case():
    checks = [Check(level, 1, "r", lambda _, at=level: Problem(at, "m", "r")) for level in Level]
    findings = run_checks(checks, None, case="a")
    assert [finding.level for finding in refusals(findings)] == ["STOP", "QUAR"]


def test_the_table_of_no_findings_has_its_columns():
    table = findings_table([])
    assert list(table.columns) == [
        *("case", "rule", "fault", "level", "message", "remedy", "size", "unit")
    ]
