"""The law of keywords: a public function takes its arguments by the names that PyTorch gives them, and by no other.

The calls are those of the rows of samples.py and rows/plain.py. Each is repeated with its last argument given by name, then the
last two, until all are; PyTorch itself is asked whether it takes a call, and what it takes is taken here, with the same result.
"""

import functools
import inspect

import pytest

import autodiff

torch = pytest.importorskip("torch")
from keyword_calls import (  # noqa: E402  (asks for PyTorch, as the next one)
    CALLS,
    NO_CALL,
    PUBLIC,
    function_of,
    misses,
    run,
    same,
    spellings,
    taken,
    written,
)
from torch_signatures import stubs  # noqa: E402

NUMPYS = {"dim": ("axis",), "keepdim": ("keepdims",), "input": ("x", "a", "x1"), "other": ("x2",)}


@functools.cache
def names_of_pytorch(name):
    """What fails where arguments are given by PyTorch's names, and how many calls were looked at."""
    return compared(name, [{}])


@functools.cache
def names_of_numpy(name):
    renames = [{ours: numpys} for ours, words in NUMPYS.items() for numpys in words]
    return compared(name, [*renames, {"dim": "axis", "keepdim": "keepdims"}, {"input": "x1", "other": "x2"}])


def compared(name, renames):
    wrong, looked = [], 0
    theirs, ours = function_of(torch, name), function_of(autodiff, name)
    for (their_args, their_kwargs), (args, kwargs), leaves in CALLS[name]:
        expected = taken(ours, args, kwargs)
        if expected is None:
            continue
        for spelling in spellings(name, their_args, their_kwargs):
            for rename in renames:
                if rename and not set(rename) <= {*spelling[1], *kwargs}:
                    continue
                if taken(theirs, *written(spelling, their_args, their_kwargs, rename)) is None:
                    continue
                looked += 1
                a, k = written(spelling, args, kwargs, rename)
                try:
                    found = run(ours, a, k)
                except Exception as error:
                    wrong.append(f"{name}({len(a)} by position, {', '.join(k)}): {type(error).__name__}: {error}")
                    continue
                if not name.startswith("empty") and not same(expected[0], found[0], leaves):
                    wrong.append(f"{name}({len(a)} by position, {', '.join(k)}): another result")
    return wrong, looked


@functools.cache
def other_names(name):
    """A keyword that the function does not have, and each of its own with a letter changed: TypeErrors that name it."""
    wrong, looked = [], 0
    ours = function_of(autodiff, name)
    for (their_args, their_kwargs), (args, kwargs), _ in CALLS[name]:
        spelled = [s for s in spellings(name, their_args, their_kwargs) if taken(ours, *written(s, args, kwargs))]
        tries = [(args, {**kwargs, "acumulate": 1})]
        for spelling in spelled:
            a, k = written(spelling, args, kwargs)
            tries += [(a, {(n + "s_" if n == word else n): v for n, v in k.items()}) for word in k]
        for a, k in tries:
            looked += 1
            try:
                run(ours, a, k)
            except TypeError as error:
                if not any(n in str(error) for n in k if n.endswith("s_") or n == "acumulate"):
                    wrong.append(f"{name}({', '.join(k)}): the error does not name the keyword: {error}")
            except Exception as error:
                wrong.append(f"{name}({', '.join(k)}): {type(error).__name__}: {error}")
            else:
                wrong.append(f"{name}({', '.join(k)}) is taken")
    return wrong, looked


@functools.cache
def missing(name):
    """An argument that PyTorch misses is missed here, by its name."""
    wrong, looked = [], 0
    theirs, ours = function_of(torch, name), function_of(autodiff, name)
    for (their_args, their_kwargs), (args, kwargs), _ in CALLS[name]:
        for spelling in spellings(name, their_args, their_kwargs):
            their, our = written(spelling, their_args, their_kwargs), written(spelling, args, kwargs)
            if taken(theirs, *their) is None or taken(ours, *our) is None:
                continue
            for word in spelling[1]:
                less = {n: v for n, v in their[1].items() if n != word}
                if not misses(theirs, their[0], less):
                    continue
                looked += 1
                try:
                    run(ours, our[0], {n: v for n, v in our[1].items() if n != word})
                except TypeError as error:
                    if word not in str(error):
                        wrong.append(f"{name} without {word}: the error does not name it: {error}")
                except Exception as error:
                    wrong.append(f"{name} without {word}: {type(error).__name__}: {error}")
                else:
                    wrong.append(f"{name} without {word} is taken")
    return wrong, looked


# What each function is held to, and how many calls are looked at in all.
ASPECTS = {
    "pytorch": (names_of_pytorch, 1200),
    "numpy": (names_of_numpy, 1800),
    "others": (other_names, 2800),
    "missing": (missing, 1600),
}

# These take any number of tensors, or take what they take by position alone, in PyTorch too.
NAMELESS = [
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes", "broadcast_tensors", "cartesian_prod", "einsum",
    "from_numpy", "get_device", "is_tensor", "meshgrid", "unique_consecutive",
]


def cases():
    for aspect in ASPECTS:
        for name in PUBLIC:
            if name not in NO_CALL:
                yield pytest.param(name, aspect, id=f"{name}-{aspect}")


def test_every_public_function_is_called():
    assert len(PUBLIC) > 270
    assert set(NO_CALL) <= set(PUBLIC)
    assert [n for n in PUBLIC if n not in CALLS and n not in NO_CALL] == []
    assert len(stubs()) > 1000
    assert [n for n in PUBLIC if n in CALLS and not names_of_pytorch(n)[1]] == NAMELESS


@functools.cache
def found(aspect, name):
    """What a law says of a function: what is wrong, and how many spellings it looked at."""
    return ASPECTS[aspect][0](name)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_enough_calls_are_looked_at(aspect):
    assert sum(found(aspect, name)[1] for name in CALLS) >= ASPECTS[aspect][1]


@pytest.mark.parametrize(("name", "aspect"), list(cases()))
def test_keywords(name, aspect):
    wrong, _ = found(aspect, name)
    assert not wrong, "\n".join(wrong)


def takes_any_keyword(function):
    return bool(inspect.unwrap(function).__code__.co_flags & inspect.CO_VARKEYWORDS)


METHODS = [name for name in dir(autodiff.ones(1)) if inspect.isfunction(getattr(autodiff.Tensor, name))]
LOOSE = [name for name in METHODS if not name.startswith("__") and takes_any_keyword(getattr(autodiff.Tensor, name))]


def test_no_method_swallows_a_keyword():
    """Those that gather **keywords, for a name such as `from` that Python does not allow, look at them."""
    assert len(METHODS) > 300
    place = [(autodiff.tensor([0]),), autodiff.ones(1)]
    arguments = {"index_put": place, "index_put_": place, "to": [autodiff.float64]}
    swallowed = []
    for name in LOOSE:
        try:
            getattr(autodiff.ones(3), name)(*arguments.get(name, ()), too=5)
        except (TypeError, NotImplementedError):  # the second is of what is refused whatever it is given
            continue
        swallowed.append(name)
    assert swallowed == []
