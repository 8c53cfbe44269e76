import pytest
from cards import folders_card, table_card
from pydantic import ValidationError

BOX = {"kind": "box", "units": "voxel", "lower": ["x0", "y0"], "upper": ["x1", "y1"]}


@pytest.mark.parametrize(
    ("lesions", "message"),
    [
        (
            {**BOX, "kind": "point"},
            r"a point has \['centre'\], the card gives \['lower', 'upper'\]",
        ),
        ({**BOX, "upper": ["x1", "y1", "z1"]}, r"3 columns \(x, y, z\), 2 in 2D .* got \[2, 3\]"),
        ({**BOX, "upper": ["x1"], "lower": ["x0"]}, r"got \[1\]"),
    ],
)
def test_columns_of_lesions_fit_what_they_describe(lesions, message):
    with pytest.raises(ValidationError, match=message):
        table_card(lesions=lesions)


def test_columns_are_named_once_each_with_those_of_lesions():
    rules = table_card(
        **{"case": "id", "subject": "p", "label": "mask", "target": "kind", "targets": ["a"]},
        **{"covariates": ["p", "sex"], "lesions": {**BOX, "name": "kind"}},
    ).table
    assert rules.columns == ("file", "id", "p", "mask", "kind", "sex", "x0", "y0", "x1", "y1")
    assert rules.ids == ("id", "p")


def test_classes_and_the_column_that_holds_them_go_together():
    for changes in ({"target": "kind"}, {"targets": ["a"]}):
        with pytest.raises(ValidationError, match=r"`targets` and `table: target` .* go together"):
            table_card(**changes)
    assert table_card(raters=["r1"], targets=["a"]).targets == ("a",)


def test_the_negative_class_is_one_of_the_classes():
    with pytest.raises(ValidationError, match=r"`table: negative` is 'none', `targets` are"):
        table_card(target="kind", targets=["a", "b"], negative="none")


def test_class_folders_name_the_classes():
    with pytest.raises(ValidationError, match=r"`targets` are \['a'\], .* classes \['a', 'b'\]"):
        folders_card({"A": "a", "B": "b"}, targets=["a"])


@pytest.mark.parametrize(
    ("subject", "message"), [("p(", "is no regular expression"), (r"p\d+", "has no group")]
)
def test_an_expression_for_patients_has_a_group(subject, message):
    with pytest.raises(ValidationError, match=message):
        folders_card({"A": "a"}, subject=subject)
