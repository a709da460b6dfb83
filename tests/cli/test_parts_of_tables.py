"""The parts of the command that read a table, asked alone: spellings, separators, columns, holes, looks, scales."""

import argparse
import math
from types import SimpleNamespace

import numpy as np
import pytest
from command_line import write

from autodiff._cli import columns, encoding, looks, options, reading, spelling, table
from autodiff._cli.encoding import Data, Encoding
from autodiff._cli.problem import Problem
from autodiff._cli.table import Table

# ---- how cells are spelt ----

POINT = "is not a number: write a decimal point, and nothing between thousands"
COMMA = "is not a number: write a decimal comma (--decimal ,), and points between thousands alone"
ALONE = "is not a number: write the number alone"
OR = " (or give --decimal ,)"
DAY = "is not a number but a date: write a column each for the year, the month, or what else matters"

ADVICE = [
    ("1e999", ".", "is too large"), ("1e999", ",", "is too large"), ("word", ".", None), ("", ".", None),
    ("3 apples", ".", None),
    ("1,5", ".", f"{POINT}{OR}: 1.5"), ("1.234,5", ".", f"{POINT}{OR}: 1234.5"), ("1'234.5", ".", f"{POINT}: 1234.5"),
    ("1,234,567", ".", f"{POINT}: 1234567"), ("1.234.567", ".", f"{POINT}{OR}: 1234567"), ("1_000", ".", f"{POINT}: 1000"),
    (",5", ".", f"{POINT}{OR}: 0.5"), ("5,", ".", f"{POINT}{OR}: 5"), ("−3.5", ".", f"{POINT}: -3.5"),
    ("–3", ".", f"{POINT}: -3"),
    ("1,234", ".", "is not a number: write 1234 if the comma stands between thousands; if it's a decimal comma: --decimal ,"),
    ("-1,234", ".", "is not a number: write -1234 if the comma stands between thousands; if it's a decimal comma: --decimal ,"),
    ("0,234", ".", f"{POINT}{OR}: 0.234"), ("1,2345", ".", f"{POINT}{OR}: 1.2345"),
    ("$5", ".", f"{ALONE}: 5"), ("5 €", ".", f"{ALONE}: 5"), ("12 %", ".", f"{ALONE}: 12"),
    ("EUR 1.234,50", ".", f"{ALONE}: 1234.50"),
    ("$1,234", ".", ALONE), ("-$5", ".", f"{ALONE}: -5"), ("3.5kg", ".", f"{ALONE}: 3.5"), ("20 °C", ".", f"{ALONE}: 20"),
    ("1,5e3", ".", f"{POINT}{OR}"), ("٣", ".", f"{POINT}: 3"),
    ("1.5", ",", f"{COMMA}: 1,5"), ("1,5 €", ",", f"{ALONE}: 1,5"), ("$1.5", ",", f"{ALONE}: 1,5"),
    ("1.234 €", ",", f"{ALONE}: 1.234"),
    ("1,234.5", ",", f"{COMMA}: 1234,5"), ("1_000", ",", f"{COMMA}: 1000"),
    ("2024-01-31", ".", DAY), ("31.1.2024", ".", DAY), ("Jan 5, 2024", ".", DAY), ("12:30", ".", DAY.replace("date", "time")),
    ("12:30:15 pm", ",", DAY.replace("date", "time")), ("5. Mai 2024", ".", DAY), ("Mon, 5 May 2024 10:00", ".", DAY),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "decimal", "said"), ADVICE)
def test_what_is_wrong_with_a_cell_and_what_to_write(cell, decimal, said):
    assert spelling.advice(cell, decimal) == said


@pytest.mark.parametrize(
    ("cell", "decimal", "number"),
    [("1.5", ".", 1.5), ("1.5", "", 1.5), ("+.5", ".", 0.5), ("3.", ".", 3), ("-1e3", ".", -1000), ("1E-2", ".", 0.01),
     ("1,5", ".", None), ("1_0", ".", None), ("inf", ".", None), ("nan", ".", None), ("", ".", None), (" 1", ".", None),
     ("1e100", ".", 1e100), ("-1e100", ".", -1e100), ("1.1e100", ".", None), ("٣", ".", None), ("1e", ".", None),
     ("1,5", ",", 1.5), ("1.234,5", ",", 1234.5), ("1.234", ",", 1234), ("1 234 567,5", ",", 1234567.5), ("1'234", ",", 1234),
     ("1.234'567", ",", None), ("1.5", ",", None), ("0.234", ",", None), ("12.34", ",", None), (",5", ",", 0.5), ("5,", ",", 5),
     ("1,5e2", ",", 150), ("-1.234.567", ",", -1234567), ("1,234,567", ",", None), ("1e101", ",", None)],
)  # fmt: skip
def test_a_cell_as_a_number(cell, decimal, number):
    assert spelling.as_number(cell, decimal) == number


def test_what_counts_as_missing_or_as_numeric():
    assert all(
        map(spelling.is_missing, ["", "NA", "na", "N/A", "nan", "NULL", "none", "\\N", "?", "-", "--", "–", ".", "<na>"])
    )
    assert not any(map(spelling.is_missing, ["0", "no", "nothing", "n", "---", "NA ", "null value"]))
    numeric = spelling.is_numeric
    assert numeric(["1", "2", "x"])
    assert not numeric(["1", "x"])
    assert not numeric([])
    assert numeric(["1,5", "2024-01-01", "x"])
    assert not numeric(["1,5", "1,5", "x", "x"])
    assert numeric(["1,5", "1,5", "1,5", "x", "y"])
    assert (spelling.shortened("abcd", 4), spelling.shortened("abcde", 4)) == ("abcd", "abc~")
    assert spelling.one_spelling("  e\u0301 ") == "é"
    assert spelling.one_spelling(" ab ") == "ab"


@pytest.mark.parametrize(
    ("cells", "foreign", "found"),
    [
        (["1.234", "987"], False, ("1.234", "987")), (["1.234", "987"], True, ("1.234", "987")),
        (["1.234", "98"], False, None), (["1.234", "98"], True, ("1.234", None)), (["1.234"], False, None),
        (["1.234"], True, ("1.234", None)), (["1.234", "1.23", "987"], True, None), (["1.234", "0.234"], True, None),
        (["987", "12"], True, None), ([], True, None), (["1.234", "9876", "987"], True, None), (["1.234", "x"], True, None),
        (["2.345", "1.234", "988", "-987"], False, ("1.234", "-987")), (["1.234", "NA", ".", "987"], False, ("1.234", "987")),
        (["+1.234", "+98"], True, ("+1.234", None)), (["1.234.567", "987"], True, None),
    ],
)  # fmt: skip
def test_points_that_seem_to_stand_between_thousands(cells, foreign, found):
    assert spelling.thousands(cells, foreign) == found


# ---- options ----


@pytest.mark.parametrize(
    ("arguments", "joined"),
    [
        (["--hidden", "64", "32"], "64,32"), (["--hidden=64", "32", "16"], "64,32,16"), (["--hidden", "64,", "32"], "64,32"),
        (["--hidden", "64,32"], None), (["--hidden=64", "--lr", "3"], None), (["--hidden", "64", "table.csv"], None),
        (["--hidden"], None), (["--hidden="], None), (["train", "--hidden", "8", "4", "--lr", "1"], "8,4"),
        (["--hidden", "64", "--epochs", "3"], None), (["--hidden", "none", "5"], "none,5"), (["--hidden", "8", "x", "4"], None),
        (["--hidden", "8", "1.5"], None), (["3", "--hidden", "8"], None),
    ],
)  # fmt: skip
def test_widths_with_spaces_between_them_are_not_taken_for_a_table(arguments, joined):
    if joined is None:
        options._check_hidden(arguments)
        return
    with pytest.raises(argparse.ArgumentTypeError) as told:
        options._check_hidden(arguments)
    assert str(told.value) == f"argument --hidden: write the widths with commas and no space: --hidden {joined}"


def test_a_table_that_is_called_like_a_number_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "32", "")
    options._check_hidden(["--hidden", "64", "32"])


def refused(parse, text):
    with pytest.raises(argparse.ArgumentTypeError) as told:
        parse(text)
    return str(told.value)


def test_values_of_options():
    whole = options._whole(1, 9)
    assert [whole(text) for text in ("1", "9", " 3 ")] == [1, 9, 3]
    assert refused(whole, "0") == "must be from 1 to 9, got 0"
    assert refused(whole, "10") == "must be from 1 to 9, got 10"
    assert refused(whole, "1.5") == "'1.5' is not a whole number"
    real = options._real(lambda v: v > 0, "above 0")
    assert real("2.5") == 2.5
    assert refused(real, "0") == "must be above 0, got 0"
    assert refused(real, "x") == "'x' is not a number"
    assert [options._widths(text) for text in ("", "none", " none ", "8", "8,4", " 8, 4 ", "100000")] == [
        [], [], [], [8], [8, 4], [8, 4], [100_000]
    ]  # fmt: skip
    joined = "'{}': write the widths with commas and no space: --hidden {}"
    assert refused(options._widths, "8 4") == joined.format("8 4", "8,4")
    assert refused(options._widths, "8,,4") == joined.format("8,,4", "8,4")
    assert refused(options._widths, "8,4,") == joined.format("8,4,", "8,4")
    assert refused(options._widths, "8,0") == "must be from 1 to 100000, got 0"
    assert refused(options._widths, "100001") == "must be from 1 to 100000, got 100001"
    assert refused(options._widths, "8,x") == "'x' is not a whole number"


def test_what_was_probably_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.csv", "")

    def hint(*unknown, command="train", drop=None, text=None, target=None, data="t.csv"):
        return options._hint(SimpleNamespace(command=command, drop=drop, text=text, target=target, data=data), [*unknown])

    assert hint("the price") == "; did you mean --target 'the price'?"
    assert hint("t.csv", data="price") == "; did you mean --target price?"
    assert hint("t.csv") == "; did you mean --target t.csv?"
    assert (
        hint("x", drop=["a"]) == hint("x", "y", drop=["a"], text=["b"]) == ("; for several columns repeat the option: --drop x")
    )
    assert hint("x", text=["a"]) == "; for several columns repeat the option: --text x"
    for nothing in (
        hint("x", command="predict"),
        hint(""),
        hint("-x"),
        hint("x", "y"),
        hint("x", target="y"),
        hint("x", data=None),
    ):
        assert nothing == ""


# ---- a file of cells ----


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("a,b\n1,2\n", ","), ("a;b\n1,5;2\n", ";"), ("a\tb\n1\t2\n", "\t"), ("a|b\n1|2\n", "|"), ("a\n1\n", ","), ("", ","),
        ("Area, m2;b\n1;2\n", ";"), ("a,b;c\n1,2;3\n", ";"), ('"a;b",c\n1,2\n', ","), ("a,b", ","),
        ("a;b;c,d", ";"), ("a,b,c;d", ","),
        ("a,b\n1;2\n", ","), ("a;b,c\n1;2;3\n", ","), ("\n\na;b\n\n1;2\n", ";"), ("a;b\r\n1,5;2\r\n", ";"), ("a;b\r1,5;2", ";"),
        ("a;b,c,d\n1\n", ","),
    ],
)  # fmt: skip
def test_what_separates_the_cells(text, mark):
    assert reading._likeliest(text) == mark


def test_of_a_long_file_the_beginning_says_what_separates_its_cells(monkeypatch):
    monkeypatch.setattr(reading, "_ENOUGH", 12)
    assert reading._likeliest("a;b,c\n1;2\n4,5,6,7;8") == ";", "a row that is cut is not counted"
    assert reading._likeliest("a;b,c\n1;2\n4,5") == ";"


def test_a_line_that_names_the_separator():
    for line, mark in (("sep=;", ";"), ("SEP=,", ","), ('"sep=|"', "|"), ("sep=\t", "\t")):
        text, found, notes = reading._separated("t.csv", f"{line}\r\na\n1\n")
        assert (text, found) == ("a\n1\n", mark)
        assert notes == [f"the first line, {line.strip()!r}, names the separator; the header is the next"]
    for line in ("sep=", "sep=x"):
        with pytest.raises(Problem, match=rf"row 1: '{line}' names no separator; it must be a comma, semicolon, tab or |"):
            reading._separated("t.csv", f"{line}\na\n")
    assert reading._separated("t.csv", "sep=;;\n1;2\n")[1:] == (";", [])
    assert reading._separated("t.csv", "a|b\n1|2\n") == ("a|b\n1|2\n", "|", ["the cells are separated by |"])
    assert reading._separated("t.csv", "a;b\n")[2] == []


def test_cells_and_the_rows_of_the_file_that_they_stand_in():
    assert reading._cells("t", '\n , \na,b\n\n1,2\n,\n3,"x\ny"\n', ",") == (["a", "b"], [["1", "2"], ["3", "x\ny"]], [5, 7])
    assert reading._cells("t", "", ",") == ([], [], [])
    with pytest.raises(Problem, match=r"^t, row 3: a quotation mark is never closed$"):
        reading._cells("t", 'a\n1\n"2\n', ",")
    with pytest.raises(Problem, match=r"^t, row 2: ',' expected after '\"'$"):
        reading._cells("t", 'a\n"1"2\n', ",")


def trimmed(header, *rows):
    notes = []
    found = reading._trimmed("t", [*header], [[*row] for row in rows], [*range(2, 2 + len(rows))], notes)
    return "".join(found[0]), ["".join(row) for row in found[1]], notes


def test_columns_that_have_neither_a_name_nor_a_value():
    after, empty = ["empty cells after the last column were left out"], ["empty columns without a name were left out"]
    assert trimmed("ab", "12", "34") == ("ab", ["12", "34"], [])
    assert trimmed("ab ", "12 ", "34 ") == ("ab", ["12", "34"], after)
    assert trimmed("ab", "12 ", "34") == ("ab", ["12", "34"], after)
    assert trimmed("ab ", "12", "34") == ("ab", ["12", "34"], after)
    assert trimmed("a b", "1 2", "3 4") == ("ab", ["12", "34"], empty)
    assert trimmed("a b", "1x2", "3 4") == ("a b", ["1x2", "3 4"], [])
    assert trimmed("ab ", "12x", "34 ") == ("ab ", ["12x", "34 "], [])
    assert trimmed(" ab", " 12") == ("ab", ["12"], empty)
    for rows, line, n in ((("12", "3"), 3, 1), (("123", "34"), 2, 3), (("12", "345"), 3, 3)):
        with pytest.raises(Problem, match=rf"^t, row {line}: {n} cells, but the header has 2 columns$"):
            trimmed("ab", *rows)


def a_table(header, *rows, **known):
    cells = [[*row] if isinstance(row, str) else row for row in rows]
    return Table("t", [*header], [*header], cells, [*range(2, 2 + len(rows))], **known)


def test_the_index_of_pandas_and_of_r():
    def index(header, *rows):
        found = a_table(header, *rows)
        reading._find_index(found)
        return found.counting

    assert index(["", "a"], "1x", "2x") == [""]
    assert index(["Unnamed: 0", "a"], "1x", "2x") == ["Unnamed: 0"]
    assert index(["a", "Unnamed: 0.1"], "x1", "x2") == ["Unnamed: 0.1"]
    assert index(["a", "b"], "12", "21") == []
    assert index(["Unnamed: 0", "a"], "1x", "1x") == []
    assert index(["Unnamed: 0", "a"], ["1.5", "x"], ["2", "x"]) == []
    assert index(["Unnamed: 0", "a"], ["", "x"], ["2", "x"]) == []
    assert index(["", "a"], "px", "qx") == [""], "names of the rows"
    for header, rows, at in ((["", "a"], ("1x", "1x"), 1), (["a", ""], ("x1", "x2"), 2)):
        with pytest.raises(Problem, match=rf"^t, row 1: column {at} has no name$"):
            index(header, *rows)


def test_a_file_that_is_none(tmp_path):
    def said(content):
        (tmp_path / "t.csv").write_bytes(content)
        with pytest.raises(Problem) as told:
            reading.read_table(str(tmp_path / "t.csv"))
        return str(told.value).replace(f"{tmp_path}/", "")

    assert said(b"") == "t.csv is empty: a header and at least two rows are needed"
    assert said(b"a,b\n") == "t.csv has a header but no rows"
    assert said(b"a,b,a\n1,2,3\n") == "t.csv, row 1: two columns are called 'a' (1 and 3)"
    assert said(b"a\n1\n\xff\n") == "t.csv, row 3: this is not UTF-8 text (byte 4); save the table as CSV UTF-8"
    assert said(b"a\n1\n\0") == "t.csv is not a text file; save the table as CSV UTF-8"
    with pytest.raises(Problem, match=r"is a folder; give the name of a CSV file in it$"):
        reading.read_table(str(tmp_path))
    with pytest.raises(Problem, match=r"^there is no file "):
        reading.read_table(str(tmp_path / "nowhere.csv"))
    with pytest.raises(Problem, match=r"^cannot read 'x+': File name too long$"):
        reading.read_table("x" * 5000)
    write(tmp_path / "t.csv", "\ufeff a ;b\n1;2\n3;4\n")
    found = reading.read_table(str(tmp_path / "t.csv"), ",")
    assert (found.header, found.columns, found.separator, found.decimal, found.lines) == (
        [" a ", "b"],
        ["a", "b"],
        ";",
        ",",
        [2, 3],
    )


# ---- a table's columns ----


def problem(function, *args):
    with pytest.raises(Problem) as told:
        function(*args)
    return str(told.value)


def test_a_column_that_is_not_there():
    found = a_table(["Price", "area", "n"], "123")
    assert problem(found.column, "price") == "t has no column 'price'; did you mean 'Price'?"
    assert problem(found.column, "araea") == "t has no column 'araea'; did you mean 'area'?"
    assert problem(found.column, "zzz") == "t has no column 'zzz'; the columns are: Price, area, n"
    assert problem(found.column, "area, n") == "t has no column 'area, n'; write the option once for each of area, n"
    single = a_table(["a;b"], ["1"])
    assert problem(single.column, "a") == (
        "t has no column 'a'; its only column is 'a;b' (cells are separated by commas, semicolons, tabs or |)"
    )
    assert table.listed(a_table([f"c{i}" for i in range(12)])) == ", ".join(f"c{i}" for i in range(12))
    assert table.listed(a_table([f"c{i}" for i in range(13)])).endswith("c11, ...")
    assert table.listed(a_table(["a", "", "b"])) == "a, b"


def test_the_holes_of_a_table():
    found = a_table("abc", ["1", "", "x"], ["NA", "", "y"], ["3", "4", "z"])
    where = table.holes(found, ["a", "b", "c"])
    assert where.tolist() == [[False, True, False], [True, True, False], [False, False, False]]
    assert table.said_of_holes(found, ["a", "b", "c"], where) == "2 of 3 rows have missing values (b 2, a 1)"
    assert table.said_of_holes(found, ["a"], where[:, :1]) == "1 of 3 rows has missing values (a 1)"
    many = a_table([f"c{i}" for i in range(13)], [""] * 13)
    assert table.said_of_holes(many, many.columns, table.holes(many, many.columns)).endswith("c11 1, ...)")
    twelve = a_table([f"c{i}" for i in range(12)], [""] * 12)
    assert table.said_of_holes(twelve, twelve.columns, table.holes(twelve, twelve.columns)).endswith("c11 1)")
    assert problem(table.refuse_holes, found, ["a", "b"], where, "do this") == (
        "t, row 2, column 'b': the value is missing; 2 of 3 rows have missing values (b 2, a 1): do this"
    )
    assert problem(table.refuse_holes, found, ["a"], where[:, :1], "do").startswith(
        "t, row 3, column 'a': 'NA' counts as a missing value; "
    )
    table.refuse_holes(found, ["c"], where[:, 2:], "do")
    assert (found.known("a"), found.known("c"), found.absent("a")) == (["1", "3"], ["x", "y", "z"], {"NA"})
    some = found.only(np.array([True, False, True]))
    assert (some.rows, some.lines, some.column("a")) == ([["1", "", "x"], ["3", "4", "z"]], [2, 4], ["1", "3"])
    assert found.only(np.ones(3, bool)) is found


def test_a_column_of_numbers():
    found = a_table(
        "abcde", ["1", "1", "1", "1e999", "1.234"], ["NA", "x" * 50, "5 €", "1", "987"], ["2.5", "1", "1", "1", "1"]
    )
    values = table.numbers(found, "a")
    assert (values[0], math.isnan(values[1]), values[2]) == (1, True, 2.5)
    assert problem(table.numbers, found, "b") == f"t, row 3, column 'b': '{'x' * 40}' is not a number"
    assert problem(table.numbers, found, "b", " (hint)") == (
        f"t, row 3, column 'b': '{'x' * 40}' is not a number, though most of the column is (hint)"
    )
    assert problem(table.numbers, found, "c", " (hint)") == (
        "t, row 3, column 'c': '5 €' is not a number: write the number alone: 5 (hint)"
    )
    assert problem(table.numbers, found, "d", " (hint)") == "t, row 2, column 'd': '1e999' is too large"
    assert problem(table.numbers, found, "e") == (
        "t, row 2, column 'e': '1.234' is not clear beside '987': write 1234 if the point stands between thousands, or "
        "987.0 if it's a "
        "decimal point (for the whole table: --decimal , or --decimal .)"
    )
    found.decimal = "."
    assert table.numbers(found, "e") == [1.234, 987, 1]
    foreign = a_table("ab", ["1.234", "x"], ["98", "x"], separator=";")
    assert problem(table.numbers, foreign, "a") == (
        "t, row 2, column 'a': '1.234' is not clear in a table of semicolons, as all points in the column have three "
        "digits behind them: "
        "--decimal , if it is 1234, --decimal . if the point is a decimal point"
    )


# ---- what a column looks like ----


@pytest.mark.parametrize(
    ("name", "known", "apart"),
    [
        ("id", ["1", "2", "3"], True), ("id", ["1", "1", "2", "3"], True), ("id", ["1", "1", "2", "2"], False),
        ("Kunden-Nr.", ["1", "2"], True), ("number", ["1", "1", "2"], False), ("number", ["1", "2", "3"], True),
        ("a", ["10001", "10003", "99994"], True), ("a", ["1001", "1093", "9994"], False), ("a", ["10001", "10001"], False),
        ("a", ["10001", "100003"], False), ("a", ["01001", "10003"], False), ("a", ["10001", "1000.5"], False),
        ("a", ["10000", "20000", "30000", "40001"], False), ("a", ["10000", "20001", "30001", "40001"], False),
        ("a", ["10000", "20001", "30001", "40001", "50001"], True), ("year", ["1800", "2100"], False),
        ("a", [str(n) for n in range(1800, 1850)], False), ("a", [str(n) for n in range(1799, 1849)], True),
        ("a", [str(n) for n in range(2051, 2101)], False), ("a", [str(n) for n in range(2052, 2102)], True),
        ("a", [str(n) for n in (1001, 1002, 1003, 1007)], True), ("a", [str(n) for n in (1001, 1002, 1003, 1008)], False),
        ("a", ["٣٣٣٣٣", "٣٣٣٣٤"], False), ("a", ["-10001", "-10002"], False),
    ],
)  # fmt: skip
def test_whole_numbers_that_only_tell_rows_apart(name, known, apart):
    assert looks._tells_apart(name, known) is apart


def test_what_columns_look_like():
    rows = [[f"n{i}", str(i + 5), str(i % 2), f"0{3 * i}"] for i in range(10)]
    found = a_table(["name", "count", "flag", "code"], *rows)
    guesses = {"name": "an identifier", "count": "a row number", "code": "a code, by its leading zeros"}
    assert looks.looks_of(found, found.columns, {"name"}) == guesses
    assert looks.looks_of(found, ["count"], ()) == {}, "a table of one column may well count"
    assert looks.looks_of(a_table(found.columns, *rows[:9]), found.columns, {"name"}) == {"code": guesses["code"]}
    half = [["ab"[i % 2] if i < 5 else f"n{i}"] for i in range(14)]
    assert looks.looks_of(a_table("t", *half), ["t"], {"t"}) == {"t": "an identifier"}
    assert looks.looks_of(a_table("t", *[[f"n{i // 2}"] for i in range(12)]), ["t"], {"t"}) == {}
    assert looks.looks_of(a_table("ab", *[[str(i * 2), "1"] for i in range(10)]), ["a", "b"], ()) == {}
    assert looks.looks_of(a_table("ab", *[["0", "1"]] * 3), ["a", "b"], ()) == {}


def test_what_is_said_of_columns_that_teach_nothing():
    assert looks.warnings_of({}, ()) == []
    one = ("warning: 'a b' seems to only tell the rows apart; what is learned from it says nothing of new rows; to leave "
    "it out: "
           "--drop 'a b'")  # fmt: skip
    assert looks.warnings_of({"a b": "an identifier"}, ()) == [one]
    two = ("warning: 'a', 'b' seem to only tell the rows apart; what is learned from them says nothing of new rows, and "
    "`predict` refuses "
           "values that it has not seen; to leave them out: --drop a --drop b")  # fmt: skip
    assert looks.warnings_of({"a": "an identifier", "b": "a row number"}, {"b"}) == [two]
    code = "a code, by its leading zeros"
    assert looks.warnings_of({"c": code}, ()) == [
        "warning: 'c' has numbers with leading zeros, which are codes rather than amounts; to take it as text: --text c"
    ]
    assert looks.warnings_of({"c": code, "a": "an identifier", "d d": code}, ()) == [
        one.replace("'a b'", "'a'", 1).replace("'a b'", "a"),
        "warning: 'c', 'd d' have numbers with leading zeros, which are codes rather than amounts; to take them as text: "
        "--text c "
        "--text 'd d'",
    ]


# ---- which columns are learned from ----


def learned(found, target="y", **wishes):
    return columns.from_table(found, columns.Wishes(target, **wishes))


def test_a_table_becomes_inputs_and_targets():
    found = a_table(["a", "t", "y"], ["1", "q", "no"], ["2.5", "p", "yes"], ["3", "q", "no"], ["4", "p", "yes"])
    data = learned(found)
    assert data.inputs.tolist() == [[1, 0, 1], [2.5, 1, 0], [3, 0, 1], [4, 1, 0]]
    assert (data.targets.tolist(), data.targets.dtype) == ([0, 1, 0, 1], np.int64)
    known = data.encoding
    assert (known.task, known.target, known.columns, known.categories, known.labels) == (
        "classification", "y", ["a", "t"], {"t": ["p", "q"]}, ["no", "yes"]
    )  # fmt: skip
    assert data.read_as == ["a: number, 1 to 4", "t: text, 2 values", "y: text, 2 values; to predict, as a label"]
    assert (data.name, data.notes, data.one_scale) == ("t", [], False)
    data = learned(found, "a", drop=["t"])
    assert (data.encoding.task, data.targets.tolist(), data.encoding.columns) == ("regression", [1, 2.5, 3, 4], ["y"])
    assert data.read_as == ["a: number, 1 to 4; to predict", "y: text, 2 values"]
    data = learned(found, text=["a"])
    assert data.encoding.categories["a"] == ["1", "2.5", "3", "4"]
    assert learned(found, columns=["t"]).encoding.columns == ["t"]


def test_wishes_that_cannot_be_met():
    found = a_table(["a", "y"], "1p", "2q", "3p", "4q")
    assert problem(learned, found, "") == "--target '': the column to predict needs a name"
    with pytest.raises(Problem, match=r"^--drop 'y': this is the column to predict$"):
        learned(found, drop=["y"])
    for wish in ({"drop": ["b"]}, {"text": ["b"]}, {"columns": ["b"]}):
        with pytest.raises(Problem, match="has no column 'b'"):
            learned(found, **wish)
    with pytest.raises(Problem, match=r"^t has only the target column 'y'; at least one other column is needed$"):
        learned(found, drop=["a"])
    assert problem(learned, a_table(["y"], "1", "2")).endswith("is needed; its only column is 'y' (cells are separated by "
    "commas, "
                                                               "semicolons, tabs or |)")  # fmt: skip
    holes = a_table(["a", "b", "y"], ["", "1", "p"], ["", "2", "p"], ["", "3", "q"], ["", "4", "q"])
    assert problem(lambda: learned(holes, missing="mean")) == (
        "t, column 'a' has no value in any row; leave it out with --drop 'a'"
    )
    lots = a_table(["a", "y"], *[[f"n{i}", "pq"[i % 2]] for i in range(1001)])
    assert problem(learned, lots) == (
        "t, column 'a': 1001 different texts, more than the 1000 that are taken as categories; leave the column out with "
        "--drop 'a'"
    )
    assert problem(learned, a_table(["a", "y"], "1p", "2q", "3p")) == (
        "t, row 3, column 'y': the label 'q' occurs only once; it cannot be both learned and tested (for a number to "
        "predict, use --task "
        "regression)"
    )
    assert problem(learned, a_table(["a", "y"], "1p", "2p")) == (
        "t, column 'y': there is only one label, 'p'; at least two are needed"
    )
    numbers = a_table(["a", "y"], ["1", "2.5"], ["2", "x"], ["3", "1.5"])
    assert problem(learned, numbers) == (
        "t, row 3, column 'y': 'x' is not a number, though most of the column is (to take what it holds as labels: --task "
        "classification)"
    )
    with pytest.raises(Problem, match=r"^t, row 3, column 'y': 'x' is not a number$"):
        learned(numbers, task="regression")


def test_columns_that_count_the_rows_are_left_out():
    rows = [[str(i), str(i % 3), "pq"[i % 2]] for i in range(4)]
    found = a_table(["", "a", "y"], *rows, counting=[""])
    assert learned(found).notes == ["column 1 has no name and only counts or names the rows (0, 1, 2, ...): left out"]
    found = a_table(["Unnamed: 0", "a", "y"], *rows[:3], counting=["Unnamed: 0"])
    data = columns._inputs(found, columns.Wishes("y"))
    assert data == (["a"], ["column 'Unnamed: 0' only counts or names the rows (0, 1, 2): left out"])
    assert columns._inputs(found, columns.Wishes("y", text=["Unnamed: 0"])) == (["Unnamed: 0", "a"], [])
    assert columns._inputs(found, columns.Wishes("Unnamed: 0")) == (["a", "y"], [])


def test_rows_with_holes():
    found = a_table(["a", "y"], ["1", "p"], ["", "q"], ["3", ""], ["4", "p"], ["5", "q"])

    def without(choice, of=found):
        notes = []
        kept, missing = columns._without_holes(of, ["a", "y"], choice, notes)
        return kept.lines, missing, notes

    assert without("drop") == ([2, 5, 6], {}, ["2 of 5 rows have missing values (a 1, y 1): these rows were left out"])
    assert without("mean") == (
        [2, 3, 5, 6], {"a": 1},
        ["2 of 5 rows have missing values (a 1, y 1): filled in with the mean, or the commonest text, of the training rows",
         "1 of 5 rows has no value of 'y', which is to predict: left out"],
    )  # fmt: skip
    assert problem(without, "none").endswith(
        ": --missing drop leaves these rows out, --missing mean fills in the mean or the commonest text, --drop COLUMN "
        "leaves a column out"
    )
    whole = a_table(["a", "y"], "1p", "2q")
    for choice in ("none", "drop", "mean"):
        assert without(choice, whole) == ([2, 3], {}, [])
    targets = a_table(["a", "y"], ["1", ""], ["2", ""], ["3", "p"])
    assert without("mean", targets)[2] == ["2 of 3 rows have no value of 'y', which is to predict: left out"]
    assert problem(without, "drop", a_table(["a", "y"], ["", "p"], ["2", ""])) == (
        "t: 2 of 2 rows have missing values (a 1, y 1), so no row is left; --drop COLUMN leaves a column out that has "
        "many of them"
    )


@pytest.mark.parametrize(
    ("cells", "text", "task"),
    [([str(i) for i in range(20)], False, "classification"), ([str(i) for i in range(21)], False, "regression"),
     (["1.5", "2"], False, "regression"), (["1.0", "2"], False, "classification"), (["1.5", "2"], True, "classification"),
     (["a", "b"], False, "classification")],
)  # fmt: skip
def test_the_task_is_guessed_from_the_target(cells, text, task):
    assert columns._guessed_task(a_table("a"), cells, text) == task


def test_labels_stand_in_the_order_of_their_numbers_or_of_the_alphabet():
    def labels(*cells):
        known = Encoding("classification", "y")
        places = columns._labels(a_table("y", *[[cell] for cell in cells * 2]), known, [*cells * 2])
        assert [known.labels[k] for k in places] == [*cells * 2]
        return known.labels

    assert labels("10", "9", "-1") == ["-1", "9", "10"]
    assert labels("1.0", "1", "0") == ["0", "1", "1.0"]
    assert labels("10", "9", "b") == ["10", "9", "b"]
    assert labels("1.5", "10", "9") == ["1.5", "10", "9"]


def test_how_columns_were_read():
    found = a_table(
        ["a", "b", "c", "y"], ["2", "7", "x", "p"], ["10", "7", "x", "q"], ["1", "7", "x", "p"], ["9", "7", "x", "q"]
    )
    data = learned(found)
    assert data.read_as[:3] == ["a: number, 1 to 10", "b: number, always 7", "c: text, 1 value"]
    assert columns._described(found, ["1", "123456789012345"], False) == "number, 1 to 12345678901~"
    long = a_table(["n" * 80, "y"], ["1", "p"], ["2", "q"], ["3", "p"], ["4", "q"])
    assert all(len(line) == 78 or "y" in line for line in learned(long).read_as[:1])
    many = a_table([*(f"c{i}" for i in range(40)), "y"], *[["1"] * 40 + ["pq"[i % 2]] for i in range(4)])
    lines = learned(many).read_as
    assert (len(lines), lines[19], lines[20]) == (21, "c19: number, always 1", "and 21 more columns")
    fits = learned(many, drop=["c0"]).read_as
    assert (len(fits), fits[-1]) == (40, "y: text, 2 values; to predict, as a label")
    numbers = a_table(["a", "y"], *[[f"{i}", f"{i % 2}"] for i in range(4)])
    assert learned(numbers).read_as[1] == "y: number, 0 to 1; to predict, as a label"
    codes = a_table(["a", "b", "y"], *[[f"0{i}", ["1", ""][i % 2], "pq"[i % 2]] for i in range(6)])
    assert learned(codes, missing="mean").read_as[:2] == [
        "a: number, 00 to 05 (looks like a code, by its leading zeros)", "b: number, always 1; 3 missing"
    ]  # fmt: skip


def test_points_that_are_taken_for_decimal_points_are_told_of():
    found = a_table(["a", "b", "y"], ["1.234", "5", "p"], ["2.345", "6", "q"], ["3.456", "7", "p"], ["4.567", "8", "q"])
    said = ["'a': all points have three digits behind them, and are taken for decimal points; if 1.234 is 1234: --decimal "
    ", (if not, "
            "--decimal . says so)"]  # fmt: skip
    assert columns._points(found, ["a", "b"]) == said
    assert columns._points(found, ["b"]) == []
    found.decimal = "."
    assert columns._points(found, ["a"]) == []
    many = a_table([f"c{i}" for i in range(9)], ["1.234"] * 9)
    assert "'c7', ...: all points" in columns._points(many, many.columns)[0]
    assert "'c7': all points" in columns._points(many, many.columns[:8])[0]


# ---- scales ----


def test_texts_become_columns_of_zeros_and_ones():
    known = Encoding("regression", "y", ["a", "t"], {"t": ["p", "q"]})
    found = a_table("at", ["1", "q"], ["", ""], ["3", "p"])
    inputs = encoding.features(found, known)
    np.testing.assert_array_equal(inputs, [[1, 0, 1], [np.nan, np.nan, np.nan], [3, 1, 0]])
    assert encoding.blocks(known) == [("a", slice(0, 1)), ("t", slice(1, 3))]
    new = a_table("at", ["1", "z"])
    assert problem(encoding.features, new, known) == (
        "t, row 2, column 't': 'z' was not among the training data's values (p, q)"
    )
    known.categories["t"] = [*"abcdefghi"]
    assert problem(encoding.features, new, known).endswith("(a, b, c, d, e, f, g, h, ...)")
    words = a_table("at", ["x", "p"])
    assert problem(encoding.features, words, known) == "t, row 2, column 'a': 'x' is not a number"
    assert problem(encoding.features, words, known, True).endswith(
        "'x' is not a number, though most of the column is (a column of text: --text 'a'); --drop 'a' leaves it out"
    )


def test_what_stands_in_for_a_missing_value():
    known = Encoding("regression", "y", ["a", "t"], {"t": ["p", "q", "r"]})
    whole = np.array([[1.0, 1, 0, 0]])
    assert encoding.filled(whole, known, np.array([9.0, 0.2, 0.5, 0.3])) is whole
    holes = np.array([[np.nan, 1, 0, 0], [2, np.nan, np.nan, np.nan]])
    assert encoding.filled(holes, known, np.array([9.0, 0.2, 0.5, 0.3])).tolist() == [[9, 1, 0, 0], [2, 0, 1, 0]]


def data_of(inputs, targets, task="regression", **known):
    inputs = np.array(inputs, float)
    names = [f"c{i}" for i in range(inputs.shape[1])]
    labels = [*"pqr"[: 1 + int(max(targets))]] if task == "classification" else []
    return Data("t", inputs, np.array(targets), Encoding(task, "y", names, labels=labels), **known)


def test_the_scales_are_those_of_the_training_rows():
    data = data_of([[1.0, 5], [3, 5], [99, 6]], [10.0, 20, 99])
    encoding.fitted(data, np.array([0, 1]))
    known = data.encoding
    assert (known.mean, known.deviation) == ([2, 5], [1, 1])
    assert (known.lowest, known.highest) == ([1, 5], [3, 5])
    assert (known.target_mean, known.target_deviation) == (15, 5)
    scaled = encoding.scaled(data.inputs, known)
    assert (scaled.tolist(), scaled.dtype) == ([[-1, 0], [1, 0], [97, 1]], np.float32)
    assert np.isinf(encoding.scaled(np.array([[1e300, 5]]), known)[0, 0])
    pixels = data_of([[0.0, 4], [0, 8]], [0, 1], "classification", one_scale=True)
    encoding.fitted(pixels, np.array([0, 1]))
    known = pixels.encoding
    assert (known.mean, known.lowest, known.highest) == ([3, 3], [0, 0], [8, 8])
    assert known.deviation == pytest.approx([math.sqrt(11)] * 2)
    assert (known.target_mean, known.target_deviation) == (0, 1)
    holes = data_of([[0.1], [0.1], [0.1], [np.nan]], [1.0, 2, 3, 4])
    encoding.fitted(holes, np.array([0, 1, 2]))
    assert (holes.encoding.mean, holes.encoding.deviation, holes.inputs[3, 0]) == ([0.1], [1.0], 0.1)
    nothing = data_of([[np.nan], [1.0]], [1.0, 2])
    assert problem(encoding.fitted, nothing, np.array([0])) == (
        "t, column 'c0': no training row has a value, so nothing can stand in for the missing ones; leave it out with "
        "--drop 'c0'"
    )


@pytest.mark.parametrize(("share", "tested"), [(0.2, 2), (0.01, 1), (0.99, 9), (0.5, 5), (0.26, 3)])
def test_rows_are_split_by_the_seed_and_each_row_is_in_one_part(share, tested):
    data = data_of(np.arange(10.0)[:, None], np.arange(10.0))
    learn, test = encoding.split(data, share, 3)
    assert len(test) == tested
    assert sorted([*learn, *test]) == [*range(10)]
    assert (learn.tolist(), test.tolist()) == (sorted(learn), sorted(test))
    again = encoding.split(data, share, 3)
    assert (again[0].tolist(), again[1].tolist()) == (learn.tolist(), test.tolist())
    if tested == 5:
        assert encoding.split(data, share, 4)[1].tolist() != test.tolist()
    kinds = data_of(np.zeros((10, 1)), [0] * 8 + [1] * 2, "classification")
    learn, test = encoding.split(kinds, share, 0)
    assert sorted([*learn, *test]) == [*range(10)]
    assert np.bincount(kinds.targets[test]).tolist() == [min(max(round(8 * share), 1), 7), 1]


def test_one_row_cannot_be_split():
    data = data_of([[1.0]], [1.0])
    assert problem(encoding.split, data, 0.2, 0) == (
        "t has 1 row; at least two are needed, one to learn from and one to test with"
    )


def test_the_names_of_a_file_are_in_the_spelling_of_tables():
    known = Encoding("classification", " e\u0301", ["a ", "t"], {"t ": [" p"]}, ["l "])
    found = encoding.restored(known.as_dict())
    assert (found.target, found.columns, found.categories, found.labels) == ("é", ["a", "t"], {"t": ["p"]}, ["l"])
