import datetime as dt
import zipfile

import openpyxl
import pandas as pd
import pytest

from radflow.datasets import sheet as sheet_module
from radflow.datasets import sheet_formats
from radflow.datasets.sheet import other_delimiter, read_sheet
from radflow.errors import IntakeError

NEEDED = ("case", "file")


@pytest.fixture
def read(tmp_path):
    def _read(content, name="sheet.csv", **options):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_sheet(path, needed=NEEDED, **options)

    return _read


def cells(sheet):
    return [(row.line, tuple(row.cells.values())) for row in sheet.rows]


def found(sheet):
    return [(finding.rule, finding.fault, finding.level) for finding in sheet.findings]


def test_every_value_is_text_and_stays_as_it_is(read):
    sheet = read("case,file,x\n007,a.png,1.50\n1E5,b.png,NA\n")
    assert sheet.columns == ("case", "file", "x")
    assert cells(sheet) == [(2, ("007", "a.png", "1.50")), (3, ("1E5", "b.png", "NA"))]
    assert found(sheet) == []


def test_tabs_go_by_the_name(read):
    assert cells(read("case\tfile\n1\ta,b.png\n", "sheet.TSV")) == [(2, ("1", "a,b.png"))]


def test_quoted_values_may_hold_delimiters_and_lines(read):
    sheet = read('case,file\n"a, b","c\nd"\n2,e\n')
    assert cells(sheet) == [(2, ("a, b", "c\nd")), (4, ("2", "e"))]


@pytest.mark.parametrize(
    ("encoding", "text"), [("utf-8-sig", "a byte order mark"), ("utf-16", "UTF-16")]
)
def test_a_byte_order_mark_is_noted_and_not_part_of_the_header(read, encoding, text):
    sheet = read("case,file\nÜ,a\n".encode(encoding))
    assert sheet.columns == ("case", "file")
    assert cells(sheet) == [(2, ("Ü", "a"))]
    assert found(sheet) == [("sheet-encoding", 58, "NOTE")]
    assert text in sheet.findings[0].message


def test_another_encoding_is_refused_with_its_line(read):
    with pytest.raises(IntakeError, match=r"sheet\.csv, line 3: byte b'\\xfc' is no UTF-8"):
        read("case,file\n1,a\nM\xfcller,b\n".encode("latin-1"))


def test_spaces_are_dropped_and_counted(read):
    sheet = read("case , file,\u00a0x\n 1,a \n2,b,\n".replace("a \n", "a , 5\n"))
    assert sheet.columns == ("case", "file", "x")
    assert cells(sheet)[0] == (2, ("1", "a", "5"))
    assert found(sheet) == [
        ("sheet-header-spaces", 58, "FIX"),
        ("sheet-spaces", 58, "FIX"),
    ]
    assert [finding.size for finding in sheet.findings] == [3, 2]  # x is not used


def test_a_column_that_stands_twice_stops_where_it_is_used(read):
    sheet = read("case,file,x,file,x\n1,a,2,b,3\n")
    assert found(sheet) == [("sheet-twice", 58, "STOP"), ("sheet-twice", 58, "NOTE")]
    assert "several columns called ['file']" in sheet.findings[0].message


def test_ragged_lines_stop_with_their_numbers(read):
    sheet = read("case,file\n1,a\n2\n3,b,c\n4,d,\n")
    (finding,) = sheet.findings
    assert (finding.rule, finding.fault, finding.level) == ("sheet-ragged", 58, "STOP")
    assert "sheet.csv has 2 columns, but line 3 has 1; line 4 has 3 cells" in finding.message


def test_empty_rows_are_passed_over_and_counted(read):
    sheet = read("case,file\n1,a\n\n , \n2,b\n")
    assert [line for line, _ in cells(sheet)] == [2, 5]
    assert found(sheet) == [("sheet-empty-rows", 58, "NOTE")]
    assert "2 empty rows" in sheet.findings[0].message


def test_an_open_quote_is_refused_with_its_line(read):
    with pytest.raises(IntakeError, match=r"sheet\.csv, line \d: unexpected end of data"):
        read('case,file\n1,"a\n2,b\n')


@pytest.mark.parametrize(("delimiter", "name"), [(";", "semicolon"), ("\t", "tab"), ("|", "bar")])
def test_another_delimiter_is_recognised_by_the_columns_it_gives(read, delimiter, name):
    sheet = read(f"case{delimiter}file\n1{delimiter}a\n")
    assert other_delimiter(sheet, NEEDED) == name
    assert other_delimiter(read("a,b\n1,2\n"), NEEDED) is None


def xlsx(path, rows, title="Sheet1"):
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.create_sheet("other").append(["case", "file"])
    book.save(path)
    return path.read_bytes()


def test_a_spreadsheet_gives_what_its_csv_would(read, tmp_path):
    rows = [
        ["case", "file", "n", "x", "d", "b", None],
        ["007", "a", 7, 1.5, dt.datetime(2020, 1, 2), True, None],
        [8, "b", 7.0, None, dt.datetime(2020, 1, 2, 3), False, None],
        [None] * 7,
    ]
    sheet = read(xlsx(tmp_path / "made.xlsx", rows), "sheet.bin")
    assert cells(sheet) == [
        (2, ("007", "a", "7", "1.5", "2020-01-02", "TRUE")),
        (3, ("8", "b", "7", "", "2020-01-02T03:00:00", "FALSE")),
    ]
    assert found(sheet) == []


def test_an_empty_spreadsheet_is_refused(read, tmp_path):
    with pytest.raises(IntakeError, match=r"sheet\.csv is empty"):
        read(xlsx(tmp_path / "made.xlsx", []))


def test_a_sheet_of_a_spreadsheet_is_chosen_by_its_name(read, tmp_path):
    content = xlsx(tmp_path / "made.xlsx", [["a"]])
    assert read(content, sheet="other").columns == ("case", "file")
    with pytest.raises(IntakeError, match=r"\['Sheet1', 'other'\], none is 'third'"):
        read(content, sheet="third")


def test_a_parquet_table_is_read_as_text(read, tmp_path):
    table = pd.DataFrame({"case": ["01", "2"], "file": ["a", None], "x": [1.0, 0.25]})
    table.to_parquet(tmp_path / "made.parquet")
    sheet = read((tmp_path / "made.parquet").read_bytes())
    assert cells(sheet) == [(2, ("01", "a", "1.0")), (3, ("2", "", "0.25"))]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04" + bytes(50), "no whole XLSX"),
        (b"PAR1" + bytes(50), "no whole Parquet"),
        (b"\xd0\xcf\x11\xe0" + bytes(50), r"an old \.xls"),
    ],
)
def test_what_is_no_sheet_is_refused(read, content, message):
    with pytest.raises(IntakeError, match=message):
        read(content)


def test_a_missing_or_huge_sheet_is_refused(read, tmp_path, monkeypatch):
    with pytest.raises(IntakeError, match=r"b\.csv can't be read"):
        read_sheet(tmp_path / "b.csv", needed=NEEDED)
    monkeypatch.setattr(sheet_module, "_MOST_BYTES", 5)
    with pytest.raises(IntakeError, match="10 bytes, a sheet at most 5"):
        read("case,file\n")


def test_a_spreadsheet_that_unpacks_to_too_much_is_refused(read, tmp_path, monkeypatch):
    monkeypatch.setattr(sheet_formats, "_MOST_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sheet.xml", bytes(1001))
    with pytest.raises(IntakeError, match="unpacks to 1001 bytes, a sheet at most 1000"):
        read((tmp_path / "bomb.zip").read_bytes())


def test_a_parquet_table_of_too_many_cells_is_refused(read, tmp_path, monkeypatch):
    monkeypatch.setattr(sheet_formats, "_MOST_CELLS", 3)
    pd.DataFrame({"case": ["1", "2"], "file": ["a", "b"]}).to_parquet(tmp_path / "a")
    with pytest.raises(IntakeError, match="4 cells, a sheet at most 3"):
        read((tmp_path / "a").read_bytes())
