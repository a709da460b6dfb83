"""Containers as PyTorch's: drawn sequences of everything that a list or a dictionary does leave the same modules behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

KEYS = st.sampled_from(["a", "b", "c", "keys", ""])
PLACES = st.one_of(
    st.integers(-4, 4), st.sampled_from([slice(1, None), slice(None, None, 2), slice(0, 2), slice(None, None, -1)])
)
COUNT = st.integers(0, 3)


def layers(m, first, n):
    return [m.nn.Linear(first, k + 1, bias=False) for k in range(n)]


def numbers(m, first, n):
    return [m.full((k + 1,), float(first)) for k in range(n)]


def made(m, kind, first, n):
    nn = m.nn
    if kind == "Sequential":
        return nn.Sequential(*layers(m, first, n))
    if kind == "ModuleList":
        return nn.ModuleList(layers(m, first, n))
    if kind == "ModuleDict":
        return nn.ModuleDict(dict(zip("abc", layers(m, first, n))))
    if kind == "ParameterList":
        return nn.ParameterList(numbers(m, first, n))
    return nn.ParameterDict(dict(zip("abc", numbers(m, first, n))))


def one(m, kind, first):
    return m.nn.Linear(first, 9, bias=False) if kind[0] != "P" else m.full((9,), float(first))


LISTS = {
    "append": lambda m, c, k, f, n, p: c.append(one(m, k, f)),
    "extend": lambda m, c, k, f, n, p: c.extend(made(m, k, f, n)),
    "insert": lambda m, c, k, f, n, p: c.insert(min(abs(p), len(c)), one(m, k, f)),
    "set": lambda m, c, k, f, n, p: c.__setitem__(p, one(m, k, f)),
    "get": lambda m, c, k, f, n, p: c[p],
    "delete": lambda m, c, k, f, n, p: c.__delitem__(p),
    "pop": lambda m, c, k, f, n, p: c.pop(p),
    "plus": lambda m, c, k, f, n, p: c + made(m, k, f, n),
    "plus in place": lambda m, c, k, f, n, p: c.__iadd__(made(m, k, f, n)),
    "times": lambda m, c, k, f, n, p: c * n,
    "times in place": lambda m, c, k, f, n, p: c.__imul__(n),
    "plus a number": lambda m, c, k, f, n, p: c + 3,
    "extend by a number": lambda m, c, k, f, n, p: c.extend(3),
    "append a number": lambda m, c, k, f, n, p: c.append(3) if k[0] != "P" else None,
    "items": lambda m, c, k, f, n, p: [repr(x) for x in c],
    "names": lambda m, c, k, f, n, p: [x for x in dir(c) if x.isdigit()],
}
DICTS = {
    "set": lambda m, c, k, f, n, key: c.__setitem__(key, one(m, k, f)),
    "get": lambda m, c, k, f, n, key: c[key],
    "delete": lambda m, c, k, f, n, key: c.__delitem__(key),
    "contains": lambda m, c, k, f, n, key: key in c,
    "pop": lambda m, c, k, f, n, key: c.pop(key),
    "keys": lambda m, c, k, f, n, key: (list(c.keys()), list(c)),
    "values": lambda m, c, k, f, n, key: [repr(v) for v in c.values()],
    "items": lambda m, c, k, f, n, key: [(a, repr(v)) for a, v in c.items()],
    "update": lambda m, c, k, f, n, key: c.update(made(m, k, f, n)),
    "update by a dict": lambda m, c, k, f, n, key: c.update({key: one(m, k, f)}),
    "update by pairs": lambda m, c, k, f, n, key: c.update([("b", one(m, k, f)), ("z", one(m, k, f))]),
    "update by a number": lambda m, c, k, f, n, key: c.update(3),
    "update by what are no pairs": lambda m, c, k, f, n, key: c.update([1, 2]),
    "update by triples": lambda m, c, k, f, n, key: c.update([("a", 1, 2)]),
    "clear": lambda m, c, k, f, n, key: c.clear(),
    "set a number": lambda m, c, k, f, n, key: c.__setitem__(key, 3) if k[0] != "P" else None,
}
PARAMETERS = {
    "copy": lambda m, c, k, f, n, key: c.copy(),
    "default": lambda m, c, k, f, n, key: c.setdefault(key, one(m, k, f)),
    "get with a default": lambda m, c, k, f, n, key: (c.get(key), c.get(key, 5)),
    "popitem": lambda m, c, k, f, n, key: c.popitem() if len(c) else None,
    "from keys": lambda m, c, k, f, n, key: c.fromkeys("xy", one(m, k, f)),
    "or": lambda m, c, k, f, n, key: c | made(m, k, f, n),
    "or in place": lambda m, c, k, f, n, key: c.__ior__(made(m, k, f, n)),
    "reversed": lambda m, c, k, f, n, key: list(reversed(c)),
    "a tensor that is none": lambda m, c, k, f, n, key: c.__setitem__("t", "text"),
}
OPERATIONS = {
    **dict.fromkeys(("Sequential", "ModuleList", "ParameterList"), LISTS),
    "ModuleDict": DICTS,
    "ParameterDict": {**DICTS, **PARAMETERS},
}
PLACE_OF = {**dict.fromkeys(OPERATIONS, PLACES), "ModuleDict": KEYS, "ParameterDict": st.sampled_from("abc")}
STEPS = {
    kind: st.lists(st.tuples(st.sampled_from(sorted(names)), st.integers(1, 5), COUNT, PLACE_OF[kind]), min_size=1, max_size=6)
    for kind, names in OPERATIONS.items()
}


def plain(m, x):
    if isinstance(x, tuple):
        return [plain(m, v) for v in x]
    return repr(x).replace("torch.nn.parameter", "").replace("autodiff.nn.parameter", "")


def run(m, kind, n, steps):
    c, seen = made(m, kind, 1, n), []
    for name, first, count, place in steps:
        operation = OPERATIONS[kind][name]
        try:
            found = operation(m, c, kind, first, count, place)
        except Exception as error:
            # PyTorch's ParameterDict looks its members up as attributes.
            seen.append(type(error).__name__.replace("AttributeError", "KeyError"))
        else:
            seen.append("itself" if found is c else plain(m, found))
        seen += [repr(c), len(c), [name for name, _ in c.named_parameters()]]
    return seen


@pytest.mark.parametrize("kind", OPERATIONS)
@given(st.data())
def test_sequences_of_operations(kind, data):
    n, steps = data.draw(COUNT), data.draw(STEPS[kind])
    assert run(autodiff, kind, n, steps) == run(torch, kind, n, steps)


def test_nothing_to_take_from_an_empty_dictionary():
    with pytest.raises(KeyError):
        autodiff.nn.ParameterDict().popitem()


@pytest.mark.parametrize("kind", OPERATIONS)
def test_every_operation_once(kind):
    for name in OPERATIONS[kind]:
        for n in (0, 3):
            for place in ("b", "z") if "Dict" in kind else (0, -1, 3, -3, -4, slice(1, None), slice(None, None, -1)):
                steps = [(name, 5, 2, place)]
                assert run(autodiff, kind, n, steps) == run(torch, kind, n, steps), (name, n, place)
