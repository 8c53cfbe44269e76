"""What tables and sidecars say of a case, once it is listed."""

from bids_tree import bids_card

from radflow.datasets.bids.layout import list_cases

PARTICIPANTS = "participant_id diagnosis age\nsub-01 stroke 61\nsub-02 none n/a"
TARGETS = {"targets": ("stroke", "none")}


def listing(bids, card):
    candidates, listed, findings = list_cases(bids.folder.parent, card)
    return [c.case for c in candidates], listed, [(f.case, f.rule, f.level) for f in findings]


def test_the_class_and_covariates_come_from_the_participants(bids):
    bids.add("sub-01", "sub-02")
    bids.table(PARTICIPANTS)
    card = bids_card({"target": "diagnosis", "covariates": ["age"]}, **TARGETS)
    candidates, _, findings = list_cases(bids.folder.parent, card)
    assert [(c.target, c.covariates) for c in candidates] == [
        ("stroke", {"age": "61"}),
        ("none", {}),
    ]
    assert findings == []


def test_a_class_of_a_session_goes_before_that_of_its_subject(bids):
    bids.add("sub-01_ses-1", "sub-01_ses-2")
    bids.table("participant_id diagnosis\nsub-01 stroke")
    bids.table("session_id diagnosis\nses-2 none", "sub-01/sub-01_sessions.tsv")
    candidates, _, _ = list_cases(bids.folder.parent, bids_card({"target": "diagnosis"}, **TARGETS))
    assert [c.target for c in candidates] == ["stroke", "none"]


def test_a_class_the_card_does_not_know_is_a_stop_with_its_value(bids):
    bids.add("sub-01", "sub-02")
    bids.table(PARTICIPANTS.replace("none", "tumour"))
    card = bids_card({"target": "diagnosis"}, **TARGETS)
    candidates, _, (finding,) = list_cases(bids.folder.parent, card)
    assert [c.case for c in candidates] == ["sub-01"]
    assert (finding.case, finding.fault, finding.level) == ("sub-02", 43, "STOP")
    assert "'tumour'" in finding.message
    assert "['stroke', 'none']" in finding.message


def test_a_missing_class_is_a_stop(bids):
    bids.add("sub-01", "sub-02")
    bids.table(PARTICIPANTS.replace("none", "n/a"))
    card = bids_card({"target": "diagnosis"}, **TARGETS)
    assert listing(bids, card)[2] == [("sub-02", "class-missing", "STOP")]


def test_an_age_above_89_quarantines_the_case_without_telling_it(bids, card):
    bids.add("sub-01", "sub-02")
    bids.table(PARTICIPANTS.replace("61", "93").replace("n/a", "90+"))
    candidates, _, (finding,) = list_cases(bids.folder.parent, card)
    assert [c.case for c in candidates] == ["sub-02"]
    assert (finding.case, finding.fault, finding.level) == ("sub-01", 57, "QUAR")
    assert "93" not in str(finding)


def test_the_acquisition_is_that_of_the_first_channel(bids, card):
    bids.add("sub-01")
    bids.sidecar({"EchoTime": 0.003}, "T1w.json")
    bids.sidecar({"EchoTime": 0.14}, "FLAIR.json")
    (candidate,), _, _ = list_cases(bids.folder.parent, card)
    assert candidate.acquisition == {"te_ms": "3"}


def test_a_sidecar_that_identifies_quarantines_the_case(bids, card):
    bids.add("sub-01", "sub-02")
    bids.sidecar({"PatientName": "Ada"}, "sub-01/anat/sub-01_FLAIR.json")
    assert listing(bids, card) == (["sub-02"], 2, [("sub-01", "sidecar-identity", "QUAR")])
