"""What is meant by a cell, a column or a word that can be read in two ways: asked or warned of, never guessed in silence."""

import csv
import io
import json
import re

import numpy as np
import pytest
from command_line import run, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from autodiff._cli import spelling
from autodiff._cli.columns import Wishes, from_table
from autodiff._cli.reading import read_table

QUICK = ["--hidden", "none", "--epochs", "2"]
DRAWN = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def refused(answer, *words):
    code, _, err = answer
    assert code == 2
    assert err.count("\n") == 1
    for word in words:
        assert word in err


def facts_of(model):
    with safe_open(model, "numpy") as file:
        return json.loads(file.metadata()["facts"])


def german(value, digits=0):
    return f"{value:,.{digits}f}".translate(str.maketrans(",.", ".,"))


def rows(*columns):
    return "".join(";".join(map(str, row)) + "\n" for row in zip(*columns, strict=True))


# ---- thousands or decimals ----


@given(values=st.lists(st.integers(-999_999, 999_999).filter(lambda v: abs(v) > 999), min_size=4, max_size=12))
@DRAWN
def test_points_with_three_digits_are_asked_about_in_a_table_of_semicolons(capsys, tmp_path, values):
    cells, y = [german(value) for value in values], [i + 0.5 for i in range(len(values))]
    path = write(tmp_path / "t.csv", "a;y\n" + rows(cells, y))
    answer = run(capsys, "train", path, "--target", "y", *QUICK)
    first = min(cells)
    refused(answer, f"row {cells.index(first) + 2}, column 'a': {first!r} is not clear")
    refused(answer, f"--decimal , if it is {first.replace('.', '')}", "--decimal . if the point is a decimal point")
    path = write(path, "a;y\n" + rows(cells, [german(v, 1) for v in y]))
    whole = from_table(read_table(str(path), ","), Wishes("y"))
    assert whole.inputs[:, 0].tolist() == values
    assert whole.targets.tolist() == y
    path = write(path, "a;y\n" + rows(cells, y))
    assert from_table(read_table(str(path), "."), Wishes("y")).inputs[:, 0].tolist() == [float(cell) for cell in cells]


def test_a_target_and_new_rows_are_asked_about_too(capsys, tmp_path):
    cells = [german(1137 + 97 * i) for i in range(30)]
    path, model = write(tmp_path / "t.csv", "a;y\n" + rows(range(30), cells)), tmp_path / "m"
    refused(run(capsys, "train", path, "--target", "y", *QUICK), "column 'y': '1.137' is not clear")
    plain = write(tmp_path / "plain.csv", "a;y\n" + rows([1137 + 97 * i for i in range(30)], range(30)))
    options = ["--target", "y", "--task", "regression", *QUICK, "--save", model]
    assert run(capsys, "train", plain, *options)[0] == 0
    new = write(tmp_path / "new.csv", "a;b\n1.500;x\n")
    refused(run(capsys, "predict", model, new), "row 2, column 'a': '1.500' is not clear")
    same = run(capsys, "predict", model, write(tmp_path / "same.csv", "a\n1500\n"))
    assert run(capsys, "predict", model, new, "--decimal", ",") == same
    assert same[2] == ""


@pytest.mark.parametrize("separator", [",", "\t", "|"])
def test_points_with_three_digits_are_told_of_in_other_tables(capsys, tmp_path, separator):
    said = "'a': all points have three digits behind them, and are taken for decimal points; if 1.137 is 1137: --decimal , "
    text = "a;b;y\n" + rows([german(1137 + 97 * i) for i in range(30)], [f"{i}.250" for i in range(30)], "uv" * 15)
    path = write(tmp_path / "t.csv", text.replace(";", separator))
    arguments = ["train", path, "--target", "y", *QUICK]
    code, out, _ = run(capsys, *arguments)
    assert code == 0
    assert said in re.sub(r"\s+", " ", out)
    assert "three digits" not in run(capsys, *arguments, "--decimal", ".")[1]
    assert "three digits" not in run(capsys, *arguments, "--text", "a")[1]


def test_decimals_that_are_clear_are_not_asked_about(capsys, tmp_path):
    for cells in (["1.234", "0.987"], ["1.234", "2.5"], ["1.234", "1234"], ["12", "34"]):
        path = write(tmp_path / "t.csv", "a;y\n" + rows(cells * 5, "uv" * 5))
        assert run(capsys, "train", path, "--target", "y", *QUICK)[0] == 0, cells
    mixed = write(tmp_path / "t.csv", "a;y\n" + rows(["1.043", "115"] * 5, "uv" * 5))
    refused(run(capsys, "train", mixed, "--target", "y", *QUICK), "'1.043' is not clear beside '115'", "--decimal ,")
    for mark in ".,":
        assert run(capsys, "train", mixed, "--target", "y", *QUICK, "--decimal", mark)[0] == 0


# ---- a decimal comma ----

_VALUES = st.floats(-9_999_999, 9_999_999, allow_nan=False)


@given(value=_VALUES, between=st.sampled_from(["", ".", " ", "'", "\u2019", "\u00a0", "\u202f"]), digits=st.integers(0, 5))
@DRAWN
def test_a_number_with_a_decimal_comma_is_the_one_that_python_writes(value, between, digits):
    plain = f"{value:,.{digits}f}"
    cell = plain.replace(",", "\0").replace(".", ",").replace("\0", between)
    assert spelling.as_number(cell, ",") == float(plain.replace(",", ""))
    if "," in cell and "." not in cell.partition(",")[2]:
        assert spelling.as_number(cell) is None


@pytest.mark.parametrize(
    ("cell", "said"),
    [("1.5", "1,5"), ("0.123", "0,123"), ("1,234.56", "1234,56"), ("1.234 \u20ac", ": 1.234"), ("12,5 %", ": 12,5"),
     ("1.10", "1,10"), ("1e300", "is too large"), ("27.03.2024", "a date"), ("12.34", "12,34")],
)  # fmt: skip
def test_a_decimal_point_is_no_number_where_a_comma_is_due(capsys, tmp_path, cell, said):
    path = write(tmp_path / "t.csv", "a;y\n" + rows(["2,5", "3", "4,25", cell] * 3, "uvuv" * 3))
    refused(run(capsys, "train", path, "--target", "y", *QUICK, "--decimal", ","), f"row 5, column 'a': {cell!r} is", said)


def test_a_model_keeps_its_decimal_comma(capsys, tmp_path):
    areas, prices = [16.5 + 7 * i for i in range(30)], [2927.21 + 1000 * i for i in range(30)]
    comma = "area;kind;price\n" + rows([german(a, 1) for a in areas], ["1,5", "x"] * 15, [german(p, 2) for p in prices])
    path, model = write(tmp_path / "t.csv", comma), tmp_path / "m"
    refused(run(capsys, "train", path, "--target", "price", *QUICK), "'16,5' is not a number", "--decimal ,", ": 16.5")
    options = ["--target", "price", *QUICK, "--decimal", ",", "--save", model, "--text", "kind"]
    code, out, _ = run(capsys, "train", path, *options)
    assert code == 0
    assert "  area: number, 16,5 to 219,5\n" in out
    plain = write(tmp_path / "plain.csv", "area;kind;price\n" + rows(areas, ["1,5", "x"] * 15, prices))
    other = run(capsys, "train", plain, "--target", "price", *QUICK, "--text", "kind")[1]
    assert other.splitlines()[-3:] == [line for line in out.splitlines() if not line.startswith("saved in")][-3:]
    assert facts_of(model)["encoding"]["decimal"] == ","
    found = run(capsys, "predict", model, path)
    assert found == run(capsys, "predict", model, plain, "--decimal", ".")
    assert found[0] == 0
    refused(run(capsys, "predict", model, plain), "row 2, column 'area': '16.5' is not a number", "16,5")
    assert run(capsys, "train", path, "--resume", model, "--epochs", 3)[0] == 0
    refused(run(capsys, "train", path, "--resume", model, "--epochs", 3, "--decimal", "."), "--decimal . differs from the ,")
    refused(run(capsys, "train", "--decimal", ","), "need a table")
    refused(run(capsys, "train", path, "--target", "price", "--decimal", ";"), "argument --decimal")


def test_labels_with_a_decimal_comma_keep_their_spelling_and_order(capsys, tmp_path):
    path = write(tmp_path / "t.csv", "a;y\n" + rows(range(20), ["2", "10", "1.000", "3,0"] * 5))
    out = run(capsys, "train", path, "--target", "y", *QUICK, "--decimal", ",", "--test-share", 0.4)[1].splitlines()
    at = out.index("Confusion table (rows: true, columns: predicted)")
    assert out[at + 1].split() == ["2", "3,0", "10", "1.000"]


def test_a_comma_between_thousands_is_named_with_the_number(capsys, tmp_path):
    path = write(tmp_path / "t.csv", 'a,y\n"1,135",u\n"2,250",v\n' * 1 + '"3,100",u\n"4,100",v\n')
    answer = run(capsys, "train", path, "--target", "y", *QUICK)
    refused(answer, "'1,135' is not a number: write 1135 if the comma stands between thousands", "--decimal ,")


# ---- far from what was learned ----


def trained(capsys, tmp_path, values, *options):
    model = tmp_path / "m"
    path = write(tmp_path / "t.csv", "a;b;y\n" + rows(values, "pq" * (len(values) // 2), range(len(values))))
    assert run(capsys, "train", path, "--target", "y", "--task", "regression", *QUICK, "--save", model, *options)[0] == 0
    return model, path


@given(
    low=st.integers(-1000, 1000), width=st.integers(1, 1000), side=st.sampled_from([-1, 1]),
    factor=st.floats(0, 5).filter(lambda f: abs(f - 1) > 0.01),
)  # fmt: skip
@DRAWN
def test_a_value_is_far_off_when_outside_by_more_than_the_range(capsys, tmp_path, low, width, side, factor):
    # Every row that is not drawn for testing holds one of the two ends.
    model, path = trained(capsys, tmp_path, [low, low + width] * 10, "--decimal", ".")
    assert run(capsys, "predict", model, path)[2] == ""
    edge = low if side < 0 else low + width
    value = f"{edge + side * width * factor:.3f}"
    _, out, err = run(capsys, "predict", model, write(tmp_path / "new.csv", f"a,b\n{low},p\n{value},q\n{value},p\n"))
    assert len(out.splitlines()) == 4
    if factor < 1:
        assert err == ""
        return
    assert err.count("\n") == 1
    assert err.startswith(f"autodiff: warning: {tmp_path / 'new.csv'}: row 3, column 'a': '{value}' lies far outside of the")
    assert f"values, {low} to {low + width} (2 of 3 rows are" in err


def test_far_values_by_a_file_that_knows_only_the_deviation(capsys, tmp_path):
    model, path = trained(capsys, tmp_path, [float(i) for i in range(40)])
    with safe_open(model, "numpy") as file:
        metadata = file.metadata()
    facts = json.loads(metadata["facts"])
    assert len(facts["encoding"]["lowest"]) == 3
    del facts["encoding"]["lowest"], facts["encoding"]["highest"], facts["encoding"]["decimal"]
    save_file(load_file(model), model, {**metadata, "facts": json.dumps(facts)})
    mean, deviation = facts["encoding"]["mean"][0], facts["encoding"]["deviation"][0]
    assert run(capsys, "predict", model, path)[2] == ""
    for factor, warned in ((9.9, False), (10.1, True), (-9.9, False), (-10.1, True)):
        new = write(tmp_path / "new.csv", f"a,b\n{mean + factor * deviation:.6f},p\n")
        assert ("autodiff: warning: " in run(capsys, "predict", model, new)[2]) == warned, factor


def test_rows_far_off_are_counted_as_the_file_counts_them_and_few_columns_are_named(capsys, tmp_path):
    names = [f"c{i}" for i in range(12)]
    text = ",".join([*names, "y"]) + "\n" + ("1," * 12 + "u\n" + "2," * 12 + "v\n") * 5
    path, model = write(tmp_path / "t.csv", text), tmp_path / "m"
    assert run(capsys, "train", path, "--target", "y", *QUICK, "--missing", "drop", "--save", model)[0] == 0
    new = [",".join(cells) for cells in (names, ["1"] * 12, ["NA"] * 11 + ["1"], ["9"] * 12)]
    new = write(tmp_path / "new.csv", "\n".join(new) + "\n")
    code, out, err = run(capsys, "predict", model, new)
    assert code == 0
    assert len(out.splitlines()) == 4
    assert err.count("row 4, column") == 8
    assert "4 more columns have such values" in err


# ---- identifiers and codes ----


def read_as(capsys, tmp_path, name, cells, *options):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([name, "other", "y"])
    writer.writerows([cell, i % 7, "uv"[i % 2]] for i, cell in enumerate(cells))
    code, out, _ = run(capsys, "train", write(tmp_path / "t.csv", text.getvalue()), "--target", "y", *QUICK, *options)
    assert code == 0
    return re.sub(r"\n  (?=\S+ )", " ", out), next(line for line in out.splitlines() if line.startswith(f"  {name}: "))


_SHUFFLED = np.random.default_rng(3).permutation(np.arange(1, 900))[:150].tolist()


@pytest.mark.parametrize(
    "name",
    ["customer_id", "CustomerID", "customerId", "ID", "id", "customerid", "user id", "Kunden-Nr.", "order_no", "KundenNr"],
)
def test_a_name_tells_an_identifier(capsys, tmp_path, name):
    out, line = read_as(capsys, tmp_path, name, _SHUFFLED)
    assert line.endswith(" (looks like an identifier)")
    assert f"warning: {name!r} seems to only tell the rows apart" in re.sub(r"\s+", " ", out)
    assert "`predict` refuses" not in out  # numbers that were not seen are taken


@pytest.mark.parametrize("name", ["paid", "humid", "grid", "piano", "width", "android", "valid", "casino", "monkey"])
def test_a_name_that_only_ends_so_tells_nothing(capsys, tmp_path, name):
    assert "looks like" not in read_as(capsys, tmp_path, name, _SHUFFLED)[1]


def test_an_id_may_come_again_and_a_number_that_does_is_an_amount(capsys, tmp_path):
    twice = [*_SHUFFLED[:100], *_SHUFFLED[:50]]
    assert "an identifier" in read_as(capsys, tmp_path, "customer_id", twice)[1]
    assert "looks like" not in read_as(capsys, tmp_path, "customer_id", _SHUFFLED[:30] * 5)[1]
    assert "looks like" not in read_as(capsys, tmp_path, "total_number", twice)[1]


def test_numbers_that_all_differ_and_are_equally_long(capsys, tmp_path):
    rng = np.random.default_rng(4)
    five = rng.permutation(np.arange(10_001, 99_999))[:150]
    for cells, found in (
        (five, True),
        (rng.permutation(np.arange(1000, 1400))[:150], True),  # so many of so few: amounts would meet
        (rng.permutation(np.arange(1000, 9999))[:15], False),
        (five // 100 * 100 + 5 * (np.arange(150) % 2), False),  # some meet
        (np.arange(1000, 2500, 10)[rng.permutation(150)] * 100, False),  # rounded
        (rng.permutation(np.arange(1900, 2020))[:100], False),  # years
        ([f"{v}.5" for v in five], False),
        (np.append(five[:-1], 5), False),  # not equally long
    ):
        assert ("an identifier" in read_as(capsys, tmp_path, "col", cells)[1]) == found, cells


def test_leading_zeros_mean_a_code(capsys, tmp_path):
    cells = ["01067", "80331", "10115", "20095"] * 5
    out, line = read_as(capsys, tmp_path, "PLZ", cells)
    assert line == "  PLZ: number, 01067 to 80331 (looks like a code, by its leading zeros)"
    assert "warning: 'PLZ' has numbers with leading zeros" in re.sub(r"\s+", " ", out)
    assert "--text PLZ" in out
    out, line = read_as(capsys, tmp_path, "PLZ", cells, "--text", "PLZ")
    assert line == "  PLZ: text, 4 values"
    assert "warning" not in out
    assert "a code" in read_as(capsys, tmp_path, "PLZ", [f"0{v}" for v in _SHUFFLED])[1]
    assert "looks like" not in read_as(capsys, tmp_path, "x", ["0", "0.5", "10", "00.5"] * 5)[1]


# ---- words in the wrong place ----


def test_a_target_without_its_option(capsys, tmp_path):
    path = write(tmp_path / "flats.csv", "a,my price\n" + "1,u\n2,v\n" * 5)
    for arguments in ((path, "my price"), ("my price", path), (path, "--epochs", 1, "my price")):
        refused(run(capsys, "train", *arguments), "unrecognized arguments: ", "; did you mean --target 'my price'?")
    code, _, err = run(capsys, "train", path, "--target", "my price", "more")
    assert code == 2
    assert "did you mean" not in err


def test_the_model_comes_first(capsys, tmp_path):
    path, model = write(tmp_path / "new 3.csv", "a,y\n" + "1,u\n2,v\n" * 5), tmp_path / "w.model"
    assert run(capsys, "train", path, "--target", "y", *QUICK, "--save", model)[0] == 0
    said = f"the model comes first: autodiff predict {model} '{path}'"
    refused(run(capsys, "predict", path, model), said)
    refused(run(capsys, "predict", tmp_path / "nothing", model), "the model comes first")
    refused(run(capsys, "predict", path, path), "is not a model file")
    assert run(capsys, "predict", model, path)[0] == 0


@pytest.mark.parametrize("option", ["--drop", "--text", "--target"])
def test_a_name_in_other_capitals_is_found(capsys, tmp_path, option):
    path = write(tmp_path / "t.csv", "id,Größe,y\n" + "1,2,u\n2,3,v\n" * 5)
    for typed, name in (("ID", "id"), ("GRÖSSE", "Größe"), ("grösse", "Größe"), ("Y", "y")):
        answer = run(capsys, "train", path, option, typed, *([] if option == "--target" else ["--target", "y"]))
        refused(answer, f"no column {typed!r}; did you mean {name!r}?")


def test_one_sign_for_percent(capsys, tmp_path):
    path = write(tmp_path / "t.csv", "a,y\n" + "1,u\n2,v\n" * 10)
    out = run(capsys, "train", path, "--target", "y", *QUICK)[1]
    assert "percent" not in out.replace(str(path), "")
    assert len(re.findall(r"(?m)^epoch .*  training accuracy \d+\.\d %$", out)) == 2
    assert out.splitlines()[-2] == "Test accuracy in %:"
