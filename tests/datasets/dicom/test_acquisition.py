from dicom_files import write_multiframe, write_series


def test_how_a_case_was_acquired_and_age_and_sex_are_kept(root, listed):
    write_series(root / "a")
    (candidate,) = listed()[0].values()
    assert candidate.covariates == {"age": "72", "sex": "F"}
    assert candidate.acquisition == {
        "manufacturer": "Maker",
        "model": "Model 1",
        "field_strength_t": "1.5",
        "tr_ms": "500",
        "te_ms": "9.5",
        "flip_angle_deg": "75",
        "slice_thickness_mm": "3",
        "pixel_spacing_mm": "0.7 x 0.8",
    }


def test_how_a_multi_frame_case_was_acquired_stands_in_its_functional_groups(root, listed):
    write_multiframe(root / "multi.dcm")
    (candidate,) = listed()[0].values()
    assert candidate.acquisition["tr_ms"] == "500"
    assert candidate.acquisition["te_ms"] == "9.5"


def test_a_damaged_value_leaves_the_telling_to_the_conversion(root, listed):
    path = write_multiframe(root / "multi.dcm")
    content = path.read_bytes()
    assert content.count(b"\x28\0\x30\0DS") == 1
    path.write_bytes(content.replace(b"\x28\0\x30\0DS", b"\x28\0\x30\0DX"))
    (candidate,) = listed()[0].values()
    assert candidate.acquisition == {}
    (finding,) = candidate.prepare()
    assert finding.rule == "dicom-value"
    assert "Unknown Value Representation" in finding.message
