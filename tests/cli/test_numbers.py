"""Every number that the command prints, against one computed here: by the loop that a user would write, and by NumPy."""

import csv
import io
import itertools
import json
import re

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

import autodiff
from autodiff import nn
from autodiff.cli import main
from autodiff.datasets import load_digits


def run(capsys, *arguments):
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def write(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def flowers(path, n=60):
    """A table of numbers and texts with three labels, which are not learned at once."""
    rng = np.random.default_rng(0)
    rows = [["length", "colour", "width", "constant", "kind"]]
    for i in range(n):
        k = i % 3
        rows.append([f"{k + rng.normal():.3f}", "rgb"[(k + i // 7) % 3], f"{50 * rng.normal():.2f}", "7.5", "xyz"[k]])
    return write(path, rows)


def houses(path, n=50):
    """Prices around a million: learned only where the targets are scaled."""
    rng = np.random.default_rng(1)
    rows = [["rooms", "area", "garden", "price"]]
    for i in range(n):
        rooms, area = int(rng.integers(1, 6)), float(rng.uniform(20, 200))
        rows.append([rooms, f"{area:.1f}", "yn"[i % 2], f"{1e6 + 2e5 * rooms + 1000.0 * area + 10 * rng.normal():.2f}"])
    return write(path, rows)


def facts_of(model):
    with safe_open(model, "numpy") as file:
        return json.loads(file.metadata()["facts"])


# ---- the same again, with the package's public functions and NumPy ----


def encoded(path, target):
    """The inputs and the target's cells: numbers as they are, a text as a column of zeros and ones for each of its values."""
    with open(path, encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    columns = {name: [row[k] for row in rows] for k, name in enumerate(header)}
    blocks = []
    for name in header:
        if name != target:
            try:
                blocks.append(np.array([[float(cell)] for cell in columns[name]]))
            except ValueError:
                values = sorted(set(columns[name]))
                blocks.append(np.array([[float(cell == value) for value in values] for cell in columns[name]]))
    return np.concatenate(blocks, axis=1), columns[target]


def parted(classes, n, share, seed):
    """Rows to learn from and to test with: of each label its share."""
    order = autodiff.randperm(n, generator=autodiff.Generator().manual_seed(seed)).numpy()
    groups = [order] if classes is None else [order[classes[order] == k] for k in range(classes.max() + 1)]
    tested = np.sort(np.concatenate([g[: min(max(round(len(g) * share), 1), len(g) - 1)] for g in groups]))
    return np.array([i for i in range(n) if i not in set(tested.tolist())]), tested


def loop(inputs, targets, widths, task, *, epochs, batch_size, lr, momentum, weight_decay, seed):
    """The lines of the epochs, and the trained network."""
    autodiff.manual_seed(seed)
    layers = []
    for width, after in itertools.pairwise(widths):
        layers += [nn.Linear(width, after), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    optimizer = autodiff.optim.SGD(model.parameters(), lr=lr, momentum=momentum, weight_decay=weight_decay)
    lines = []
    for epoch in range(1, epochs + 1):
        order = autodiff.randperm(len(inputs)).numpy()
        total = right = 0.0
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            x, t = autodiff.from_numpy(inputs[rows]), autodiff.from_numpy(targets[rows])
            y = model(x)
            loss = nn.functional.cross_entropy(y, t) if task == "classification" else nn.functional.mse_loss(y, t)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
            right += float((y.detach().numpy().argmax(1) == targets[rows]).sum()) if task == "classification" else 0
        score = f"  training accuracy {100 * right / len(order):.1f} %" if task == "classification" else ""
        lines.append(f"epoch {epoch:>3}/{epochs}  loss {total / len(order):.4f}{score}")
    return lines, model


def forward(arrays, x):
    """A network by NumPy alone, from the arrays of a model file."""
    weights = sorted({int(name.split(".")[1]) for name in arrays if name.startswith("model.")})
    for k in weights:
        x = x @ arrays[f"model.{k}.weight"].T + arrays[f"model.{k}.bias"]
        x = np.maximum(x, 0) if k != weights[-1] else x
    return x


def table_of(truth, guess, labels):
    counts = np.array([[sum((truth == i) & (guess == j)) for j in range(len(labels))] for i in range(len(labels))])
    return counts


SETTINGS = {"epochs": 4, "batch_size": 7, "lr": 0.05, "momentum": 0.5, "weight_decay": 0.01, "seed": 70}
OPTIONS = ["--epochs", 4, "--batch-size", 7, "--lr", 0.05, "--momentum", 0.5, "--weight-decay", 0.01, "--seed", 70]


def standardised(inputs, learn):
    mean, deviation = inputs[learn].mean(0), inputs[learn].std(0)
    constant = inputs[learn].max(0) == inputs[learn].min(0)
    return ((inputs - np.where(constant, inputs[learn][0], mean)) / np.where(constant, 1, deviation)).astype(np.float32)


@pytest.mark.parametrize("hidden", [[], [5], [6, 4]])
def test_a_classification_is_the_loop_that_a_user_would_write(capsys, tmp_path, hidden):
    path, model_path = flowers(tmp_path / "t.csv"), tmp_path / "m"
    widths = ",".join(map(str, hidden)) or "none"
    code, out, _ = run(
        capsys, "train", path, "--target", "kind", "--hidden", widths, "--test-share", 0.3, *OPTIONS, "--save", model_path
    )
    assert code == 0
    inputs, cells = encoded(path, "kind")
    labels = sorted(set(cells))
    classes = np.array([labels.index(cell) for cell in cells])
    learn, test = parted(classes, len(cells), 0.3, 70)
    x = standardised(inputs, learn)
    lines, model = loop(x[learn], classes[learn], [x.shape[1], *hidden, 3], "classification", **SETTINGS)
    printed = out.splitlines()
    assert [line for line in printed if line.startswith("epoch")] == lines
    assert f"{path}: {len(learn)} rows to learn from, {len(test)} to test with, 6 inputs" in printed
    count = sum(p.numel() for p in model.parameters())
    assert f"network {' -> '.join(map(str, [6, *hidden, 3]))}, {count:,} parameters, seed 70" in printed
    guess = forward(load_file(model_path), x[test]).argmax(1)
    assert printed[-1] == f"{100 * (guess == classes[test]).mean():.2f}"
    counts = table_of(classes[test], guess, labels)
    at = printed.index("Confusion table (rows: true, columns: predicted)")
    assert printed[at + 1].split() == labels
    for line, label, row in zip(printed[at + 2 :], labels, counts):
        assert line.split() == [label, *(str(c) if c else "." for c in row)]
    assert printed[at + 5 : at + 6] == ["Test accuracy in %:"]
    facts = facts_of(model_path)
    assert [f"{h['loss']:.4f}" for h in facts["history"]] == [re.search(r"loss (\S+)", line)[1] for line in lines]
    assert [f"training accuracy {100 * h['accuracy']:.1f} %" in line for h, line in zip(facts["history"], lines)] == [True] * 4


@pytest.mark.parametrize("hidden", [[], [6]])
def test_a_regression_is_the_loop_that_a_user_would_write(capsys, tmp_path, hidden):
    path, model_path = houses(tmp_path / "t.csv"), tmp_path / "m"
    widths = ",".join(map(str, hidden)) or "none"
    arguments = [path, "--target", "price", "--hidden", widths, *OPTIONS, "--save", model_path]
    code, out, _ = run(capsys, "train", *arguments)
    assert code == 0
    inputs, cells = encoded(path, "price")
    truth = np.array(cells, float)
    learn, test = parted(None, len(cells), 0.2, 70)
    x = standardised(inputs, learn)
    mean, deviation = truth[learn].mean(), truth[learn].std()
    targets = ((truth - mean) / deviation).astype(np.float32)[:, None]
    lines, _ = loop(x[learn], targets[learn], [4, *hidden, 1], "regression", **SETTINGS)
    printed = out.splitlines()
    assert [line for line in printed if line.startswith("epoch")] == lines
    answer = forward(load_file(model_path), x[test])[:, 0] * deviation + mean
    rmse = np.sqrt(((answer - truth[test]) ** 2).mean())
    squared = 1 - ((answer - truth[test]) ** 2).sum() / ((truth[test] - truth[test].mean()) ** 2).sum()
    assert float(printed[-1]) == pytest.approx(rmse, rel=1e-4)
    assert f"{float(printed[-1]):.6g}" == printed[-1]
    found = next(line for line in printed if line.startswith("R squared"))
    assert float(found.rpartition(" ")[2]) == pytest.approx(squared, abs=2e-4)
    assert printed[-2] == "Root mean square error on the test rows, in units of 'price':"


def test_targets_around_a_million_are_learned(capsys, tmp_path):
    path = houses(tmp_path / "t.csv")
    _, out, _ = run(capsys, "train", path, "--target", "price", "--hidden", "none", "--epochs", 100, "--quiet")
    assert float(out) < 2000


def test_predictions_are_those_of_the_saved_arrays(capsys, tmp_path):
    path, model = flowers(tmp_path / "t.csv"), tmp_path / "m"
    run(capsys, "train", path, "--target", "kind", "--hidden", "5", *OPTIONS, "--save", model)
    _, out, _ = run(capsys, "predict", model, path)
    inputs, cells = encoded(path, "kind")
    encoding = facts_of(model)["encoding"]
    x = ((inputs - encoding["mean"]) / encoding["deviation"]).astype(np.float32)
    scores = forward(load_file(model), x).astype(np.float64)
    share = np.exp(scores - scores.max(1, keepdims=True))
    share /= share.sum(1, keepdims=True)
    header, *rows = csv.reader(io.StringIO(out))
    assert header == ["kind", "probability"]
    assert [row[0] for row in rows] == ["xyz"[k] for k in share.argmax(1)]
    np.testing.assert_allclose([float(row[1]) for row in rows], share.max(1), atol=1.1e-4)
    assert all(re.fullmatch(r"[01]\.\d{4}", row[1]) for row in rows)
    learn, _ = parted(np.array(["xyz".index(c) for c in cells]), len(cells), 0.2, 70)
    np.testing.assert_allclose(encoding["mean"], np.where(np.arange(6) == 5, 7.5, inputs[learn].mean(0)), rtol=1e-12)


@pytest.mark.parametrize("n", [4096, 4097, 8200])
def test_every_row_of_a_long_table_is_predicted_once(capsys, tmp_path, n):
    path, model = houses(tmp_path / "t.csv"), tmp_path / "m"
    run(capsys, "train", path, "--target", "rooms", "--task", "regression", "--hidden", "3", "--epochs", 1, "--save", model)
    with open(path, encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    long = write(tmp_path / "long.csv", [header, *(rows[i % len(rows)] for i in range(n))])
    found = run(capsys, "predict", model, long)[1].splitlines()[1:]
    once = run(capsys, "predict", model, path)[1].splitlines()[1:]
    assert len(found) == n
    np.testing.assert_allclose([float(v) for v in found], [float(once[i % len(rows)]) for i in range(n)], rtol=1e-5)


def test_predicted_numbers_are_those_of_the_saved_arrays(capsys, tmp_path):
    path, model = houses(tmp_path / "t.csv"), tmp_path / "m"
    run(capsys, "train", path, "--target", "price", "--hidden", "5", *OPTIONS, "--save", model)
    _, out, _ = run(capsys, "predict", model, path)
    inputs, _ = encoded(path, "price")
    encoding = facts_of(model)["encoding"]
    x = ((inputs - encoding["mean"]) / encoding["deviation"]).astype(np.float32)
    y = forward(load_file(model), x)[:, 0].astype(np.float64) * encoding["target_deviation"] + encoding["target_mean"]
    header, *rows = out.splitlines()
    assert header == "price"
    np.testing.assert_allclose([float(row) for row in rows], y, rtol=1e-6)


def test_the_digits_are_scaled_by_one_number(capsys, tmp_path):
    model = tmp_path / "m"
    _, out, _ = run(capsys, "train", "--hidden", "none", "--epochs", 2, "--save", model)
    digits = load_digits(flat=True)
    x, t = digits.images.numpy().astype(np.float64), digits.targets.numpy()
    learn, test = parted(t, len(t), 0.2, 0)
    scaled = ((x - x[learn].mean()) / x[learn].std()).astype(np.float32)
    options = {"epochs": 2, "batch_size": 32, "lr": 0.02, "momentum": 0.9, "weight_decay": 1e-3, "seed": 0}
    lines, _ = loop(scaled[learn], t[learn], [64, 10], "classification", **options)
    printed = out.splitlines()
    assert [line for line in printed if line.startswith("epoch")] == lines
    guess = forward(load_file(model), scaled[test]).argmax(1)
    assert float(printed[-1]) == pytest.approx(100 * (guess == t[test]).mean(), abs=0.3)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_bar_shows_what_the_lines_say(capsys, monkeypatch, tmp_path, task):
    path = flowers(tmp_path / "t.csv") if task == "classification" else houses(tmp_path / "t.csv")
    arguments = ["train", path, "--target", "kind" if task == "classification" else "price", "--hidden", "4", *OPTIONS]
    _, out, _ = run(capsys, *arguments)
    lines = [re.sub(r"^epoch +\d/4  ", "", line) for line in out.splitlines() if line.startswith("epoch")]
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    _, out, err = run(capsys, *arguments)
    shown = [part for part in err.split("\r") if "left, " in part]
    for number, line in enumerate(lines, 1):
        assert any(part.startswith(f"epoch {number}/4 ") and part.rstrip().endswith(f"left, {line}") for part in shown), line
        assert ("accuracy" in line) == (task == "classification")
    assert [line for line in out.splitlines() if line.startswith("epoch")] == [f"epoch   4/4  {lines[-1]}"]
    assert err.endswith("\r")  # the bar is taken away
    assert not err.split("\r")[-2].strip()


def test_a_bar_goes_on_where_the_resumed_run_stopped(capsys, monkeypatch, tmp_path):
    path, model = flowers(tmp_path / "t.csv"), tmp_path / "m"
    run(capsys, "train", path, "--target", "kind", "--hidden", "4", "--epochs", 2, "--save", model)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    _, _, err = run(capsys, "train", path, "--resume", model, "--epochs", 4)
    assert re.search(r"epoch 3/4 +50%", err)
    assert "epoch 2/4" not in err
    _, _, err = run(capsys, "train", path, "--resume", model)
    assert "epoch" not in err
    _, _, err = run(capsys, "train", path, "--resume", model, "--epochs", 4, "--quiet")
    assert err == ""


def test_equal_test_rows_have_no_r_squared(capsys, tmp_path):
    path = write(tmp_path / "t.csv", [["a", "y"], *([i, 5.5] for i in range(10))])
    code, out, _ = run(capsys, "train", path, "--target", "y", "--epochs", 2)
    assert code == 0
    assert "R squared" not in out
    assert float(out.splitlines()[-1]) >= 0
    path = write(tmp_path / "u.csv", [["a", "y"], *([i, i + 0.5] for i in range(10))])
    assert "R squared" in run(capsys, "train", path, "--target", "y", "--epochs", 2)[1]


def test_a_loss_that_is_no_longer_finite_names_its_epoch(capsys, tmp_path):
    path = houses(tmp_path / "t.csv")
    code, out, err = run(capsys, "train", path, "--target", "price", "--hidden", "none", "--lr", 1e5, "--epochs", 50)
    assert code == 2
    number = int(re.search(r"the loss is no longer finite in epoch (\d+): the learning rate 100000.0 is too high", err)[1])
    assert err.count("\n") == 1
    assert len([line for line in out.splitlines() if line.startswith("epoch")]) == number - 1


@pytest.mark.parametrize(
    ("length", "labels", "fits"), [(12, 5, True), (4, 14, True), (4, 15, False), (13, 5, True), (12, 6, False)]
)
def test_confusions_in_a_table_or_in_words(capsys, tmp_path, length, labels, fits):
    names = [f"{'L' * (length - 2)}{i:02d}" for i in range(labels)]
    path = write(tmp_path / "t.csv", [["a", "b"], *([(7 * i) % 11, names[i % labels]] for i in range(labels * 8))])
    model = tmp_path / "m"
    _, out, _ = run(
        capsys, "train", path, "--target", "b", "--hidden", "none", "--epochs", 1, "--save", model, "--test-share", 0.5
    )
    inputs, cells = encoded(path, "b")
    classes = np.array([names.index(cell) for cell in cells])
    learn, test = parted(classes, len(cells), 0.5, 0)
    guess = forward(load_file(model), standardised(inputs, learn)[test]).argmax(1)
    counts = table_of(classes[test], guess, names)
    printed = out.splitlines()
    assert max(len(line) for line in printed[4:] if not line.startswith("saved in ")) <= 80
    if fits:
        short = [name if length <= 12 else name[:11] + "~" for name in names]
        at = printed.index("Confusion table (rows: true, columns: predicted)")
        assert printed[at + 1].split() == short
        for line, label, row in zip(printed[at + 2 :], short, counts, strict=False):
            assert line.split() == [label, *(str(c) if c else "." for c in row)]
        assert len({len(line) for line in printed[at + 1 : at + 2 + labels]}) == 1
        return
    at = printed.index(f"Confusions ({labels} labels, the commonest first)")
    pairs = sorted((-counts[i, j], i, j) for i in range(labels) for j in range(labels) if i != j and counts[i, j])
    expected = [f"  {-count} x {names[i]} taken for {names[j]}" for count, i, j in pairs[:10]]
    assert printed[at + 1 : printed.index("Test accuracy in %:")] == expected


def test_no_confusions_in_words(capsys, tmp_path):
    path = write(tmp_path / "t.csv", [["a", "b"], *([f"t{i % 20}", f"label {i % 20:02d}"] for i in range(100))])
    _, out, _ = run(capsys, "train", path, "--target", "b", "--hidden", "none", "--epochs", 60)
    assert out.splitlines()[-1] == "100.00"
    assert "Confusions (20 labels, the commonest first)\n  none\n" in out


@pytest.mark.parametrize("epochs", [4, 12])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_curves_are_the_history(capsys, tmp_path, monkeypatch, task, epochs):
    matplotlib = pytest.importorskip("matplotlib.figure")
    figures, save = [], matplotlib.Figure.savefig
    monkeypatch.setattr(matplotlib.Figure, "savefig", lambda self, *a, **k: (figures.append((self, k)), save(self, *a, **k))[1])
    path = flowers(tmp_path / "t.csv") if task == "classification" else houses(tmp_path / "t.csv")
    target = "kind" if task == "classification" else "price"
    options = ["--hidden", "4", "--epochs", epochs, "--save", tmp_path / "m", "--plot", tmp_path / "c.png"]
    code, out, _ = run(capsys, "train", path, "--target", target, *options)
    assert code == 0
    ((figure, kwargs),) = figures
    facts = facts_of(tmp_path / "m")
    history, tested = facts["history"], facts["tested"]
    left, right = figure.axes
    learned, test = left.lines
    assert learned.get_xdata().tolist() == test.get_xdata().tolist() == list(range(1, epochs + 1))
    assert learned.get_ydata().tolist() == [h["loss"] for h in history]
    assert test.get_ydata().tolist() == [h["loss"] for h in tested]
    assert left.get_xlabel() == "epoch"
    assert left.get_ylabel().startswith("loss (")
    assert left.get_ylim()[0] == 0
    assert all(tick == int(tick) for tick in left.get_xticks())
    assert [line.get_marker() for line in left.lines] == ["o" if epochs < 10 else "None"] * 2
    assert learned.get_color() != test.get_color()
    assert kwargs["format"] == "png"
    number = out.splitlines()[-1]
    assert f" {number} " in figure.get_suptitle().replace("\n", " ")
    if task == "regression":
        points = right.lines[1]
        error = np.sqrt(np.mean((points.get_xdata() - points.get_ydata()) ** 2))
        assert f"{error:.6g}" == number
        assert error / facts["encoding"]["target_deviation"] == pytest.approx(np.sqrt(tested[-1]["loss"]), rel=1e-4)
        assert (right.get_xlabel(), right.get_ylabel()) == ("true price", "predicted price")
        return
    learned, test, baseline = right.lines
    assert learned.get_ydata().tolist() == [100 * h["accuracy"] for h in history]
    assert test.get_ydata().tolist() == [100 * h["accuracy"] for h in tested]
    assert f"{test.get_ydata()[-1]:.2f}" == number
    assert f"Baseline, always the commonest label 'x': {baseline.get_ydata()[0]:.2f} %" in out.splitlines()
    assert right.get_ylim() == (0, 100)
    assert right.get_ylabel() == "accuracy (%)"
    ((legend),) = figure.legends
    assert [text.get_text().split(",")[0] for text in legend.get_texts()] == [
        "training rows", "test rows", "always the commonest label"
    ]  # fmt: skip
