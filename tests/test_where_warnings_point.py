"""A warning points to the line of the program that it is about, not into the package: every warning of the surroundings."""

import io
import types
import warnings

import pytest

import autodiff
from autodiff.utils.checkpoint import checkpoint, checkpoint_sequential
from autodiff.utils.data import ConcatDataset, DataLoader, IterableDataset, random_split

d = autodiff.distributions


class Silent(d.Distribution):
    pass


class NoSupport(d.Distribution):
    arg_constraints = types.MappingProxyType({})

    def log_prob(self, value):
        self._validate_sample(value)


class Longer(IterableDataset):
    def __iter__(self):
        return iter(range(3))

    def __len__(self):
        return 1


def longer():
    loader = DataLoader(Longer())
    len(loader)
    return list(loader)


def read_again(**options):
    file = io.BytesIO()
    autodiff.save(1, file)
    file.seek(0)
    return autodiff.load(file, **options)


X = autodiff.ones(2, requires_grad=True)
WARNINGS = {
    "writes no files for TensorBoard": lambda: autodiff.utils.tensorboard.SummaryWriter(),
    "sample_n(n) will be deprecated": lambda: d.Normal(0.0, 1.0).sample_n(2),
    "Low df values detected": lambda: d.Wishart(autodiff.tensor(1.5), autodiff.eye(2)),
    "does not define `arg_constraints`": lambda: Silent(),
    "does not define `support`": lambda: NoSupport().log_prob(autodiff.ones(1)),
    "`cummulative_sizes` attribute is renamed": lambda: ConcatDataset([[1], [2]]).cummulative_sizes,
    "Length of split at index 1 is 0": lambda: random_split([1, 2], [0.9, 0.1]),
    "worker processes in total": lambda: DataLoader([1], num_workers=500),
    "was reported to be 1 (when accessing": longer,
    "None of the inputs have requires_grad=True": lambda: checkpoint(lambda x: x, autodiff.ones(2), use_reentrant=True),
    "torch.utils.checkpoint: the use_reentrant parameter": lambda: checkpoint(autodiff.sin, X),
    "torch.utils.checkpoint.checkpoint_sequential: the use": lambda: checkpoint_sequential([autodiff.sin], 1, X),
    "`torch.testing.assert_allclose()` is deprecated": lambda: autodiff.testing.assert_allclose([1.0], [1.0]),
    "pickle_load_args only works if": lambda: read_again(encoding="ascii"),
    "version string is malformed": lambda: autodiff.serialization.check_module_version_greater_or_equal(
        types.SimpleNamespace(__name__="m", __version__="a"), (1,), error_if_malformed=False
    ),
}


@pytest.mark.parametrize("words", WARNINGS)
def test_a_warning_points_to_the_program(words):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        WARNINGS[words]()
    about = [w for w in caught if words in str(w.message)]
    assert about
    assert {w.filename for w in about} == {__file__}


def test_a_warning_that_the_environment_causes(monkeypatch):
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert read_again() == 1
    assert [(w.filename, "forcing weights_only=False" in str(w.message)) for w in caught] == [(__file__, True)]
    for value in ("0", "no", ""):
        monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", value)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert read_again() == 1
