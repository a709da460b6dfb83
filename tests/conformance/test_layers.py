"""PyTorch's database of modules: the same state, results, gradients and buffers, in training and in evaluation."""

import pytest

import autodiff
from conformance.judge import (
    Carried,
    Elsewhere,
    apart,
    assert_all_same,
    assert_same,
    assert_same_gradients,
    attribute,
    has,
    quietly,
    some,
    torch,
    walk_back,
)

module_db = pytest.importorskip("torch.testing._internal.common_modules").module_db

SAMPLES = 6  # of each module, in each of the two modes


def path_of(info):
    """Where a module is found: nn.Linear, nn.utils.parametrize..."""
    return f"{info.module_cls.__module__.removeprefix('torch.').split('.modules')[0]}.{info.module_cls.__name__}"


HERE = [info for info in module_db if has(autodiff, path_of(info))]


def with_state_of(layer, theirs):
    """Our layer, with the parameters and buffers of PyTorch's."""
    assert list(layer.state_dict()) == list(theirs.state_dict())
    layer.load_state_dict({name: Carried()(value.detach()) for name, value in theirs.state_dict().items()})
    return layer


def judge(info, sample, training):
    made, given = sample.constructor_input, sample.forward_input
    if given is None:
        raise Elsewhere("a module that is not called")
    args, named = apart((made.args, made.kwargs), {})
    theirs = info.module_cls(*args, **named)
    carried = Carried()
    args, named = apart((made.args, made.kwargs), {})
    ours = attribute(autodiff, path_of(info))(*carried(args), **carried(named))
    theirs, ours = theirs.train(training).double(), ours.train(training).double()
    inputs = apart((given.args, given.kwargs), {})
    if isinstance(theirs, torch.nn.modules.lazy.LazyModuleMixin):
        for layer, (args, named) in ((theirs, inputs), (ours, Carried()(inputs))):
            layer(*args, **named)
    ours = with_state_of(ours, theirs)
    carried = Carried()
    ours_given = carried(inputs)
    with quietly(3):
        expected = theirs(*inputs[0], **inputs[1])
    with quietly(3):
        found = ours(*ours_given[0], **ours_given[1])
    what, free = info.name, False
    if training and not dict(theirs.named_buffers()):  # a second call would change them
        with quietly(4):
            free = not same_numbers(theirs(*apart(inputs, {})[0], **inputs[1]), expected)
    assert_all_same(found, expected, what, only_shapes=free)
    ours_after = dict(ours.named_buffers())
    for name, value in theirs.named_buffers():
        assert_same(ours_after[name], value, f"{what}: {name} after the call")
    if not free and walk_back(torch, expected):
        assert walk_back(autodiff, found), f"{what}: the result requires no gradient"
        assert_same_gradients(carried.leaves, what)
        ours_of = dict(ours.named_parameters())
        assert_same_gradients([(p, ours_of[name]) for name, p in theirs.named_parameters()], what)


def same_numbers(a, b):
    try:
        assert_all_same(a, b, "")
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("info", HERE, ids=lambda info: info.name)
def test_a_module_agrees(info, training):
    with quietly():
        samples = info.module_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=True, training=training)
        compared, reasons = 0, []
        for sample in some(samples, SAMPLES):
            try:
                judge(info, sample, training)
                compared += 1
            except Elsewhere as reason:
                reasons.append(str(reason))
    print(f"{info.name}: {compared} agree, {len(reasons)} say nothing: {set(reasons)}")
    assert compared or reasons


def test_most_of_the_modules_are_here():
    print(f"{len(HERE)} of {len(module_db)} entries of the module database are offered")
    assert len(HERE) >= 100
