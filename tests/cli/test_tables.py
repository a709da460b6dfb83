"""Tables as courses have them: with holes, identifiers, other countries' numbers, and what programs add to them."""

import csv
import io
import itertools
import json
import re
import time
import unicodedata

import numpy as np
import pytest
from command_line import run, write
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from autodiff._cli import network, spelling

QUICK = ["--hidden", "none", "--epochs", "2"]


def facts_of(model):
    with safe_open(model, "numpy") as file:
        return json.loads(file.metadata()["facts"])


def without_notes(out):
    """What `train` printed, without its notes: they stand before the line of the network."""
    return re.sub(r"(?s)\nnote: .*?\nnetwork ", "\nnetwork ", out)


def rows_of(text):
    return list(csv.reader(io.StringIO(text)))


def refused(answer, *words):
    code, _, err = answer
    assert code == 2
    assert err.startswith("autodiff: error: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


PENGUINS = "species,bill,sex,year\n" + "".join(
    f"{'AG'[i % 2]},{'NA' if i in (3, 8) else 30 + 10 * (i % 2) + i / 10},{'' if i in (3, 5, 11) else 'mf'[i // 2 % 2]},2007\n"
    for i in range(40)
)


@pytest.fixture
def penguins(tmp_path):
    return write(tmp_path / "penguins.csv", PENGUINS)


# ---- missing values ----


def test_missing_values_are_counted_and_the_way_out_is_named(capsys, penguins):
    answer = run(capsys, "train", penguins, "--target", "species", *QUICK)
    refused(answer, "row 5, column 'bill': 'NA' counts as a missing value", "4 of 40 rows have missing values (sex 3, bill 2)")
    refused(answer, "--missing drop", "--missing mean", "--drop COLUMN")


def test_rows_with_missing_values_are_dropped(capsys, tmp_path, penguins):
    options = ["--target", "species", *QUICK]
    whole = run(capsys, "train", penguins, *options, "--missing", "drop")[1]
    assert "note: 4 of 40 rows have missing values (sex 3, bill 2): these rows were left out\n" in whole.replace("\n  ", " ")
    clean = [row for row in PENGUINS.splitlines() if "NA" not in row and ",," not in row]
    assert len(clean) == 37
    same = run(capsys, "train", write(penguins, "\n".join(clean)), *options)[1]
    assert without_notes(same) == without_notes(whole)


def test_missing_values_are_filled_in_from_the_training_rows(capsys, tmp_path, penguins):
    from autodiff._cli.columns import Wishes, from_table
    from autodiff._cli.encoding import fitted, split
    from autodiff._cli.reading import read_table

    model = tmp_path / "m"
    code, out, _ = run(capsys, "train", penguins, "--target", "species", *QUICK, "--missing", "mean", "--save", model)
    assert code == 0
    assert "  bill: number, 30.0 to 43.9; 2 missing\n" in out
    assert "  sex: text, 2 values; 3 missing\n" in out
    data = from_table(read_table(str(penguins)), Wishes("species", missing="mean"))
    learn, _ = split(data, 0.2, 0)
    raw = data.inputs.copy()
    fitted(data, learn)
    mean = np.nanmean(raw[learn, 0])
    assert data.inputs[3, 0] == pytest.approx(mean)
    usual = np.nansum(raw[learn, 1:3], axis=0)
    for row in (3, 5, 11):
        assert data.inputs[row, 1:3].tolist() == np.eye(2)[usual.argmax()].tolist()
    known = ~np.isnan(raw)
    assert (data.inputs[known] == raw[known]).all()
    encoding = facts_of(model)["encoding"]
    assert encoding["missing"] == "mean"
    assert encoding["mean"][0] == pytest.approx(mean)
    # A hole is predicted as what stands in for it.
    word = encoding["categories"]["sex"][usual.argmax()]
    new = write(tmp_path / "new.csv", f"bill,sex,year\nNA,,2007\n{encoding['mean'][0]!r},{word},2007\n")
    code, out, err = run(capsys, "predict", model, new)
    assert code == 0
    _, hole, full = out.splitlines()
    assert hole == full
    assert "1 of 2 rows has missing values (bill 1, sex 1): filled in" in err


def test_a_row_that_cannot_be_predicted_keeps_its_place(capsys, tmp_path, penguins):
    model = tmp_path / "m"
    assert run(capsys, "train", penguins, "--target", "species", *QUICK, "--missing", "drop", "--save", model)[0] == 0
    code, out, err = run(capsys, "predict", model, penguins)
    assert code == 0
    found = rows_of(out)[1:]
    assert len(found) == 40
    assert [i for i, row in enumerate(found) if row == ["", ""]] == [3, 5, 8, 11]
    assert "4 of 40 rows have missing values (sex 3, bill 2): their predictions are empty" in err
    filled = rows_of(run(capsys, "predict", model, penguins, "--missing", "mean")[1])[1:]
    assert all(row[0] for row in filled)
    assert [row for i, row in enumerate(filled) if i not in (3, 5, 8, 11)] == [row for row in found if row[0]]
    nothing = write(tmp_path / "nothing.csv", "bill,sex,year\nNA,m,2007\n")
    assert run(capsys, "predict", model, nothing)[:2] == (0, "species,probability\n,\n")


def test_a_model_without_missing_values_refuses_them(capsys, tmp_path, penguins):
    clean, model = write(tmp_path / "clean.csv", PENGUINS.replace("NA", "31").replace(",,", ",m,")), tmp_path / "m"
    assert run(capsys, "train", clean, "--target", "species", *QUICK, "--save", model)[0] == 0
    refused(
        run(capsys, "predict", model, penguins, "--output", tmp_path / "o"), "4 of 40 rows", "--missing drop", "--missing mean"
    )
    assert not (tmp_path / "o").exists()
    assert run(capsys, "predict", model, penguins, "--missing", "mean")[0] == 0


@pytest.mark.parametrize("choice", ["drop", "mean"])
def test_a_row_without_a_target_is_not_learned_from(capsys, penguins, choice):
    code, out, _ = run(capsys, "train", penguins, "--target", "sex", *QUICK, "--missing", choice)
    assert code == 0
    learned, tested = map(int, re.search(r"(\d+) rows to learn from, (\d+) to test with", out).groups())
    assert learned + tested == (36 if choice == "drop" else 37)
    assert choice == "drop" or "3 of 40 rows have no value of 'sex', which is to predict: left out" in out


@pytest.mark.parametrize("word", [*spelling.MISSING, "na", "NONE", "nan", "n/a", " ", "Null"])
def test_what_counts_as_missing(capsys, tmp_path, word):
    path = write(tmp_path / "t.csv", f"a,w,y\n1,p,u\n{word},p,v\n" + "2,q,u\n3,p,v\n" * 5)
    refused(run(capsys, "train", path, "--target", "y", *QUICK), "row 3, column 'a'", "1 of 12 rows has missing values (a 1)")
    assert run(capsys, "train", path, "--target", "y", *QUICK, "--missing", "mean")[0] == 0


def test_a_column_without_a_name_is_no_target(capsys, tmp_path):
    path = write(tmp_path / "t.csv", ",a\n1,2\n2,3\n3,4\n")
    refused(run(capsys, "train", path, "--target", ""), "needs a name")
    refused(run(capsys, "train", path, "--target", "a"), "only the target column 'a'")


def test_nothing_left_to_learn_from(capsys, tmp_path):
    path = write(tmp_path / "t.csv", "a,e,y\n" + "1,,u\n2,,v\n" * 10)
    refused(run(capsys, "train", path, "--target", "y", *QUICK, "--missing", "drop"), "no row is left", "--drop COLUMN")
    refused(run(capsys, "train", path, "--target", "y", *QUICK, "--missing", "mean"), "column 'e' has no value", "--drop 'e'")
    assert run(capsys, "train", path, "--target", "y", *QUICK, "--drop", "e")[0] == 0
    path = write(tmp_path / "u.csv", "a,e,y\n" + "1,,u\n2,,v\n" * 10 + "1,7,u\n")
    answers = [run(capsys, "train", path, "--target", "y", *QUICK, "--missing", "mean", "--seed", seed) for seed in range(12)]
    assert {answer[0] for answer in answers} == {0, 2}  # the only value is in the training rows, or in the test rows
    refused(next(a for a in answers if a[0]), "column 'e': no training row has a value", "--drop 'e'")


@pytest.mark.parametrize("value", ["0.1", "0.7", "1e-9", "123456.789"])
def test_a_hole_in_a_constant_column_leaves_it_constant(capsys, tmp_path, value):
    for rows in range(3, 30):
        path = write(
            tmp_path / "t.csv", "a,c,y\n" + "".join(f"{i},{value if i else 'NA'},{i / 3:.5f}\n" for i in range(rows + 1))
        )
        assert run(capsys, "train", path, "--target", "y", *QUICK, "--missing", "mean", "--save", tmp_path / "m")[0] == 0
        encoding = facts_of(tmp_path / "m")["encoding"]
        assert (encoding["mean"][1], encoding["deviation"][1]) == (float(value), 1.0)


def test_resuming_treats_missing_values_as_before(capsys, tmp_path, penguins):
    whole, part = tmp_path / "whole", tmp_path / "part"
    options = ["train", penguins, "--target", "species", "--missing", "mean", "--hidden", "3", "--drop", "year"]
    assert run(capsys, *options, "--epochs", 4, "--save", whole)[0] == 0
    assert run(capsys, *options, "--epochs", 2, "--save", part)[0] == 0
    assert run(capsys, "train", penguins, "--resume", part, "--epochs", 4, "--save", part)[0] == 0
    assert facts_of(whole) == facts_of(part)
    arrays, others = load_file(whole), load_file(part)
    assert {name: a.tobytes() for name, a in arrays.items()} == {name: a.tobytes() for name, a in others.items()}
    refused(run(capsys, "train", penguins, "--resume", part, "--missing", "drop"), "--missing drop differs from the mean that")
    refused(run(capsys, "train", penguins, "--resume", part, "--drop", "bill"), "--drop bill")
    assert run(capsys, "train", penguins, "--resume", part, "--drop", "year")[0] == 0


# ---- identifiers, and how columns were read ----

CHURN = "customer,plan,months,churn\n" + "".join(
    f"C{i:04d},{'abc'[i % 3]},{1 + i % 72},{'yn'[i // 2 % 2]}\n" for i in range(90)
)


def test_how_the_columns_were_read(capsys, tmp_path):
    path = write(tmp_path / "t.csv", CHURN)
    out = run(capsys, "train", path, "--target", "churn", *QUICK)[1].splitlines()
    assert [line.strip() for line in out[2:6]] == [
        "customer: text, 90 values (looks like an identifier)", "plan: text, 3 values", "months: number, 1 to 72",
        "churn: text, 2 values; to predict, as a label",
    ]  # fmt: skip
    assert max(map(len, out[2:])) <= 80
    assert len(run(capsys, "train", path, "--target", "churn", *QUICK, "--quiet")[1].splitlines()) == 1


def test_an_identifier_is_warned_of_and_can_be_dropped(capsys, tmp_path):
    path, model = write(tmp_path / "t.csv", CHURN), tmp_path / "m"
    out = run(capsys, "train", path, "--target", "churn", *QUICK)[1].replace("\n  ", " ")
    assert "warning: 'customer' seems to only tell the rows apart" in out
    assert "to leave it out: --drop customer\n" in out
    options = ["--drop", "customer", "--drop", "plan", "--save", model]
    out = run(capsys, "train", path, "--target", "churn", *QUICK, *options)[1]
    assert "72 rows to learn from, 18 to test with, 1 input\n" in out
    assert "warning" not in out
    new = write(tmp_path / "new.csv", CHURN.replace("C0", "X0"))
    assert run(capsys, "predict", model, new)[0] == 0
    refused(run(capsys, "train", path, "--target", "churn", "--drop", "costumer"), "did you mean 'customer'?")
    refused(run(capsys, "train", path, "--target", "churn", "--drop", "churn"), "the column to predict")
    drops = itertools.chain.from_iterable(("--drop", name) for name in ("customer", "plan", "months"))
    refused(run(capsys, "train", path, "--target", "churn", *drops), "only the target column")
    refused(run(capsys, "train", "--drop", "x"), "need a table")


def test_a_row_number_is_warned_of_also_when_rows_are_dropped(capsys, tmp_path):
    text = "Id,a,y\n" + "".join(f"{i + 1},{'' if i == 7 else i % 5},{'uv'[i % 2]}\n" for i in range(30))
    path = write(tmp_path / "t.csv", text)
    out = run(capsys, "train", path, "--target", "y", *QUICK, "--missing", "drop")[1]
    assert "  Id: number, 1 to 30 (looks like a row number)\n" in out
    assert "--drop Id\n" in out
    alone = write(tmp_path / "alone.csv", "x,y\n" + "".join(f"{i},{2 * i + 0.5}\n" for i in range(30)))
    assert "looks like" not in run(capsys, "train", alone, "--target", "y", *QUICK)[1]


@given(names=st.lists(st.text("ab \u00e9_", min_size=30, max_size=90).map(str.strip), min_size=3, max_size=3, unique=True))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_long_names_fit_80_columns(capsys, tmp_path, names):
    assume(all(names) and len(set(names)) == 3)
    cells = "".join(f"{i},word {i % 2 if i else ''},{1e6 + i / 7:.9f}\n" for i in range(20))
    path = write(tmp_path / "t.csv", ",".join(names) + "\n" + cells)
    code, out, _ = run(capsys, "train", path, "--target", names[2], *QUICK)
    assert code == 0
    assert max(len(line) for line in out.splitlines() if line.startswith("  ") and ": " in line and "--drop" not in line) <= 80


def test_a_table_of_many_columns_is_not_listed_to_the_end(capsys, tmp_path):
    names = [f"p{i}" for i in range(100)]
    path = write(tmp_path / "t.csv", ",".join([*names, "y"]) + "\n" + ("1," * 100 + "u\n" + "2," * 100 + "v\n") * 5)
    out = run(capsys, "train", path, "--target", "y", *QUICK)[1].splitlines()
    assert "  p19: number, 1 to 2" in out
    assert "  and 81 more columns" in out
    assert len([line for line in out if line.startswith("  p")]) == 20


# ---- other countries' numbers ----

SPELT = {
    "839,49": "839.49", "2.927,21": "2927.21", "1.234.567": "1234567", "10 %": ": 10", "10%": ": 10", "$5": ": 5",
    "1 234,5": "1234.5", "1\u00a0234,5": "1234.5", "1'234.50": "1234.50", "1,234.56": "1234.56", "12,5 %": "12.5",
    "\u22123": "-3", "5 \u20ac": ": 5", "EUR 5": ": 5", "1.234,50 \u20ac": "1234.50", "1_000": "1000", "12 kg": ": 12",
    "1,234": "between thousands", "27.03.2024": "a date", "2024-03-27": "a date", "3/27/24": "a date",
    "27 Mar 2024": "a date", "27. M\u00e4rz 2024": "a date", "Mar 27, 2024": "a date", "2024-03-27 12:30:00": "a date",
    "2024-03-27T12:30:00Z": "a date", "12:30": "a time", "9:30 PM": "a time",
}  # fmt: skip


@pytest.mark.parametrize("cell", SPELT)
@pytest.mark.parametrize("place", ["input", "target"])
def test_numbers_in_another_spelling_are_never_categories(capsys, tmp_path, cell, place):
    column = "price" if place == "input" else "y"
    path = write(tmp_path / "t.csv", "price;y\n" + f"{cell};{cell}\n".replace(cell, "1", place == "target") * 8)
    text = "y;price\n" + "".join(f"{'uv'[i % 2]};{cell}\n" for i in range(12))
    path = write(path, text if place == "input" else text.replace("y;price", "a;y", 1))
    answer = run(capsys, "train", path, "--target", "y", *QUICK)
    refused(answer, f"row 2, column {column!r}: {cell!r} is not a number", SPELT[cell])
    if place == "input":
        refused(answer, "--text 'price'", "--drop 'price'")
        code, out, _ = run(capsys, "train", path, "--target", "y", *QUICK, "--text", "price")
        assert code == 0
        assert "price: text, 1 value\n" in out
    else:
        refused(answer, "--task classification")


def test_a_few_foreign_numbers_among_plain_ones(capsys, tmp_path):
    path = write(tmp_path / "t.csv", "a;y\n" + "1.5;u\n2;v\n" * 5 + "2.927,21;u\n")
    refused(run(capsys, "train", path, "--target", "y", *QUICK), "row 12, column 'a': '2.927,21' is not a number")


def test_points_between_thousands_are_not_taken_for_decimals(capsys, tmp_path):
    def trained(*cells):
        path = write(tmp_path / "t.csv", "a,y\n" + "".join(f"{cell},{'uv'[i % 2]}\n" for i, cell in enumerate(cells * 4)))
        return run(capsys, "train", path, "--target", "y", *QUICK)

    refused(trained("987", "1.234", "12.500"), "row 3, column 'a': '1.234'", "write 1234 if", "987.0 if")
    for cells in (("1.234", "2.345"), ("987.0", "1.234"), ("0.234", "987"), ("1.25", "987", "1.234"), ("1234", "1.234")):
        assert trained(*cells)[0] == 0, cells


@given(
    st.floats(0, 9_999_999, allow_nan=False),
    st.sampled_from([",.", ".,", " ,", "' .", "\u202f,", "\u2019."]),
    st.integers(1, 4),
)
def test_the_number_that_is_proposed_is_the_one_meant(value, marks, digits):
    between, decimal = marks[0], marks[-1]
    plain = f"{value:,.{digits}f}"
    cell = plain.replace(",", "\0").replace(".", decimal).replace("\0", between)
    proposed = (spelling.advice(cell) or "").rpartition(": ")[2]
    if spelling.as_number(cell) is None and not (cell.count(",") == 1 and digits == 3 and value < 1000):
        assert float(proposed) == float(plain.replace(",", ""))


@pytest.mark.parametrize("word", ["4 doors", "A5", "18-24", "<5", "1/2", "Q1 2024", "12 Main Street", "red", "v1.2.3"])
def test_words_with_digits_stay_words(capsys, tmp_path, word):
    path = write(tmp_path / "t.csv", "a,y\n" + f"{word},u\nother,v\n{word},v\n" * 5)
    assert "a: text, 2 values" in run(capsys, "train", path, "--target", "y", *QUICK)[1]


# ---- names in two forms of one letter ----


@pytest.mark.parametrize(("table_form", "typed_form"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
def test_letters_are_compared_whatever_their_form(capsys, tmp_path, table_form, typed_form):
    text = "\u00e2ge,h\u00f4tel,\u00e9tat,pr\u00e9nom\n" + "1,caf\u00e9,\u00e9lu,\u00fc\n2,th\u00e9,b\u00e9,\u00e4\n" * 5
    path, model = write(tmp_path / "t.csv", unicodedata.normalize(table_form, text)), tmp_path / "m"

    def typed(name):
        return unicodedata.normalize(typed_form, name)

    options = ["--target", typed("\u00e9tat"), "--text", typed("\u00e2ge"), "--drop", typed("pr\u00e9nom")]
    code, out, _ = run(capsys, "train", path, *options, *QUICK, "--save", model)
    assert code == 0
    assert "4 inputs" in out
    new = write(tmp_path / "new.csv", unicodedata.normalize(typed_form, "\u00e2ge,h\u00f4tel\n1,caf\u00e9\n"))
    code, out, _ = run(capsys, "predict", model, new)
    assert code == 0
    assert out.startswith("\u00e9tat,")
    both = write(tmp_path / "both.csv", "\u00e9,e\u0301,y\n1,2,u\n1,2,v\n")
    refused(run(capsys, "train", both, "--target", "y"), "two columns are called '\u00e9'")
    assert run(capsys, "train", path, "--resume", model, "--target", typed("\u00e9tat"), "--epochs", 3)[0] == 0


def test_a_model_file_with_decomposed_names(capsys, tmp_path):
    path, model = write(tmp_path / "t.csv", "\u00e9t\u00e9,y\n" + "\u00e9,\u00ea\n\u00e0,\u00e2\n" * 5), tmp_path / "m"
    assert run(capsys, "train", path, "--target", "y", *QUICK, "--save", model)[0] == 0
    expected = run(capsys, "predict", model, path)
    with safe_open(model, "numpy") as file:
        metadata = file.metadata()
    facts = unicodedata.normalize("NFD", json.dumps(json.loads(metadata["facts"]), ensure_ascii=False))
    save_file(load_file(model), model, {**metadata, "facts": facts})
    assert run(capsys, "predict", model, path) == expected


# ---- what programs add ----

PLAIN = "a,b,y\n" + "".join(f"{i * 7 % 5},{i * 3 % 11},{'uv'[i % 2]}\n" for i in range(20))


def each(change):
    header, *rows = PLAIN.splitlines()
    return "\n".join([change(header, None), *(change(row, i) for i, row in enumerate(rows))]) + "\n"


ADDED = {
    "pandas' index": (each(lambda row, i: f"{'' if i is None else i},{row}"), "column 1 has no name and only counts or names"),
    "a shuffled index": (
        each(lambda row, i: f"{'' if i is None else i * 7 % 20},{row}"),
        "only counts or names the rows (0, 7,",
    ),
    "R's index": (
        each(lambda row, i: '"",' + row if i is None else f'"{i + 1}",{row}'),
        "counts or names the rows (1, 2, 3, ...)",
    ),
    "R's names": (each(lambda row, i: f"{'' if i is None else f'Mazda {i}'},{row}"), "names the rows (Mazda 0, Mazda 1"),
    "an index saved twice": (
        each(lambda row, i: f"{'Unnamed: 0' if i is None else i},{row}"),
        "column 'Unnamed: 0' only counts",
    ),
    "trailing commas": (each(lambda row, i: row + ","), "empty cells after the last column"),
    "trailing commas below": (each(lambda row, i: row if i is None else row + ",,"), "empty cells after the last column"),
    "trailing commas in the header": (
        each(lambda row, i: row + ",," if i is None else row),
        "empty cells after the last column",
    ),
    "one trailing comma": (each(lambda row, i: row + "," if i == 3 else row), "empty cells after the last column"),
    "an empty column before": (each(lambda row, i: "," + row), "empty columns without a name"),
    "an empty column between": (each(lambda row, i: row.replace(",", ",,", 1)), "empty columns without a name"),
    "sep=;": ("sep=;\n" + PLAIN.replace(",", ";"), "'sep=;', names the separator"),
    "sep=, in capitals": ("SEP=,\r\n" + PLAIN, "'SEP=,', names the separator"),
    "sep with a mark": ("\ufeffsep=;\n" + PLAIN.replace(",", ";"), "'sep=;', names the separator"),
    "a quoted sep": ('"sep=|"\n' + PLAIN.replace(",", "|"), "names the separator"),
    "sep=tab": ("sep=\t\n" + PLAIN.replace(",", "\t"), "names the separator"),
    "bars": (PLAIN.replace(",", "|"), "the cells are separated by |"),
}


@pytest.mark.parametrize("case", ADDED)
def test_what_programs_add_is_read_and_told(capsys, tmp_path, case):
    text, note = ADDED[case]
    path, model = write(tmp_path / "t.csv", text), tmp_path / "m"
    code, out, err = run(capsys, "train", path, "--target", "y", *QUICK, "--save", model)
    assert (code, err) == (0, "")
    assert out.count("note: ") == 1
    assert note in out.replace("\n  ", " ")
    plain = run(capsys, "train", write(path, PLAIN), "--target", "y", *QUICK)[1]
    assert without_notes(out.replace(f"saved in {model}\n", "")) == without_notes(plain)
    expected = run(capsys, "predict", model, path)
    code, out, err = run(capsys, "predict", model, write(path, text))
    assert (code, out) == expected[:2]
    assert err == "" or note in err


HEADERS = {
    "commas in the names": "Area, m2;Price, EUR;y\n" + "".join(f"{i},{i};{i},5;{'uv'[i % 2]}\n" for i in range(9)),
    "bars in a name": "sex (m|f|d),age,y\n" + "".join(f"{'mfd'[i % 3]},{i},{'uv'[i % 2]}\n" for i in range(9)),
    "more bars than commas": "s (m|f|d|x|z),y\n" + "".join(f"{'mfd'[i % 3]},{'uv'[i % 2]}\n" for i in range(9)),
    "semicolons in a name": "a (x;y;z;w)\ty\n" + "".join(f"{i}\t{'uv'[i % 2]}\n" for i in range(9)),
    "a comma among bars": "a, b|c|y\n" + "".join(f"{i}|{i}|{'uv'[i % 2]}\n" for i in range(9)),
}


@pytest.mark.parametrize("case", HEADERS)
def test_names_that_hold_another_separator(capsys, tmp_path, case):
    from autodiff._cli.reading import read_table

    path = write(tmp_path / "t.csv", HEADERS[case])
    table = read_table(str(path))
    assert table.columns[-1] == "y"
    assert table.column("y")[:2] == ["u", "v"]
    assert "".join(table.columns).count("(") in (0, 1)


NOT_READ = {
    "a column without a name": (each(lambda row, i: row + ("," if i is None else ",3")), "column 4 has no name"),
    "a first column that is no index": (each(lambda row, i: ("," if i is None else f"{i % 3},") + row), "column 1 has no name"),
    "measures without a name": (each(lambda row, i: ("," if i is None else f"{i + 0.5},") + row), "column 1 has no name"),
    "one row too long": (each(lambda row, i: row + ",7" if i == 3 else row), "row 5: 4 cells, but the header has 3 columns"),
    "one row too short": (each(lambda row, i: row[:3] if i == 3 else row), "row 5: 2 cells, but the header has 3 columns"),
    "no separator": ("sep=\n" + PLAIN, "names no separator"),
    "a letter": ("sep=x\n" + PLAIN, "names no separator"),
    "nothing else": ("sep=;\n", "is empty"),
}


@pytest.mark.parametrize("case", NOT_READ)
def test_what_would_lose_something_is_refused(capsys, tmp_path, case):
    text, message = NOT_READ[case]
    refused(run(capsys, "train", write(tmp_path / "t.csv", text), "--target", "y", *QUICK), message)


# ---- baselines and predictions ----


def test_the_baseline_is_that_of_the_training_rows(capsys, tmp_path):
    path = write(tmp_path / "t.csv", "a,y\n" + "1,u\n2,v\n3,v\n" * 20)
    out = run(capsys, "train", path, "--target", "y", *QUICK)[1].splitlines()
    assert "Baseline, always the commonest label 'v': 66.67 %" in out
    rng = np.random.default_rng(3)
    path, model = (
        write(tmp_path / "u.csv", "a,y\n" + "".join(f"{x:.3f},{9 * x:.3f}\n" for x in rng.normal(size=50))),
        tmp_path / "m",
    )
    out = run(capsys, "train", path, "--target", "y", *QUICK, "--save", model)[1].splitlines()
    line = next(line for line in out if line.startswith("Baseline"))
    mean, error = (float(word.rstrip(":")) for word in (line.split()[4], line.split()[-1]))
    assert mean == pytest.approx(facts_of(model)["encoding"]["target_mean"], rel=1e-5)
    squared = float(next(row for row in out if row.startswith("R squared")).split()[-1])
    assert 1 - (float(out[-1]) / error) ** 2 == pytest.approx(squared, abs=0.1)  # of nearly the same mean
    assert out.index(line) < len(out) - 2


def test_predictions_beside_the_table(capsys, tmp_path, penguins):
    model = tmp_path / "m"
    assert run(capsys, "train", penguins, "--target", "species", *QUICK, "--missing", "mean", "--save", model)[0] == 0
    new = write(tmp_path / "new.csv", 'note,"bill ",sex,year,probability\n"a, b", 31 ,m,2007,x\nc,NA,f,2007,y\n')
    short = rows_of(run(capsys, "predict", model, new)[1])
    kept = rows_of(run(capsys, "predict", model, new, "--keep")[1])
    assert kept[0] == ["note", "bill ", "sex", "year", "probability", "predicted species", "probability (new)"]
    assert [row[:5] for row in kept[1:]] == [["a, b", " 31 ", "m", "2007", "x"], ["c", "NA", "f", "2007", "y"]]
    assert [row[5:] for row in kept[1:]] == short[1:]


def test_probabilities_of_all_labels(capsys, tmp_path):
    path, model = write(tmp_path / "t.csv", "a,y\n" + "1,u\n2,v\n3,w\n" * 10), tmp_path / "m"
    assert run(capsys, "train", path, "--target", "y", *QUICK, "--save", model)[0] == 0
    header, *rows = rows_of(run(capsys, "predict", model, path, "--probabilities")[1])
    assert header == ["y", "probability", "probability of u", "probability of v", "probability of w"]
    for label, probability, *every in rows:
        assert sum(map(float, every)) == pytest.approx(1, abs=2e-4)
        assert max(map(float, every)) == float(probability)
        assert every["uvw".index(label)] == probability
    numbers = tmp_path / "n"
    assert run(capsys, "train", path, "--target", "a", "--task", "regression", *QUICK, "--save", numbers)[0] == 0
    refused(run(capsys, "predict", numbers, path, "--probabilities"), "--probabilities", "predicts numbers")


def test_files_of_the_first_version_still_load(capsys, tmp_path):
    path, model = write(tmp_path / "t.csv", CHURN), tmp_path / "m"
    assert run(capsys, "train", path, "--target", "churn", *QUICK, "--save", model)[0] == 0
    before, expected = model.read_bytes(), run(capsys, "predict", model, path)
    with safe_open(model, "numpy") as file:
        metadata = file.metadata()
    facts = json.loads(metadata["facts"])
    del facts["tested"], facts["encoding"]["missing"]
    save_file(load_file(model), model, {**metadata, "facts": json.dumps(facts)})
    assert model.read_bytes() != before
    assert run(capsys, "predict", model, path) == expected
    assert run(capsys, "train", path, "--resume", model, "--epochs", 4, "--save", model)[0] == 0
    assert len(facts_of(model)["history"]) == 4


def test_the_test_curve_has_no_gap(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    path, model = write(tmp_path / "t.csv", CHURN), tmp_path / "m"
    plot = ["--plot", tmp_path / "c.svg", "--save", model]
    assert run(capsys, "train", path, "--target", "churn", *QUICK, *plot)[0] == 0
    assert len(facts_of(model)["tested"]) == 2
    whole = tmp_path / "whole"
    assert run(capsys, "train", path, "--resume", model, "--epochs", 3, *plot[:2], "--save", whole)[0] == 0
    assert len(facts_of(whole)["tested"]) == 3
    assert run(capsys, "train", path, "--resume", model, "--epochs", 3, "--save", model)[0] == 0
    assert facts_of(model)["tested"] == []
    assert run(capsys, "train", path, "--resume", model, "--epochs", 4, *plot)[0] == 0
    assert len(facts_of(model)["tested"]) == 1


def test_a_stopped_run_is_drawn_as_far_as_it_came(capsys, tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib.figure")
    path, model = write(tmp_path / "t.csv", "a,y\n" + "".join(f"{i % 7},{i * 2.5}\n" for i in range(40))), tmp_path / "m"
    figures, steps, save, step = [], [], matplotlib.Figure.savefig, network.SGD.step
    monkeypatch.setattr(matplotlib.Figure, "savefig", lambda self, *a, **k: (figures.append(self), save(self, *a, **k))[1])

    def interrupted(self, *arguments):
        steps.append(1)
        if len(steps) == 8:  # in the middle of the fourth epoch of two steps
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(network.SGD, "step", interrupted)
    options = ["--target", "y", "--batch-size", 16, "--plot", tmp_path / "c.png", "--save", model]
    code, _, err = run(capsys, "train", path, *options)
    assert code == 130
    assert "Stopped; 3 of 30 epochs were done" in err
    assert len(facts_of(model)["tested"]) == 3
    left, right = figures[0].axes
    assert [len(line.get_xdata()) for line in left.lines] == [3, 3]
    predicted = {float(row[0]) for row in rows_of(run(capsys, "predict", model, path)[1])[1:]}
    assert all(min(abs(y - p) for p in predicted) < 1e-4 for y in right.lines[1].get_ydata())


def test_a_picture_of_names_that_mean_something_to_matplotlib(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    rows = "".join(f"{i % 7},{i * 2.5}\n" for i in range(30))
    path = write(tmp_path / "t.csv", "a,$\\frac{price in \u20ac$ \u4fa1\n" + rows)
    target = path.read_text(encoding="utf-8").partition("\n")[0][2:]
    code, _, err = run(capsys, "train", path, "--target", target, *QUICK, "--plot", tmp_path / "c.png")
    assert (code, err) == (0, "")


# ---- the command line ----


def test_no_command_prints_the_help(capsys):
    code, out, err = run(capsys)
    assert (code, out) == (2, "")
    assert err == run(capsys, "--help")[1]
    assert "examples:\n  autodiff train " in err


@pytest.mark.parametrize("command", ["train", "predict"])
def test_the_help_has_an_example(capsys, command):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert f"\n  autodiff {command} " in out


@pytest.mark.parametrize(
    "arguments",
    [["--hidden", "64", "32"], ["t.csv", "--hidden", "64", "32"], ["--hidden", "64", "32", "t.csv"], ["--hidden=64", "32"],
     ["--hidden", "64,", "32"], ["--hidden", "64 32"], ["--hidden", "64,32,"]],
)  # fmt: skip
def test_widths_with_spaces(capsys, arguments):
    code, out, err = run(capsys, "train", *arguments)
    assert (code, out) == (2, "")
    assert "write the widths with commas and no space: --hidden 64,32 " in err
    assert err.count("\n") == 1


def test_several_columns_after_one_option(capsys, tmp_path):
    path = write(tmp_path / "t.csv", CHURN)
    answer = run(capsys, "train", path, "--target", "churn", "--drop", "customer", "plan")
    assert answer[0] == 2
    assert "unrecognized arguments: plan; for several columns repeat the option: --drop plan" in answer[2]
    answer = run(capsys, "train", path, "--target", "churn", "--drop", "customer,plan")
    refused(answer, "no column 'customer,plan'; write the option once for each of customer, plan")
    code, out, err = run(capsys, "train", path, "--target", "churn", "--drop", "customer", "--nope")
    assert (code, out) == (2, "")
    assert "unrecognized arguments: --nope (" in err


def test_a_header_that_is_not_taken_apart(capsys, tmp_path):
    path = write(tmp_path / "t.csv", "a b y\n1 2 u\n3 4 v\n")
    for target in ("y", "a b y"):
        refused(
            run(capsys, "train", path, "--target", target), "'a b y' (cells are separated by commas, semicolons, tabs or |)"
        )


def test_a_long_cell_is_read_at_once():
    ones = "1" * 20_000
    begin = time.process_time()
    for cell in (f"{ones}x", f"{ones}e5x", f".{ones}x", "1." * 20_000 + "x", "1_" * 20_000, "Mar " * 20_000):
        assert spelling.advice(cell) is None
        assert not spelling.is_numeric([cell])
    assert time.process_time() - begin < 1


def test_a_table_called_32_is_a_table(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "32", PLAIN)
    assert run(capsys, "train", "--hidden", "4", "32", "--target", "y", "--epochs", 1)[0] == 0


def test_a_table_in_the_place_of_the_command(capsys, tmp_path):
    path = write(tmp_path / "t.csv", PLAIN)
    code, _, err = run(capsys, path)
    assert code == 2
    assert f"autodiff train {path} --target COLUMN" in err
