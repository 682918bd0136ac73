import gzip

import pytest

from zoo.data.tables import csv
from zoo.data.tables.csv import read_table
from zoo.errors import RequestError

ROWS = "".join(f"{i}.5,{i % 3},{'no' if i % 2 else 'yes'}\n" for i in range(30))
NAMED = ["a", "b", "label"]


def read(folder, text, **arguments):
    path = folder / "t.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, **arguments)


def indexed(rows=ROWS):
    return "".join(f"{i},{line}\n" for i, line in enumerate(rows.splitlines()))


def ended(end, rows=ROWS):
    return "".join(f"{line}{end}\n" for line in rows.splitlines())


SAME = {
    "plain": "a,b,label\n" + ROWS,
    "quoted": '"a","b","label"\n' + ROWS,
    "spaces": " a , b , label \n" + ROWS,
    "byte order mark": "\ufeffa,b,label\n" + ROWS,
    "quoted after a byte order mark": '\ufeff"a","b","label"\n' + ROWS,
    "semicolons": ("a,b,label\n" + ROWS).replace(",", ";"),
    "semicolons and decimal commas": ("a,b,label\n" + ROWS).replace(",", ";").replace(".", ","),
    "separator said": "sep=;\r\n" + ("a,b,label\n" + ROWS).replace(",", ";").replace(".", ","),
    "separator said after a byte order mark": "\ufeffsep=,\na,b,label\n" + ROWS,
    "another separator said": "sep=|\n" + ("a,b,label\n" + ROWS).replace(",", "|"),
    "tabs": ("a,b,label\n" + ROWS).replace(",", "\t"),
    "lines of Windows": ("a,b,label\n" + ROWS).replace("\n", "\r\n"),
    "lines of an old Macintosh": ("a,b,label\n" + ROWS).replace("\n", "\r"),
    "blank lines": "\n\na,b,label\n\n" + ROWS + "\n \n,,\n",
    "separators at the end": "a,b,label,\n" + ended(","),
    "separators at the end of the header": "a,b,label,,\n" + ROWS,
    "separators at the end of the rows": "a,b,label\n" + ended(",,"),
}


@pytest.mark.parametrize("case", SAME)
def test_a_table_in_many_hands(tmp_path, case):
    table = read(tmp_path, SAME[case])
    assert list(table.columns) == NAMED
    assert table.header
    assert len(table) == 30
    assert table.columns["a"][1].replace(",", ".") == "1.5"
    assert table.columns["label"][:3] == ("yes", "no", "yes")


WORDS = "".join(f"{'red' if i % 3 else 'blue'},{'yes' if i % 2 else 'no'}\n" for i in range(30))
HEADERS = {
    "names": ("a,b,label\n" + ROWS, NAMED),
    "none": (ROWS, ["column 1", "column 2", "column 3"]),
    "none, with a gap": (ROWS.replace("0.5", "", 1), ["column 1", "column 2", "column 3"]),
    "none, with a word for a gap": (ROWS.replace("0.5", "None", 1), ["column 1", "column 2",
                                                                     "column 3"]),
    "pandas' index": (",a,b,label\n" + indexed(), ["column 1", *NAMED]),
    "two of them": (",,a,b,label\n" + indexed(indexed()), ["column 1", "column 2", *NAMED]),
    "a name is missing": ("a,,label\n" + ROWS, ["a", "column 2", "label"]),
    "pandas' numbers": ("0,1,2\n" + ROWS, ["0", "1", "2"]),
    "numbers with the index": (",0,1,2\n" + indexed(), ["column 1", "0", "1", "2"]),
    "numbers and a name": ("0,1,target\n" + ROWS, ["0", "1", "target"]),
    "years": ("2019,2020,country\n" + ROWS, ["2019", "2020", "country"]),
    "numbers that measure": ("3,5,no\n" + ROWS, ["column 1", "column 2", "column 3"]),
    "numbers with decimal commas": ((ROWS.replace(",", ";")).replace(".", ","), ["column 1",
                                                                     "column 2", "column 3"]),
    "a name with a comma": ("a, g;b;label\n" + ROWS.replace(",", ";").replace(".", ","),
                                     ["a, g", "b", "label"]),
    "numbers that count, and a class": ("0,1,no\n" + ROWS, ["column 1", "column 2", "column 3"]),
    "sodium": ("RI,Na,label\n" + ROWS, ["RI", "Na", "label"]),
    "words under names": ("colour,kind\n" + WORDS, ["colour", "kind"]),
    "words under words": ("blue,yes\n" + WORDS, ["column 1", "column 2"]),
    "words with a gap": (",yes\n" + WORDS, ["column 1", "column 2"]),
}  # fmt: skip


@pytest.mark.parametrize("case", HEADERS)
def test_whether_the_first_line_holds_names(tmp_path, case):
    text, names = HEADERS[case]
    assert list(read(tmp_path, text).columns) == names


def test_what_the_user_says_decides(tmp_path):
    text = "0,1,no\n" + ROWS
    assert list(read(tmp_path, text, header=True).columns) == ["0", "1", "no"]
    assert list(read(tmp_path, text, wanted=["no"]).columns) == ["0", "1", "no"]
    assert not read(tmp_path, "a,b,label\n" + ROWS, header=False).header


def test_numbers_as_names_are_a_guess(tmp_path):
    assert read(tmp_path, "0,1,2\n" + ROWS).guessed
    assert not read(tmp_path, "a,b,label\n" + ROWS).guessed


def test_cells_that_say_nothing_are_empty(tmp_path):
    said = ["?", "NA", "n/a", "NaN", "null", "<NA>", "#N/A", "#DIV/0!", "\\N", "NaT", '""', " "]
    table = read(tmp_path, "a,b\n" + "".join(f"{cell},1\n" for cell in said), header=True)
    assert set(table.columns["a"]) == {""}


def test_lines_are_those_of_the_file(tmp_path):
    table = read(tmp_path, 'a,b\n\n"x\ny",1\nz,2\n')
    assert list(table.lines) == [4, 5]


WRONG = {
    "ragged": ("a,b\n1,2,3\n", "line 2: 3 cells, the first line has 2"),
    "short": ("a,b\n1,2\n3\n", "line 3: 1 cells, the first line has 2"),
    "twice": ("x,x\n1,2\n", "two columns 'x'"),
    "latin": ("a,b\nä,1\n".encode("latin-1"), "holds the byte 0xe4; save it as UTF-8"),
    "an endless cell": ("a,b\n" + "x" * 200_000 + ",1\n", "not a CSV: field larger"),
}


@pytest.mark.parametrize("case", WRONG)
def test_no_table(tmp_path, case):
    text, message = WRONG[case]
    with pytest.raises(RequestError, match=message):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    ["a,b\n" + "10,20\n" * 3000, "a" * 20_000, "a,b\n" + ",\n" * 9000],
    ids=["cells", "one line", "nothing"],
)
def test_a_small_file_may_not_unpack_to_a_large_one(tmp_path, monkeypatch, text):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    monkeypatch.setattr(csv, "UNPACKED", 10_000)
    with pytest.raises(RequestError, match=r"unpacks to over 20 times its size; .* gunzip"):
        read_table(path)


def test_an_honest_gzip_file_is_read_whatever_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(csv, "UNPACKED", 0)
    for name in ("t.csv.gz", "t.csv"):
        (tmp_path / name).write_bytes(gzip.compress(("a,b,label\n" + ROWS).encode()))
        assert len(read_table(tmp_path / name)) == 30


def test_many_columns_take_no_longer_than_many_rows(tmp_path):
    names = [f"c{i}" for i in range(20_000)]
    table = read(tmp_path, ",".join(names) + "\n" + ",".join(["1"] * 20_000) + "\n")
    assert list(table.columns) == names


def test_only_regular_files_are_read(tmp_path):
    (tmp_path / "d.csv").mkdir()
    (tmp_path / "zero.csv").symlink_to("/dev/zero")
    for name in ("d.csv", "zero.csv"):
        with pytest.raises(RequestError, match="is no regular file"):
            read_table(tmp_path / name)


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("0,02 0,1 -0,4", ["0,02", "0,1", "-0,4"]),
        ("0,02 1 2e-3", ["0,02", "1", "2e-3"]),
        ("  0,02   -0,1 ", ["0,02", "-0,1"]),
        ("1,2 3,4", ["1,2", "3,4"]),
        # What commas separate, with or without spaces beside them.
        ("0.02, 1.5, 2.5", ["0.02", "1.5", "2.5"]),
        ("0, 1, 2", ["0", "1", "2"]),
        ("0 ,1 ,2", ["0", "1", "2"]),
        ("1,2", ["1", "2"]),
        ("1,2,3", ["1", "2", "3"]),
        ("2026-01-31 12:00:00,1,5", ["2026-01-31 12:00:00", "1", "5"]),
        ("12:00:00 PM,1", ["12:00:00 PM", "1"]),
        ("big dog,1,2", ["big dog", "1", "2"]),
        ("0,02;0,1 ;1", ["0,02", "0,1", "1"]),
        ("0,02\t0,1\t1", ["0,02", "0,1", "1"]),
    ],
)
def test_commas_begin_fractions_where_spaces_separate_numbers(tmp_path, line, first):
    table = read(tmp_path, f"{line}\n" * 9, header=False, separators="\t;, ")
    cells = [column[0] for column in table.columns.values()]
    assert cells == first


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("t x\n" + "0,02 0,1\n" * 9, ["0,02", "0,1"]),
        ("t,x y\n" + "0,02 1\n" * 9, ["0", "02 1"]),  # The names are separated by the comma.
        ("0,02 0,1\n" * 9 + "0,02 0,1 0,3\n", None),
    ],
)
def test_spaces_separate_all_lines_or_none(tmp_path, text, first):
    if first is None:
        with pytest.raises(RequestError, match="cells, the first line has"):
            read(tmp_path, text, separators="\t;, ")
    else:
        table = read(tmp_path, text, separators="\t;, ")
        assert [column[0] for column in table.columns.values()] == first


def test_spaces_separate_nothing_unless_they_may(tmp_path):
    assert list(read(tmp_path, "1,2 3,4\n" * 9).columns) == ["column 1", "column 2", "column 3"]


@pytest.mark.parametrize("wanted", ["K\u00e4se", "Ka\u0308se"])
@pytest.mark.parametrize("written", ["K\u00e4se", "Ka\u0308se"])
def test_composed_letters_are_those_of_a_mac(tmp_path, wanted, written):
    path = tmp_path / "t.csv"
    path.write_text(f"{written},kind\n1,{written}\n2,K\u00e4se\n3,Kase\n")
    assert [*read_table(path, wanted=[wanted]).columns] == [wanted, "kind"]
    assert read_table(path).columns == {
        "K\u00e4se": ("1", "2", "3"),
        "kind": ("K\u00e4se",) * 2 + ("Kase",),
    }
    path.write_text("K\u00e4se,Ka\u0308se,kind\n1,2,3\n")
    with pytest.raises(RequestError, match="has two columns"):
        read_table(path)
