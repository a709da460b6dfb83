"""PyTorch's database of optimisers: the same parameters after every step, and the same refusals."""

import numpy as np
import pytest

import autodiff
from conformance.judge import Carried, Elsewhere, attribute, has, quietly, torch

optim_db = pytest.importorskip("torch.testing._internal.common_optimizers").optim_db

STEPS = 6
SHAPES = [(4, 3), (3,), ()]
SWITCHES = ("foreach", "fused", "capturable")  # of PyTorch's implementations, and of no algorithm


def path_of(info):
    return f"optim.{info.optim_cls.__name__}"


# It takes sparse gradients alone, which are not here: its constructor says so.
REFUSED = {"optim.SparseAdam"}
HERE = [info for info in optim_db if has(autodiff, path_of(info)) and path_of(info) not in REFUSED]


def shapes_for(info):
    return [shape for shape in SHAPES if len(shape) == 2] if info.optim_cls.__name__ == "Muon" else SHAPES


def trajectory(library, info, optimiser, options):
    """The parameters after each step; every gradient is drawn, and in a closure depends on the parameter too."""
    rng = np.random.default_rng(0)
    params = [library.tensor(rng.standard_normal(shape), requires_grad=True) for shape in shapes_for(info)]
    stepper = attribute(library, path_of(info))(params, **options) if optimiser is None else optimiser(params, **options)
    for _ in range(STEPS):
        drawn = [library.tensor(rng.standard_normal(tuple(p.shape))) for p in params]

        def closure(drawn=drawn):
            stepper.zero_grad()
            loss = sum(((p * g).sum() + 0.5 * (p * p).sum() for p, g in zip(params, drawn, strict=True)), library.zeros(()))
            loss.backward()
            return loss

        stepper.step(closure)
        yield [p.detach().numpy().copy() for p in params]


@pytest.mark.parametrize("info", HERE, ids=path_of)
def test_an_optimiser_agrees(info):
    compared = 0
    for given in info.optim_inputs_func(device="cpu"):
        options = dict(given.kwargs)
        if any(options.get(word) for word in SWITCHES) or "params" in options:
            continue
        try:
            ours = Carried()(options)
        except Elsewhere:
            continue
        theirs = {key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in options.items()}
        # A line search decides by comparisons, which a last digit can turn: what follows is compared less closely.
        rtol = 1e-4 if options.get("line_search_fn") else 1e-7
        with quietly():
            pairs = zip(trajectory(autodiff, info, None, ours), trajectory(torch, info, info.optim_cls, theirs), strict=True)
            for step, (found, expected) in enumerate(pairs):
                for a, b in zip(found, expected, strict=True):
                    np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-10, err_msg=f"{given.desc}, step {step}")
        compared += 1
    print(f"{path_of(info)}: {compared} sets of options agree")
    assert compared


@pytest.mark.parametrize("info", HERE, ids=path_of)
def test_what_pytorch_refuses_is_refused(info):
    count = 0
    for wrong in info.optim_error_inputs_func(device="cpu", dtype=torch.float64):
        given = wrong.optimizer_error_input
        if issubclass(wrong.error_type, Warning) or given.params is None:
            continue
        try:
            params, options = Carried()(given.params), Carried()(given.kwargs)
        except Elsewhere:
            continue
        with quietly(), pytest.raises(wrong.error_type):
            attribute(autodiff, path_of(info))(params, **options)
        count += 1
    assert count


def test_all_the_optimisers_are_here():
    print(f"{len(HERE)} of {len(optim_db)} entries of the optimizer database are offered")
    assert len(HERE) >= 13
