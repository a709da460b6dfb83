"""PyTorch's database of operators: every entry that exists here agrees in value, shape, dtype, gradient, form and errors.

An entry is called as a function, as a method, and in place, wherever PyTorch itself has that form.
"""

import pytest

import autodiff
from conformance.judge import (
    Carried,
    Elsewhere,
    apart,
    assert_all_same,
    assert_same_gradients,
    attribute,
    has,
    parts,
    quietly,
    some,
    torch,
    walk_back,
)

op_db = pytest.importorskip("torch.testing._internal.common_methods_invocations").op_db

SAMPLES = 6  # of each entry, spread over those that PyTorch has
DTYPES = (torch.float64, torch.float32, torch.int64, torch.bool)

# Entries whose samples are not in the order of the public call.
ORDER = {
    "einsum": lambda f: lambda tensors, equation: f(equation, *tensors),
    "nn.functional.embedding": lambda f: lambda weight, index, **named: f(index, weight, **named),
}
# Entries that are a method that changes its tensor, under another name.
CHANGES = {name: name if name.endswith("_") else f"{name}_" for name in (
    "cauchy", "exponential", "geometric", "log_normal", "uniform", "zero_", "resize_", "resize_as_",
)}  # fmt: skip
PROPERTIES = {"T", "mT", "H", "mH", "real", "imag"}

# Where PyTorch is no guide: entries that disagree, each with the reason.
DISAGREE = {
    "as_strided_scatter": "PyTorch's gradient of the first input is that of what was overwritten: its own gradcheck says so",
}
# Entries whose numbers come from SciPy here, and from PyTorch's own series there, near the roots of the functions.
ROUGH = {"special.bessel_j0", "special.bessel_y1"}


def title(op):
    return op.name + (f"/{op.variant_test_name}" if op.variant_test_name else "")


def forms(library, op):
    """{form: what to call} for each form of an entry that a library has."""
    name, cls, found = op.name, library.Tensor, {}
    if name in CHANGES:
        changes = CHANGES[name]
        return {"in place": lambda x, *args, **named: getattr(x.clone(), changes)(*args, **named)} if has(cls, changes) else {}
    if not name.startswith("__") and has(library, name):
        found["function"] = ORDER.get(name, lambda f: f)(attribute(library, name))
    if name in ORDER or "." in name:
        return found
    if name in PROPERTIES:
        return {**found, "method": lambda x: getattr(x, name)}
    if any(name in vars(each) for each in cls.__mro__) and has(cls, name):
        found["method"] = lambda x, *args, **named: getattr(x, name)(*args, **named)
        if op.inplace_variant is not None and has(cls, name + "_"):
            found["in place"] = lambda x, *args, **named: getattr(x.clone(), name + "_")(*args, **named)
    return found


def offered(op):
    """The pairs (form, theirs, ours) of the forms that both libraries have."""
    theirs, ours = forms(torch, op), forms(autodiff, op)
    return [(form, theirs[form], ours[form]) for form in theirs if form in ours]


# Names that are there to say that there are no sparse tensors.
REFUSED = {"to_sparse", "sparse.mm/reduce", "sparse.sampled_addmm"}
HERE = [op for op in op_db if offered(op) and title(op) not in REFUSED]


def run(call, given):
    value, args, named = given
    return call(value, *args, **named)


def is_random(call, given):
    """Whether the call gives other numbers from another seed."""
    results = []
    for seed in (1, 2, 3):
        with quietly(seed):
            results.append(parts(run(call, apart(given, {}))))
    return any(
        isinstance(a, torch.Tensor) and not torch.equal(a.detach().double().nan_to_num(), b.detach().double().nan_to_num())
        for other in results[1:]
        for a, b in zip(results[0], other, strict=True)
    )


def judge(op, form, theirs, ours, sample):
    """Compare one call; `Elsewhere` where it says nothing about us."""
    given = (sample.input, sample.args, sample.kwargs)
    if form != "function" and not isinstance(sample.input, torch.Tensor):
        raise Elsewhere("no tensor to call a method of")
    try:
        free = "empty" in op.name or is_random(theirs, given)
        given = apart(given, {})
        with quietly(4):
            expected = run(theirs, given)
        kinds = [part for part in parts(expected) if isinstance(part, torch.Tensor)]
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        raise Elsewhere(f"PyTorch refuses it: {error}") from None
    if any(part.is_complex() or part.layout != torch.strided or part.dtype == torch.bfloat16 for part in kinds):
        raise Elsewhere("a result of a kind that is not here")
    carried = Carried()
    ours_given = carried(given)
    with quietly(4):
        found = run(ours, ours_given)
    what = f"{title(op)} as {form}"
    shown = (found, expected)
    if sample.output_process_fn_grad is not None and op.name.startswith(("linalg.", "svd", "qr")):  # up to signs and phases
        shown = sample.output_process_fn_grad(found), sample.output_process_fn_grad(expected)
    assert_all_same(*shown, what, only_shapes=free, rtol=1e-4 if op.name in ROUGH else 1e-6)
    if free or not op.supports_autograd or not carried.leaves:
        return
    if sample.output_process_fn_grad is not None:
        expected = sample.output_process_fn_grad(expected)
        try:
            found = sample.output_process_fn_grad(found)
        except (AttributeError, RuntimeError, TypeError):
            return  # it calls what autodiff does not have
    try:
        walked = walk_back(torch, expected)
    except RuntimeError:
        return  # PyTorch has no derivative there
    if walked:
        assert walk_back(autodiff, found), f"{what}: the result requires no gradient"
        assert_same_gradients(carried.leaves, what)


@pytest.mark.parametrize("op", [op for op in HERE if title(op) not in DISAGREE], ids=title)
def test_an_operator_agrees(op):
    dtype = next((each for each in DTYPES if each in op.supported_dtypes("cpu")), None)
    compared, reasons = 0, []
    with quietly():
        wanted = op.supports_autograd and dtype == torch.float64
        samples = some(op.sample_inputs("cpu", dtype, requires_grad=wanted), SAMPLES) if dtype else []
        for form, theirs, ours in offered(op):
            for sample in samples:
                try:
                    judge(op, form, theirs, ours, sample)
                    compared += 1
                except Elsewhere as reason:
                    reasons.append(str(reason))
    print(f"{title(op)}: {compared} calls agree, {len(reasons)} say nothing")
    assert compared or reasons or not samples


def test_most_of_the_operators_are_here():
    print(f"{len(HERE)} of {len(op_db)} entries of the operator database are offered")
    assert len(HERE) >= 500
    assert set(DISAGREE) <= {title(op) for op in HERE}


# ---- what PyTorch refuses ----

REFUSING = [op for op in HERE if op.error_inputs_func is not None]
CLEAR = (IndexError, RuntimeError, TypeError, ValueError)


def refusals(op):
    """(how many error inputs were given, those that were taken, those of another class of error)."""
    count, taken, other = 0, [], []
    _, _, ours = offered(op)[0]
    with quietly():
        for wrong in some(op.error_inputs("cpu"), 60, 60):
            sample = wrong.sample_input
            try:
                given = Carried(memory=True)((sample.input, sample.args, sample.kwargs))
            except Elsewhere:
                continue
            if op.name.startswith("__") and not isinstance(sample.input, torch.Tensor):
                continue
            count += 1
            try:
                if run(ours, given) is not NotImplemented:  # of which Python makes a TypeError
                    taken.append(str(wrong.error_regex))
            except CLEAR as error:
                if isinstance(wrong.error_type, type) and not isinstance(error, wrong.error_type):
                    other.append(f"{type(error).__name__} for {wrong.error_type.__name__}: {error}")
    return count, taken, other


def test_what_pytorch_refuses_is_refused():
    given, taken, other = 0, {}, {}
    for op in REFUSING:
        count, silent, others = refusals(op)
        given += count
        if silent:
            taken[title(op)] = silent
        if others:
            other[title(op)] = others
    silent, differing = (sum(map(len, each.values())) for each in (taken, other))
    print(f"{given} error inputs: {given - silent} refused, {differing} of them with another class")
    print(f"taken: {taken}; another class: {other}")
    assert given >= 500
    assert silent <= 0.02 * given, taken
    assert differing <= 0.025 * given, other
