"""A tensor as something else, and the tensor itself: copies, dtypes, sizes, numbers out. The same on autodiff and PyTorch."""

import copy
import operator
import pickle

import numpy as np
import pytest

import autodiff

NAMES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


def plain(m, x):
    """Comparable between the libraries."""
    if isinstance(x, m.Tensor):
        return (
            type(x).__name__,
            repr(x),
            str(x.dtype),
            x.requires_grad,
            x.is_leaf,
            x.tolist(),
            tuple(x.stride()) if x.numel() else (),
        )
    if isinstance(x, np.ndarray):
        return "array", str(x.dtype), x.tolist()
    if isinstance(x, (list, tuple)):
        return type(x).__name__, [plain(m, v) for v in x]
    return repr(x)


def outcome(m, program):
    try:
        return plain(m, program(m))
    except Exception as error:
        return type(error)


def leaf(m):
    return m.tensor([1.5, 2.5], requires_grad=True)


def computed(m):
    return leaf(m) * 2


def noted(m):
    p = m.nn.Parameter(m.tensor([1.5, 2.5]))
    p.note = ["mine"]
    return p


def copied(m, how):
    p = noted(m)
    p.grad = m.ones(2)
    q = how(p)
    q.note.append("more")
    q.data[0] = 9
    return p, q, p.note, q.note, q.grad, type(q).__name__


def shares(m, make):
    x = m.zeros(2)
    y = make(x)
    y += 1
    return x, y is x


SAME = {
    "a shape": lambda m: (m.ones(2, 3).size(), m.ones(2, 3).size(1), m.ones(2, 3).size(-2), m.ones(()).size()),
    "a size out of range": lambda m: m.ones(2, 3).size(2),
    "strides": lambda m: (m.ones(2, 3).stride(), m.ones(2, 3).t().stride(), m.ones(2, 3).stride(0), m.ones(2, 3).stride(-1)),
    "facts": lambda m: [
        (
            x.ndim,
            x.dim(),
            x.ndimension(),
            x.numel(),
            x.nelement(),
            x.itemsize,
            x.element_size(),
            x.nbytes,
            x.is_contiguous(),
            x.is_floating_point(),
            x.is_complex(),
            x.is_inference(),
            x.get_device(),
            x.is_cpu,
            x.is_cuda,
            x.device,
            x.layout == m.ones(1).layout,
        )
        for x in (m.ones(2, 3), m.ones(3, 2).t(), m.ones(2).double(), m.ones(()).bool(), m.ones(0, 2))
    ],
    "sizes": lambda m: [
        (
            s,
            s[0],
            s[1:],
            s + (1,),
            s * 2,
            s.numel(),
            len(s),
            s == (2, 3),
            tuple(s),
            hash(s) == hash((2, 3)),
            isinstance(s[1:], m.Size),
        )
        for s in (m.ones(2, 3).shape, m.Size([2, 3]))
    ],
    "a tensor of sizes": lambda m: [tuple(m.Tensor(*a).shape) for a in ((2, 3), (2,), (), (m.Size([2, 1]),))],
    "a tensor of numbers": lambda m: [m.Tensor(a) for a in ([1, 2], [[1.5], [2]], (3,), [])],
    "a tensor of a tensor": lambda m: (x := m.ones(2), m.Tensor(x), m.Tensor(leaf(m).detach())),
    "lengths": lambda m: (len(m.ones(2, 3)), len(m.ones(0))),
    "the length of a number": lambda m: len(m.ones(())),
    "devices": lambda m: (
        m.device("cpu:0").index,
        m.device("cpu").index,
        m.device("cpu", 0),
        m.device("cpu:0"),
        str(m.device("cpu:0")),
        str(m.device("cpu")),
        m.device("cpu") == m.device("cpu:0"),
        m.device("cpu:1") == m.device("cpu", 1),
        len({m.device("cpu"), m.device("cpu"), m.device("cpu:0")}),
        m.device(m.device("cpu")),
        m.device("cpu") == "cpu",
    ),
    "a device that is a number": lambda m: m.device(2.5),
    "types as": lambda m: [m.tensor([1.7]).type_as(m.ones(1, dtype=getattr(m, d))) for d in NAMES],
    "a type as a number": lambda m: m.ones(1).type_as(3),
    "to its own dtype": lambda m: [
        (
            x := m.ones(1),
            x.to(m.float32) is x,
            x.to(x) is x,
            x.to("cpu") is x,
            x.to("cpu", m.float32) is x,
            x.to(dtype=m.float32, copy=True) is x,
            x.float() is x,
            x.type_as(x) is x,
        )[1:]
    ],
    "to another": lambda m: (
        leaf(m).to(m.float64),
        leaf(m).to("cpu", m.float16),
        leaf(m).to(m.ones(1).double()),
        leaf(m).to(m.int64, True),
    ),
    "to with a copy": lambda m: (
        leaf(m).detach().to("cpu", copy=True),
        m.ones(2).to(m.float32, False, True),
        shares(m, lambda x: x.to(m.float32, copy=True)),
    ),
    "to nothing": lambda m: m.ones(1).to(nothing=3),
    "every conversion": lambda m: [
        getattr(m.tensor([0.0, 1.7]), f)() for f in ("bool", "byte", "char", "short", "int", "long", "half", "float", "double")
    ],
    "gradients through conversions": lambda m: (x := leaf(m), (x.double() * x.half()).sum().backward(), x.grad)[2],
    "names of types": lambda m: [m.ones(1, dtype=getattr(m, d)).type() for d in NAMES],
    "types by name": lambda m: [
        m.tensor([1.7]).type(t) for t in ("torch.LongTensor", m.float64, m.DoubleTensor, "torch.ByteTensor")
    ],
    "a type by a wrong name": lambda m: m.ones(1).type("LongTensor"),
    "the CPU": lambda m: (x := m.ones(1), x.cpu() is x)[1],
    "items": lambda m: (m.tensor([2.5]).item(), m.tensor(3).item(), m.tensor([[True]]).item()),
    "lists": lambda m: (m.ones(2, 2).tolist(), m.tensor(3).tolist(), m.ones(0).tolist(), m.tensor([True]).tolist()),
    "truth": lambda m: (bool(m.tensor([2])), bool(m.tensor(0.0)), bool(m.tensor([[False]]))),
    "truth of many": lambda m: bool(m.ones(2)),
    "truth of none": lambda m: bool(m.ones(0)),
    "numbers": lambda m: (
        float(m.tensor([2])),
        int(m.tensor(2.7)),
        operator.index(m.tensor(3)),
        [0, 1, 2][m.tensor([1])],
        complex(m.tensor(2.0)),
    ),
    "an index of a float": lambda m: operator.index(m.tensor(2.0)),
    "an index of two": lambda m: operator.index(m.tensor([1, 2])),
    "rows": lambda m: (list(m.arange(4).reshape(2, 2)), [r.is_leaf for r in leaf(m)]),
    "rows of a number": lambda m: list(m.tensor(1)),
    "containing": lambda m: (1.5 in leaf(m), 3 in leaf(m), m.tensor(2.5) in leaf(m), True in m.tensor([False])),
    "containing text": lambda m: "a" in leaf(m),
    "arrays of what records": lambda m: leaf(m).numpy(),
    "arrays of what records, forced": lambda m: (leaf(m).numpy(force=True), computed(m).numpy(force=True)),
    "arrays of what is detached": lambda m: computed(m).detach().numpy(),
    "arrays share memory": lambda m: shares(m, lambda x: x.numpy()),
    "from arrays": lambda m: (
        m.from_numpy(np.arange(3)),
        m.asarray(np.arange(2.0)),
        m.as_tensor([1, 2]),
        m.tensor(np.float32(2)),
    ),
    "asarray, not copied": lambda m: shares(m, m.asarray),
    "asarray in another dtype": lambda m: shares(m, lambda x: m.asarray(x, dtype=m.float64)),
    "as_tensor": lambda m: shares(m, m.as_tensor),
    "tensor of an array copies": lambda m: (a := np.zeros(2), m.tensor(a).add_(1), a),
    "from_numpy shares": lambda m: (a := np.zeros(2), m.from_numpy(a).add_(1), a),
    "clones": lambda m: shares(m, lambda x: x.clone()),
    "detached": lambda m: shares(m, lambda x: x.detach()),
    "data": lambda m: shares(m, lambda x: x.data),
    "copies": lambda m: copied(m, copy.copy),
    "pickles": lambda m: copied(m, lambda p: pickle.loads(pickle.dumps(p))),
    "a deep copy of a leaf": lambda m: (x := leaf(m), x.sum().backward(), y := copy.deepcopy(x), y.grad, y.grad is x.grad)[2:],
    "a pickle of a leaf": lambda m: (x := leaf(m), x.sum().backward(), pickle.loads(pickle.dumps(x)))[2],
    "a copy of a leaf shares": lambda m: (x := m.zeros(2), copy.copy(x).add_(1), x)[2],
    "deep copies share what was shared": lambda m: (
        x := m.zeros(4),
        t := copy.deepcopy([x, x, x[1:3], x.view(2, 2)]),
        t[0].fill_(5),
        t,
        t[0] is t[1],
        x,
    )[3:],
    "a deep copy keeps the layout": lambda m: copy.deepcopy(m.arange(6.0).reshape(2, 3).t()),
    "a deep copy of memory in another order": lambda m: copy.deepcopy(m.arange(6.0).reshape(2, 3).t() * 2),
    "a copy of a non-leaf": lambda m: copy.deepcopy(computed(m)),
    "data of another kind": lambda m: setattr(leaf(m), "data", m.tensor([1, 2])),
    "data of another float": lambda m: (x := leaf(m), setattr(x, "data", m.ones(3).double()), x)[2],
    "data that is a list": lambda m: setattr(leaf(m), "data", [1.0]),
    "a gradient of another size": lambda m: setattr(leaf(m), "grad", m.ones(3)),
    "a gradient of another dtype": lambda m: setattr(leaf(m), "grad", m.ones(2).double()),
    "a gradient that is a list": lambda m: setattr(leaf(m), "grad", [1.0, 2.0]),
    "a gradient that is a number": lambda m: setattr(leaf(m), "grad", 1.0),
    "a gradient that is the tensor": lambda m: (x := leaf(m), setattr(x, "grad", x)),
    "a gradient that is taken away": lambda m: (x := leaf(m), setattr(x, "grad", m.ones(2)), setattr(x, "grad", None), x.grad)[
        3
    ],
    "requires_grad of ints": lambda m: m.ones(2).long().requires_grad_(),
    "requires_grad of a computed tensor": lambda m: computed(m).requires_grad_(False),
    "requires_grad of a computed tensor once more": lambda m: computed(m).requires_grad_(),
    "requires_grad set": lambda m: (
        x := m.ones(1),
        setattr(x, "requires_grad", True),
        x,
        setattr(x, "requires_grad", False),
        x,
    )[2::2],
    "views in print": lambda m: (y := computed(m), y.unbind(0)[1], y[:1], y.add_(1), y[:1])[1:],
    "a reshape that must copy": lambda m: (
        x := m.arange(6.0).reshape(2, 3),
        y := x.t().reshape(-1),
        y.mul_(2),
        x,
        x._version,
        y._version,
    )[2:],
    "a reshape of a leaf that must copy": lambda m: (
        x := m.ones(2, 3, requires_grad=True),
        x.t().reshape(-1).mul_(2).sum().backward(),
        x.grad,
    )[2],
    "a flatten that need not copy": lambda m: (x := m.arange(6.0).reshape(2, 3), x.flatten().mul_(2), x, x._version)[2:],
    "a contiguous that must copy": lambda m: (x := m.arange(6.0).reshape(2, 3), x.t().contiguous().mul_(2), x, x._version)[2:],
    "detaching a view in place": lambda m: computed(m)[:1].detach_(),
    "detaching in place": lambda m: (y := computed(m), y.detach_() is y, y, y.is_leaf),
    "formats": lambda m: (f"{m.tensor(2.5):.2f}", f"{m.tensor(3):4d}", f"{m.ones(2)}", f"{m.nn.Parameter(m.tensor(1.0))}"),
    "names of methods": lambda m: [
        getattr(m.Tensor, n).__name__ for n in ("add_", "mul_", "exp_", "zero_", "fill_", "copy_", "clamp_")
    ],
    "an in-place method of no tensor": lambda m: m.Tensor.add_([1.0], 2),
    "in place into a smaller one": lambda m: m.ones(2).add_(m.ones(3, 2)),
    "in place into a smaller dtype": lambda m: m.ones(2).long().add_(1.5),
    "in place into bools": lambda m: m.ones(2).bool().add_(1),
    "in place into a smaller float": lambda m: (
        m.ones(2).add_(m.ones(2).double()),
        m.ones(2, dtype=m.uint8).add_(m.ones(2).long()),
    ),
    "in place into inference": lambda m: inference(m).add_(1),
    "requires_grad of inference": lambda m: inference(m).requires_grad_(),
    "versions": lambda m: (
        x := m.ones(2),
        x.add_(1),
        x._version,
        x.detach()._version,
        x.clone()._version,
        x[0].mul_(2),
        x._version,
    )[2::2],
    "the version of inference": lambda m: inference(m)._version,
    "filling": lambda m: (
        m.ones(2).fill_(3),
        m.ones(2).fill_(m.tensor(4.0)),
        m.ones(2).long().fill_(2.7),
        m.zeros(2).copy_(m.tensor([3])),
    ),
    "filling with many": lambda m: m.ones(2).fill_(m.ones(2)),
    "filling with text": lambda m: m.ones(2).fill_("3"),
    "copying from a list": lambda m: m.ones(2).copy_([1.0, 2.0]),
    "copying from a larger one": lambda m: m.ones(2).copy_(m.ones(3)),
    "gradients of filling and copying": lambda m: (
        x := leaf(m),
        v := m.tensor(3.0, requires_grad=True),
        y := x * 2,
        y.fill_(v),
        y.sum().backward(),
        x.grad,
        v.grad,
    )[5:],
    "gradients of copying": lambda m: (
        x := leaf(m),
        v := m.ones(1, requires_grad=True),
        y := x * 2,
        y.copy_(v),
        (y * y).sum().backward(),
        x.grad,
        v.grad,
    )[5:],
    "an empty list as an index": lambda m: (m.ones(3)[[]], m.ones(3, 2)[[]], m.ones(3)[m.tensor([], dtype=m.int64)]),
    "repeating nothing": lambda m: (m.ones(2).repeat(0, 2), m.ones(2).repeat(0), m.arange(2).repeat(2, 3)),
    "repeating less than nothing": lambda m: m.ones(2).repeat(-1),
    "repeating too few dimensions": lambda m: m.ones(2, 2).repeat(2),
    "splitting by less than nothing": lambda m: m.ones(3).split(-1),
    "splitting by nothing": lambda m: m.ones(3).split(0),
    "splitting nothing by nothing": lambda m: m.ones(0).split(0),
    "splitting": lambda m: (m.arange(5).split(2), m.arange(5).split([1, 4]), m.arange(6).reshape(2, 3).split(2, dim=1)),
    "splitting by too much": lambda m: m.ones(3).split([1, 1]),
    "unflattening": lambda m: [m.arange(12).unflatten(0, s) for s in ((3, 4), (-1, 4), (2, -1, 3))],
    "unflattening what does not divide": lambda m: m.ones(12).unflatten(0, (-1, 5)),
    "unflattening twice unknown": lambda m: m.ones(12).unflatten(0, (-1, -1)),
    "unflattening by nothing": lambda m: m.ones(12).unflatten(0, (-1, 0)),
    "medians of odd counts": lambda m: (
        [m.tensor([[3.0, 1.0, 2.0], [9.0, 7.0, 8.0]]).median(d) for d in (0, 1)] + [m.tensor([5, 1, 3, 4, 2]).median(0)]
    ),
    "an index out of range": lambda m: m.ones(2, 3)[0, 7],
    "an index out of range after an ellipsis": lambda m: m.ones(2, 3)[..., 7],
    "an index into a number": lambda m: m.tensor(1.0)[0],
    "too many indices": lambda m: m.ones(2)[0, 0],
}


def under_no_grad(m, x):
    with m.no_grad():
        return x[:1]


def inference(m):
    with m.inference_mode():
        return m.ones(2)


@pytest.mark.parametrize("name", SAME)
def test_the_same_on_both(name, torch):
    assert outcome(autodiff, SAME[name]) == outcome(torch, SAME[name])


# ---- in whose words ----


WORDS = [
    (lambda m: m.ones(2).add_(m.ones(3, 2)), RuntimeError, "output with shape .* doesn't match the broadcast shape"),
    (lambda m: m.ones(12).unflatten(0, (-1, 5)), RuntimeError, "unflatten"),
    (lambda m: m.ones(2, 3)[..., 7], IndexError, "index 7 is out of bounds for dimension 1 with size 3"),
    (lambda m: m.ones(2, 3)[0, -4], IndexError, "index -4 is out of bounds for dimension 1 with size 3"),
    (lambda m: m.ones(2, 3, 4)[0, ..., 4], IndexError, "index 4 is out of bounds for dimension 2 with size 4"),
    (lambda m: m.tensor(1.0)[0], IndexError, "invalid index of a 0-dim tensor"),
    (lambda m: m.ones(2)[0, 0], IndexError, "too many indices for tensor of dimension 1"),
    (lambda m: setattr(leaf(m), "grad", 3), TypeError, "assigned grad expected to be a Tensor"),
    (lambda m: m.ones(3).split(-1), RuntimeError, "split"),
]
OWN_WORDS = [
    (lambda m: m.add(1, "a"), TypeError, r"add\(\): argument 'input' \(position 1\) must be Tensor, not int"),
    (
        lambda m: m.add(m.ones(2), "a"),
        TypeError,
        r"add\(\): argument 'other' \(position 2\) must be Tensor or a number, not str",
    ),
    (lambda m: m.mul(m.ones(2), 1j), TypeError, r"mul\(\): argument 'other' \(position 2\) must be Tensor or a number"),
    (lambda m: m.add(1, [2]), TypeError, r"add\(\): argument 'input' \(position 1\) must be Tensor, not int"),
    (lambda m: m.tensor([[1, 2], 3]), TypeError, r"sequence.* at dim 1 \(item 1\)"),
    (lambda m: m.tensor([[[1], 2], [[1], 2]]), TypeError, r"sequence.* at dim 2 \(item 1\)"),
    (lambda m: m.nn.functional.linear(m.tensor(1.0), m.ones(3, 2)), RuntimeError, "at least 1D, but they are 0D and 2D"),
    (lambda m: m.nn.functional.linear(m.ones(4, 5, 3), m.ones(3, 2)), RuntimeError, r"cannot be multiplied \(20x3 and 2x3\)"),
    (lambda m: m.tensor([1.0, "a"]), TypeError, "'str'|number"),
    (lambda m: m.ones(2).fill_("3"), TypeError, "argument 'value' must be Number, not '3'"),
    (lambda m: m.ones(2).fill_([3]), TypeError, "argument 'value' must be Number, not list"),
    (lambda m: m.nn.utils.vector_to_parameters(m.ones(1), [m.ones(2)]), RuntimeError, "1 elements, the parameters 2"),
    (lambda m: copy.deepcopy(computed(m)), RuntimeError, "graph leaves.* support the deepcopy protocol"),
    (lambda m: m.ones(1).to("float32"), RuntimeError, "no device; a dtype is written without quotes"),
    (lambda m: m.ones(1).to(3.5), TypeError, "dtype must be a torch dtype"),
]


@pytest.mark.parametrize(("program", "error", "words"), WORDS)
def test_words_of_errors(program, error, words, torch):
    for m in (autodiff, torch):
        with pytest.raises(error, match=words):
            program(m)


@pytest.mark.parametrize(("program", "error", "words"), OWN_WORDS)
def test_own_words_of_errors(program, error, words):
    with pytest.raises(error, match=words):
        program(autodiff)


def test_arrays():
    x = autodiff.zeros(2)
    assert np.asarray(x).dtype == np.float32
    assert np.asarray(x, np.float64).dtype == np.float64
    for copied_array in (np.array(x), np.array(x, copy=True), np.array(x, np.float32, copy=True)):
        copied_array += 1
    assert x.tolist() == [0, 0]
    shared_array = np.asarray(x)
    shared_array += 1
    assert x.tolist() == [1, 1]
    np.asarray(x, np.float32)[0] = 5
    assert x.tolist() == [5, 1]


@pytest.mark.filterwarnings("ignore:To copy construct")
def test_asarray_copies_where_it_is_asked_to():
    x = autodiff.zeros(2)
    autodiff.asarray(x, copy=True).add_(1)
    autodiff.asarray(x, dtype=autodiff.float32, copy=True).add_(1)
    assert x.tolist() == [0, 0]
    autodiff.asarray(x, copy=False).add_(1)
    autodiff.asarray(x).add_(1)
    assert x.tolist() == [2, 2]


def test_asarray_copies_without_a_warning():
    assert autodiff.asarray(autodiff.zeros(2), copy=True).tolist() == [0, 0]


@pytest.mark.parametrize(
    "how", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))], ids=["copy", "deepcopy", "pickle"]
)
def test_a_copy_has_the_attributes_of_its_own(how):
    p = noted(autodiff)
    p.grad = autodiff.ones(2)
    q = how(p)
    assert type(q) is autodiff.nn.Parameter
    assert q.requires_grad
    assert q.grad is None
    assert q.note == ["mine"]
    q.note = ["yours"]
    q.more = 1
    assert p.note == ["mine"]
    assert not hasattr(p, "more")
    q.data[0] = 9
    assert p.tolist() == [9 if how is copy.copy else 1.5, 2.5]


def test_a_view_taken_under_no_grad_has_no_history_while_it_is_true():
    y = computed(autodiff)
    v = under_no_grad(autodiff, y)
    assert repr(v) == "tensor([3.])"
    assert not v.requires_grad
    assert not (v * 2).requires_grad


def test_a_tensor_made_of_a_leaf_is_a_copy_without_history():
    x = leaf(autodiff)
    y = autodiff.Tensor(x)
    y[0] = 9.0
    assert (x.tolist(), y.requires_grad) == ([1.5, 2.5], False)


def test_memory_that_is_read_only():
    array = np.ones(2)
    array.flags.writeable = False
    x = autodiff.as_tensor(array)
    if x.numpy().flags.writeable:
        pytest.fail("as_tensor lost the mark")
    for write in (lambda: x.add_(1), lambda: x.zero_(), lambda: x.copy_(autodiff.ones(2)), lambda: operator.setitem(x, 0, 1.0)):
        with pytest.raises(RuntimeError, match=r"read-only.*clone\(\)"):
            write()
    assert array.tolist() == [1, 1]
    assert x.clone().add_(1).tolist() == [2, 2]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_equal_dtypes_after_a_pickle(protocol):
    """An unpickled array has an equal dtype that is another object: nothing may compare dtypes by identity."""
    again = lambda x: pickle.loads(pickle.dumps(x, protocol))  # noqa: E731
    assert again(autodiff.float32) is autodiff.float32
    assert again(autodiff.bool) is autodiff.bool
    scores, target = autodiff.randn(4, 3), autodiff.tensor([0, 2, 1, 1])
    for reduction in ("mean", "none"):
        loss = autodiff.nn.functional.cross_entropy
        assert (
            loss(again(scores), again(target), reduction=reduction).tolist()
            == loss(scores, target, reduction=reduction).tolist()
        )
        loss, logs = autodiff.nn.functional.nll_loss, scores.log_softmax(1)
        assert (
            loss(again(logs), again(target), reduction=reduction).tolist() == loss(logs, target, reduction=reduction).tolist()
        )
    x = again(autodiff.tensor([1.5, 2.5], requires_grad=True))
    assert x.to(autodiff.float32) is x
    (x * autodiff.ones(2)).sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_a_warning_of_a_missing_gradient_names_the_users_line():
    y = computed(autodiff)
    with pytest.warns(UserWarning, match=r"made at test_conversions_torch\.py:\d+") as caught:
        assert y.grad is None
    assert caught[0].filename == __file__


@pytest.mark.parametrize("convert", [float, int])
def test_a_warning_of_a_number_names_the_users_line(convert):
    with pytest.warns(UserWarning, match="Converting a tensor with requires_grad=True to a scalar") as caught:
        convert(leaf(autodiff)[0])
    assert caught[0].filename == __file__
    with autodiff.no_grad():
        assert convert(leaf(autodiff)[0]) == convert(1.5)


def test_dlpack(torch):
    x = autodiff.arange(3.0)
    y = torch.from_dlpack(x)
    y += 1
    assert x.tolist() == [1, 2, 3]
    with pytest.raises(BufferError, match="require gradient"):
        torch.from_dlpack(leaf(autodiff))
