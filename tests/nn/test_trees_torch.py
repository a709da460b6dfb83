"""Drawn trees of modules in which parameters, buffers and modules stand in several places: names and order are PyTorch's."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

# A module: which of three parameters, two buffers, and earlier modules it has; None stands for an empty place.
MODULE = st.tuples(
    st.lists(st.sampled_from([0, 1, 2, None]), max_size=3), st.lists(st.sampled_from([0, 1, None]), max_size=2),
    st.lists(st.one_of(st.none(), st.integers(0, 4)), max_size=3), st.booleans(),
)  # fmt: skip
TIED = [([0, 1], [0], [], True), ([0, 2, 0], [0, 1], [0, None, 0], False), ([1], [1], [1, 0], True)]


def built(T, plan):
    """The last of the modules, and what all parts are called in the test."""
    parameters = [T.nn.Parameter(T.full((1,), float(k)), requires_grad=k != 2) for k in range(3)]
    buffers = [T.full((1,), 10.0 + k) for k in range(2)]
    made = []
    for own, kept, children, persistent in plan:
        module = T.nn.Module()
        for i, k in enumerate(own):
            module.register_parameter(f"p{i}", None if k is None else parameters[k])
        for i, k in enumerate(kept):
            module.register_buffer(f"b{i}", None if k is None else buffers[k], persistent=persistent)
        for i, k in enumerate(children):
            module.add_module(f"m{i}", made[k % len(made)] if k is not None and made else None)
        made.append(module)
    kinds = {"p": parameters, "b": buffers, "m": made}
    known = {id(part): f"{kind}{k}" for kind, parts in kinds.items() for k, part in enumerate(parts)}
    return made[-1], known, made, parameters


def walks(T, plan):
    root, known, made, parameters = built(T, plan)

    def named(pairs):
        return [(name, known[id(part)]) for name, part in pairs]

    found = {"modules": [known[id(m)] for m in root.modules()], "children": [known[id(m)] for m in root.children()],
             "named children": named(root.named_children()), "parameters": [known[id(p)] for p in root.parameters()],
             "own parameters": [known[id(p)] for p in root.parameters(recurse=False)],
             "buffers": [known[id(b)] for b in root.buffers()], "own buffers": [known[id(b)] for b in root.buffers(False)],
             "state": [(name, t.item()) for name, t in root.state_dict().items()]}  # fmt: skip
    for once in (True, False):
        found["named modules", once] = named(root.named_modules(remove_duplicate=once))
        found["behind a name", once] = named(root.named_modules(prefix="of", remove_duplicate=once))
        for recurse in (True, False):
            found["named parameters", once, recurse] = named(root.named_parameters("x", recurse, once))
            found["named buffers", once, recurse] = named(root.named_buffers("", recurse, once))
    memo = {made[0]}
    found["but for one"] = named(root.named_modules(memo))
    seen = []
    assert root.apply(lambda module: seen.append(known[id(module)])) is root
    found["applied"], found["trained"] = seen, [module.training for module in root.eval().modules()]
    for k, p in enumerate(parameters):
        p.grad = T.full((1,), float(k))
    root.zero_grad(set_to_none=False)
    found["zeros"] = [None if p.grad is None else p.grad.item() for p in parameters]
    root.zero_grad()
    found["none"] = [None if p.grad is None else p.grad.item() for p in parameters]
    root.requires_grad_(False)
    found["fixed"] = [p.requires_grad for p in parameters]
    root.requires_grad_()
    found["learned"] = [p.requires_grad for p in parameters]
    root.train()
    found["printed"], found["mode"] = repr(root), [module.training for module in made]
    return found


@given(st.lists(MODULE, min_size=1, max_size=4))
@example(TIED)
@example(TIED[::-1])
def test_walks_are_pytorchs(plan):
    ours, theirs = (walks(T, plan) for T in (autodiff, torch))
    for key, value in theirs.items():
        assert ours[key] == value, key


def test_a_tied_parameter_is_stepped_and_counted_once():
    root, known, _, parameters = built(autodiff, TIED)
    assert [known[id(p)] for p in root.parameters()] == ["p1", "p0", "p2"]
    assert len(list(root.named_parameters(remove_duplicate=False))) == 10
    assert len(autodiff.optim.SGD(root.parameters(), lr=1.0).param_groups[0]["params"]) == 3
    assert [p.item() for p in parameters] == [0, 1, 2]


def test_what_is_asked_of_a_module_before_its_init():
    for T in (autodiff, torch):
        module = object.__new__(T.nn.Module)
        for name in ("weight", "__something__", "_own"):
            with pytest.raises(AttributeError, match=f"has no attribute '{name}'") as caught:
                getattr(module, name)
            if T is autodiff:
                assert ("call super().__init__() first" in str(caught.value)) == (name != "__something__")
        with pytest.raises(AttributeError, match=r"cannot assign parameters before Module.__init__\(\) call"):
            module.weight = T.nn.Parameter(T.ones(1))
        with pytest.raises(AttributeError, match=r"cannot assign module before Module.__init__\(\) call"):
            module.inner = T.nn.ReLU()
        module.size = 3
        assert module.size == 3
