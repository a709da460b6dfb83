"""What every test may rely on: the installed package, a clean state, and a continuous integration that skips nothing.

With the variable CI set (`.ci/run` sets it) Hypothesis explores more, and a skipped test is a failed one: there
PyTorch and everything else that a test may ask for is installed, so a skip can only hide something.
"""

import gc
import os
import sys
import warnings
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
CI = os.environ.get("CI", "") not in ("", "0", "false")

# `python -m pytest` puts the clone before the installed package, and the clone's `autodiff/` is not built. A tree
# that an editable install did build is left where it is. Processes that the tests start inherit the setting.
if not (ROOT / "autodiff" / "_kernels" / "_build.py").exists():
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]
    os.environ["PYTHONSAFEPATH"] = "1"

# What several test files share (`samples`, `pages`) is imported by its plain name.
sys.path += [str(ROOT / "tests"), str(ROOT / "docs")]

UNBUILT = "the tests need a built autodiff, so that nothing is tested on the bare source: python -m pip install '.[test]'"
try:  # only now does the name mean the installed package
    import autodiff
    from autodiff import _kernels
except ModuleNotFoundError as error:
    if error.name != "autodiff":
        raise
    raise pytest.UsageError(UNBUILT) from None
from autodiff._core.modes import Anomaly, Inference, mode  # noqa: E402
from autodiff._core.observer import observed_by, observers  # noqa: E402
from autodiff._printing import _options  # noqa: E402

if not _kernels.BUILT:
    raise pytest.UsageError(UNBUILT)

# No deadline: a time limit for an example would make a slow machine a failure. Hypothesis picks a profile of its own
# where CI is set, which never explores (it is derandomised); ours does.
hypothesis.settings.register_profile("default", max_examples=30, deadline=None)
hypothesis.settings.register_profile("ci", max_examples=60, deadline=None, derandomize=False, print_blob=True)
hypothesis.settings.load_profile("ci" if CI else "default")


def pytest_configure(config):
    """Import PyTorch once, out of reach of `warnings are errors`: what it warns of is not ours to mend."""
    if not CI:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import torch
        except ImportError:
            raise pytest.UsageError(
                "CI is set but PyTorch is not installed: the tests that compare with it would be skipped"
            ) from None
        # Two workers with two threads each would fight for two cores.
        torch.set_num_threads(1)
        seed_the_cpu_alone(torch)


def seed_the_cpu_alone(torch):
    """Let `torch.manual_seed` pass over devices: for each kind that is not here it would write down the stack of calls."""
    for device in (torch.cuda, torch.xpu, torch.mtia):
        device.manual_seed_all = lambda seed: None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """In CI a skipped test is a failed test. A worker sends each report on, without the words by which tests are selected."""
    report = yield
    report.keywords = {}
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"{item.nodeid}: skipped, and CI skips nothing: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """In CI a file that skips itself (importorskip) is a failed file."""
    report = yield
    if CI and report.skipped:
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"{collector.nodeid}: skipped, and CI skips nothing: {reason}"
    return report


# Without PyTorch most tests have nothing to compare with. One line says so, in place of thousands of letters; -v names each.
NEEDS_PYTORCH = "need PyTorch"


def _needs_pytorch(report):
    return report.skipped and isinstance(report.longrepr, tuple) and "could not import 'torch'" in report.longrepr[-1]


def pytest_report_teststatus(report, config):
    """A comparison without PyTorch is counted, and prints no letter."""
    if config.option.verbose <= 0 and _needs_pytorch(report):
        return NEEDS_PYTORCH, "", ""
    return None


def pytest_terminal_summary(terminalreporter):
    """How many comparisons were left out, and how to have them."""
    tests = len(terminalreporter.stats.get(NEEDS_PYTORCH, ()))
    files = sum(map(_needs_pytorch, terminalreporter.stats.get("skipped", ())))
    if tests:
        whole = f" (and all tests of {files} more files)" if files else ""
        terminalreporter.write_line(f"{tests} comparisons{whole} need PyTorch, which is not installed here: pip install torch")
    skipped = terminalreporter.stats.get("skipped", ())
    pages = {str(report.longrepr[-1]).split()[1] for report in skipped if "pip install '.[docs]'" in str(report.longrepr[-1])}
    if pages:
        why = "since their data are not installed: pip install '.[docs]'"
        terminalreporter.write_line(f"{len(pages)} of the documents' pages left out, {why}")


def pytest_collection_finish():
    """Leave the tests themselves, a hundred thousand objects that live to the end, out of every later collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def clean_state():
    """Every test starts from the same seed and mode, and leaves no changed mode to the next one."""
    autodiff.manual_seed(0)
    before = {name: read() for name, (read, _) in SWITCHES.items()}
    yield
    left = []
    for name, (read, restore) in SWITCHES.items():
        if read() != before[name]:
            left.append(f"{name} at {read()}")
            restore(before[name])
    autodiff.set_provenance(True)
    assert not left, f"this test left behind: {' and '.join(left)}; use a with block or restore it"


# What a test can leave behind, each with how it is read and how it is put back.
SWITCHES = {
    "the default dtype": (autodiff.get_default_dtype, autodiff.set_default_dtype),
    "grad mode": (autodiff.is_grad_enabled, autodiff.set_grad_enabled),
    "inference mode": (lambda: mode.inference, lambda value: setattr(mode, "inference", value)),
    "the count of open inference blocks": (lambda: Inference.blocks, lambda value: setattr(Inference, "blocks", value)),
    "the count of walks": (lambda: mode.walks, lambda value: setattr(mode, "walks", value)),
    "operations on arrays": (lambda: mode.arrays, lambda value: setattr(mode, "arrays", value)),
    "anomaly detection": (lambda: Anomaly.on, lambda value: setattr(Anomaly, "on", value)),
    "anomaly detection of nan": (lambda: Anomaly.check_nan, lambda value: setattr(Anomaly, "check_nan", value)),
    "the number of threads": (autodiff.get_num_threads, autodiff.set_num_threads),
    "determinism": (
        lambda: (autodiff.are_deterministic_algorithms_enabled(), autodiff.is_deterministic_algorithms_warn_only_enabled()),
        lambda value: autodiff.use_deterministic_algorithms(value[0], warn_only=value[1]),
    ),
    "the observer": (lambda: observers(), observed_by),
    "print options": (lambda: dict(vars(_options)), lambda values: vars(_options).update(values)),
}


@pytest.fixture
def torch():
    """PyTorch, the oracle: the test is skipped without it (and fails in CI)."""
    module = pytest.importorskip("torch")
    seed_the_cpu_alone(module)
    state = module.get_rng_state()
    module.manual_seed(0)
    yield module
    module.set_rng_state(state)
    module.set_default_dtype(module.float32)
