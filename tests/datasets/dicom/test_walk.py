from dicom_files import write_series

from radflow.datasets.checks.finding import Level


def test_dicomdir_is_passed_over_with_a_note(root, listed):
    """Fault 56: its paths may leave the folder (CVE-2026-32711), so it is never opened."""
    write_series(root / "a")
    (root / "DICOMDIR").write_bytes(b"../../etc/passwd")
    cases, _, findings = listed()
    assert list(cases) == ["P-01"]
    assert [(f.rule, f.fault, f.level) for f in findings] == [("dicomdir", 56, Level.NOTE)]


def test_links_out_of_the_folder_are_a_stop(root, listed, tmp_path):
    write_series(root / "a")
    (tmp_path / "outside.dcm").write_bytes(b"x")
    (root / "a/link.dcm").symlink_to(tmp_path / "outside.dcm")
    (root / "folder").symlink_to(tmp_path)
    _, _, findings = listed()
    assert [(f.rule, f.fault, f.level) for f in findings] == 2 * [("path", 12, Level.STOP)]
