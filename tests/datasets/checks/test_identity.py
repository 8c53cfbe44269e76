import nibabel as nib
import pytest

from radflow.datasets.checks.identity import name_problem
from radflow.datasets.checks.image import check_image


@pytest.fixture
def with_text(make):
    def _with_text(field, text):
        def change(image):
            image.header[field] = text.encode()

        return make(change=change)

    return _with_text


@pytest.fixture
def with_extension(make):
    def _with_extension(code, content):
        def change(image):
            image.header.extensions.append(nib.nifti1.Nifti1Extension(code, content))

        return make(change=change)

    return _with_extension


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("descrip", "Doe^Jane 1970-01-31", "a name and a date"),
        ("aux_file", "4711081.hdr", "a record number"),
        ("db_name", "born Mar 70", "words of a patient record"),
        ("intent_name", "12.03.2019", "a date"),
        ("data_type", "Doe^Jane", "a name"),
    ],
)
def test_text_of_a_header_that_looks_like_a_persons_is_quarantined_and_not_repeated(
    with_text, check, *, field, text, words
):
    finding = check(with_text(field, text)).one(f"identity-{field}")
    assert (finding.fault, finding.level) == (57, "QUAR")
    assert finding.message == f"case_1 (image): the header's {field} holds what looks like {words}"
    assert "`intake: identity: pseudonyms`" in finding.remedy
    assert text.split()[0] not in str(finding)


@pytest.mark.parametrize("text", ["FSL5.0", "SPM12 - 4D", "5.0.10", "TE=2.9"])
def test_the_names_of_tools_pass(with_text, check, text):
    assert check(with_text("descrip", text)).findings == []


def test_label_maps_are_looked_at_as_well(with_text, check_label):
    assert "identity-descrip" in check_label(with_text("descrip", "Doe^Jane")).rules


def test_declared_pseudonyms_allow_names_and_numbers_but_no_dates(with_text, with_extension, check):
    pseudonyms = {"identity": "pseudonyms"}
    found = check(with_text("descrip", "Doe^Jane 4711081"), **pseudonyms)
    assert found.one("identity-descrip").level == "NOTE"
    found = check(with_extension(6, b"of Doe^Jane"), **pseudonyms)
    assert found.one("identity-extension").level == "NOTE"
    found = check(with_text("descrip", "Doe^Jane 1970-01-31"), **pseudonyms)
    assert found.one("identity-descrip").level == "QUAR"


def test_nifti_2_which_has_fewer_fields_is_looked_at(make, tmp_path, check):
    source = nib.load(make())
    made = nib.Nifti2Image(source.get_fdata(), source.affine)
    made.set_qform(source.affine, 1)
    made.header["descrip"] = b"Doe^Jane"
    nib.save(made, tmp_path / "case_1.nii.gz")
    assert check(tmp_path / "case_1.nii.gz").rules == ["identity-descrip"]


def test_an_embedded_dicom_header_is_quarantined_whatever_it_holds(with_extension, check):
    found = check(with_extension(2, b"\0" * 40))
    finding = found.one("identity-extension")
    assert (finding.fault, finding.level) == (57, "QUAR")
    assert "DICOM header (code 2)" in finding.message
    assert found.one("extensions").level == "FIX"


@pytest.mark.parametrize("code", [0, 4, 6, 16, 38, 40, 44])
def test_an_extension_with_a_persons_data_is_quarantined_by_its_bytes(with_extension, check, code):
    finding = check(with_extension(code, b"\x80\x04 name: x\0 2019-03-12")).one(
        "identity-extension"
    )
    assert (finding.fault, finding.level) == (57, "QUAR")
    assert "looks like words of a patient record and a date" in finding.message
    assert "2019" not in str(finding)


def test_other_extensions_are_dropped_as_a_repair(with_extension, check):
    assert check(with_extension(6, b"made by a tool")).rules == ["extensions"]


def test_extensions_that_are_no_list_have_no_codes(make, check):
    path = make("case_1.nii")
    content = bytearray(path.read_bytes())
    content[108:112] = b"\0\0\xc8\x43"
    path.write_bytes(content[:348] + b"\1\0\0\0" + b"\0" * 48 + content[352:])
    assert check(path).one("extensions").size == 48


def test_the_owner_of_an_image_may_have_it_labelled_under_its_name(with_text, rules):
    assert check_image(with_text("descrip", "Doe^Jane"), rules) == []


def test_a_uid_beside_a_record_number_is_no_excuse():
    names = {"the id": ["1.2.840.113619.2.5.1"], "the file": ["4711081"]}
    problem = name_problem(names, pseudonyms=False)
    assert problem.level == "QUAR"
    assert problem.message == "the id looks like a UID, the file looks like a record number"
    assert name_problem({"the id": ["a"]}, pseudonyms=False) is None
