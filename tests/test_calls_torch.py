"""How a call is spelled: PyTorch's names and NumPy's, and the words for the argument that is wrong, as PyTorch has them."""

import pytest

import autodiff

torch = pytest.importorskip("torch")

TAKEN = {
    "the input by name": lambda m, x: m.sum(input=x),
    "NumPy's x": lambda m, x: m.sum(x=x, axis=1, keepdims=True),
    "NumPy's a": lambda m, x: m.prod(a=x),
    "NumPy's x1 and x2": lambda m, x: m.matmul(x1=x, x2=x.T),
    "axes in a tuple": lambda m, x: m.var(x, axis=(0, 1)),
    "axis in place": lambda m, x: x.cumsum_(axis=0),
    "a name that is the function's own": lambda m, x: m.cdist(x2=x, x1=x),
    "sizes by name": lambda m, x: m.reshape(x, shape=(3, 2)),
    "all by name": lambda m, x: m.reshape(shape=[6], input=x),
    "all by NumPy's name": lambda m, x: m.permute(a=x, dims=(1, 0)),
    "a method's sizes by name": lambda m, x: x.permute(dims=(1, 0)),
}
REFUSED = {
    "a dimension is missing": lambda m, x: m.cumsum(x),
    "a tensor is missing": lambda m, x: m.matmul(x),
    "a vector is missing": lambda m, x: m.dot(x[0]),
    "a list for a matrix": lambda m, x: m.mm(x, [1]),
    "a list to be summed": lambda m, x: m.sum([1.0]),
    "a list to be multiplied": lambda m, x: m.prod([1.0]),
    "too many": lambda m, x: m.cumsum(x, 0, 1, 2),
    "a tensor twice": lambda m, x: m.cumsum(x, 0, input=x),
    "a name that is not one": lambda m, x: m.cdist(x, x, too=1),
    "a name that is not one, for a loss": lambda m, x: m.nn.functional.kl_div(x, x, too=1),
}
REFUSED_IN_OTHER_WORDS = {
    "both names": (lambda m, x: m.sum(x, dim=0, axis=0), r"sum\(\) got both dim= and axis="),
    "two of NumPy's names": (lambda m, x: m.sum(x=x, a=x), r"sum\(\) got both input= and"),
    "the input twice": (lambda m, x: m.mean(x, a=x), r"mean\(\) got multiple values for argument 'input'"),
    "no such name": (lambda m, x: m.sum(x, axes=0), r"sum\(\) got an unexpected keyword argument 'axes'"),
    "no such name for a method": (lambda m, x: x.cumprod_(axis=0, too=1), r"cumprod\(\) got an unexpected .* 'too'"),
    "sizes twice": (lambda m, x: m.reshape(x, 2, shape=3), "reshape"),
    "sizes without a tensor": (lambda m, x: m.reshape(shape=3), r'reshape\(\) missing .*"input"'),
}


def refused(module, call):
    with pytest.raises(TypeError) as caught:
        call(module, module.ones(2, 3))
    return str(caught.value)


@pytest.mark.parametrize("name", TAKEN)
def test_a_spelling_that_is_taken(name):
    ours, theirs = (TAKEN[name](m, m.arange(6.0).reshape(2, 3)) for m in (autodiff, torch))
    assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_in_pytorchs_words(name):
    assert refused(autodiff, REFUSED[name]).startswith(refused(torch, REFUSED[name]))


@pytest.mark.parametrize("name", REFUSED_IN_OTHER_WORDS)
def test_what_is_wrong_in_words_of_our_own(name):
    call, words = REFUSED_IN_OTHER_WORDS[name]
    refused(torch, call)
    with pytest.raises(TypeError, match=words):
        call(autodiff, autodiff.ones(2, 3))


def test_an_error_of_the_function_itself_is_left_alone():
    """A TypeError from inside says nothing of how the arguments found their places."""
    with pytest.raises(TypeError, match="argument 'dim' must be int, not float"):
        autodiff.cumsum(autodiff.ones(2), 0.5)
    with pytest.raises(TypeError, match="argument 'dim' must be int, not str"):
        autodiff.sum(x=autodiff.ones(2), axis="0")
