"""Laws of the rows themselves: every operation and every public function has one, and it shows all that the function does."""

import inspect
import sys
from collections import defaultdict
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import samples
from laws import SLOPED, arrays_for, derivatives, every_row, every_sloped_row, gradients, leaves_of, number, operations, over
from rows.without import PLAIN
from samples import ROWS

import autodiff
from autodiff._core.graph import flat
from autodiff._core.observer import set_observer


def test_rows_have_distinct_names():
    ids = [r.id for r in ROWS]
    assert len(set(ids)) == len(ids) >= 369
    assert samples.__doc__


class Recorder:
    """An observer that notes which operations are recorded."""

    def __init__(self):
        self.operations = set()

    def made(self, node, inputs, params, outputs):
        self.operations.add(node.operation)

    def walked(self, node, gradient, results):
        pass


def through(rows, done):
    """(row, arrays, order) for both precisions and three orders of derivatives: the cheap ones first, until all is done."""
    for order in (1, 2, 3):
        for dtype in (np.float64, np.float32):
            for row in rows:
                if done():
                    return
                yield row, arrays_for(row, dtype), order


def test_every_operation_with_a_partial_is_recorded_by_a_row():
    """In the call or in one of three orders of derivatives: then its rules have run too, but for the last order's."""
    known = {name: op for name, op in operations().items() if any(op.partials)}
    assert len(known) > 190, "the law does not see the package's operations"
    recorder = Recorder()
    before = set_observer(recorder)
    try:
        for row, arrays, order in through(ROWS, lambda: recorder.operations.issuperset(known.values())):
            if row.no_slope:
                row.call(autodiff, *leaves_of(autodiff, arrays))
            else:
                derivatives(autodiff, row, arrays, order, create_graph=True)
    finally:
        set_observer(before)
    missing = [name for name, op in known.items() if op not in recorder.operations]
    assert not missing, f"no row of samples.py records {missing}"


def test_every_rule_runs():
    """Each partial of each operation, on the rows' inputs: a rule that never runs may say anything."""
    rules = {}
    for name, op in operations().items():
        rules |= {rule.__code__: f"{name}, input {i}" for i, rule in enumerate(op.partials) if rule is not None}
    assert len(rules) > 200
    ran = set()

    def profile(frame, event, arg):
        if event == "call" and frame.f_code in rules:
            ran.add(frame.f_code)

    with profiled(profile):
        for row in ROWS:
            if row.no_slope:
                with pytest.raises(RuntimeError):
                    gradients(autodiff, row, arrays_for(row))
        for row, arrays, order in through(SLOPED, lambda: ran == rules.keys()):
            derivatives(autodiff, row, arrays, order)
    missing = [name for code, name in rules.items() if code not in ran]
    assert not missing, f"no row of samples.py runs the rule of {missing}"


def test_every_mask_in_a_rule_takes_both_its_values():
    """Where a rule multiplies by a mask, a row must have inputs inside it and outside: else any mask will do."""
    rules, masks = {}, {}
    for name, op in operations().items():
        sloped = [rule for rule in op.partials if rule is not None and rule is not flat]
        rules |= {rule.__code__: name for rule in sloped}
        masks |= {} if sloped else {op.forward.__code__: name}
    assert len(masks) > 20
    running, values = [], defaultdict(set)

    def profile(frame, event, arg):
        if frame.f_code in rules:
            if event == "call":
                running.append(rules[frame.f_code])
            elif event == "return":
                running.pop()
        elif event == "return" and running and frame.f_code in masks and isinstance(arg, np.ndarray):
            values[running[-1], masks[frame.f_code]].update(np.unique(arg).tolist())

    with profiled(profile):
        for row in SLOPED:
            derivatives(autodiff, row, arrays_for(row), 2)
    assert len(values) > 20, "the law sees no masks"
    always = sorted(f"{mask} in a rule of {name}" for (name, mask), seen in values.items() if len(seen) < 2)
    assert not always, f"always the same: {always}"


# Switches of the package, and what makes a tensor without a value to compare.
OTHERS = """
    from_dlpack load save to_dlpack frombuffer get_deterministic_debug_mode lobpcg dsmm spmm sparse_bsc_tensor sparse_bsr_tensor
    sparse_compressed_tensor sparse_coo_tensor sparse_csc_tensor sparse_csr_tensor as_torch chain_matmul cholesky eig
    frobenius_norm geqrf lstsq lu lu_solve matrix_rank nuclear_norm qr solve symeig triangular_solve compile
    get_float32_matmul_precision get_num_interop_threads is_deterministic_algorithms_warn_only_enabled is_warn_always_enabled
    set_default_tensor_type set_deterministic_debug_mode set_float32_matmul_precision set_flush_denormal set_num_interop_threads
    set_warn_always typename is_storage embedding_renorm_ imag are_deterministic_algorithms_enabled get_default_device
    get_default_dtype get_num_threads get_rng_state initial_seed is_anomaly_check_nan_enabled is_anomaly_enabled is_grad_enabled
    is_inference_mode_enabled manual_seed seed set_default_device set_default_dtype set_num_threads set_observer
    set_printoptions set_provenance set_rng_state use_deterministic_algorithms backward_steps doctor graph
    saved summary watch why clear_autocast_cache is_autocast_enabled
""".split()  # noqa: SIM905


@pytest.mark.parametrize("module", [autodiff, autodiff.nn.functional], ids=lambda m: m.__name__)
def test_every_public_function_has_a_row(module):
    """One with a gradient, which the laws run; or one of rows/plain.py, which test_without_gradient_torch.py compares."""
    functions = [name for name in module.__all__ if inspect.isroutine(getattr(module, name))]
    assert len(functions) > 45
    rows = {r.name for r in ROWS} | {r.name for r in PLAIN} | set(OTHERS)
    assert not [name for name in functions if name not in rows]


class profiled:
    """The function as this thread's profiler, for a block."""

    def __init__(self, function):
        self.function = function

    def __enter__(self):
        self.before = sys.getprofile()
        sys.setprofile(self.function)

    def __exit__(self, *error):
        sys.setprofile(self.before)


class AsMethods:
    """autodiff, whose functions are called as methods of their first argument wherever there is such a method."""

    redirected: ClassVar[set] = set()

    def __getattr__(self, name):
        function = getattr(autodiff, name)
        if not inspect.isroutine(function) or not callable(getattr(autodiff.Tensor, name, None)):
            return function

        def called(*args, **kwargs):
            if name == "where":  # the condition stands second in the method
                args = (args[1], args[0], *args[2:])
            if not isinstance(args[0], autodiff.Tensor):
                return function(*args, **kwargs)
            self.redirected.add(name)
            return getattr(args[0], name)(*args[1:], **kwargs)

        return called


@every_sloped_row
def test_a_method_is_its_function(row):
    (_, y, gs), (_, y2, gs2) = (gradients(module, row, arrays_for(row)) for module in (autodiff, AsMethods()))
    for a, b in zip((y, *gs), (y2, *gs2), strict=True):
        np.testing.assert_array_equal(number(a), number(b))


def test_the_methods_are_called():
    for row in ROWS:
        row.call(AsMethods(), *leaves_of(autodiff, arrays_for(row)))
    assert len(AsMethods.redirected) > 130


@over([r for r in ROWS if r.same_name], 610)
def test_the_grad_fn_has_pytorchs_name(row, torch):
    names = []
    for library in (autodiff, torch):
        result = row.call(library, *leaves_of(library, arrays_for(row)))
        names.append(None if result.grad_fn is None else result.grad_fn.name().removeprefix("torch::autograd::"))
    assert names[0] == names[1]


@every_row
def test_a_list_for_a_tensor_is_a_clear_error(row):
    """Or Python's own, where the row calls a method or an operator of what it is given."""
    python = r"unsupported operand|list indices|'list' object|multiply sequence|sort.. takes|must be an integer|to an index"
    for i in set(range(len(row.shapes))) - set(row.lists):
        args = [autodiff.ones(s, dtype=autodiff.float64) for s in row.shapes]
        args[i] = args[i].tolist() if row.shapes[i] else [1.0]
        with pytest.raises((TypeError, AttributeError), match=rf"[tT]ensor|Number|{python}") as caught:
            row.call(autodiff, *args)
        assert not (isinstance(caught.value, AttributeError) and caught.value.name.startswith("_")), caught.value


def recorded_by(row):
    """The operations that a row's call records."""
    recorder = Recorder()
    before = set_observer(recorder)
    try:
        row.call(autodiff, *leaves_of(autodiff, arrays_for(row, np.float64)))
    finally:
        set_observer(before)
    return recorder.operations


def test_every_rule_for_all_inputs_runs():
    """An operation without partials has one rule, which runs in a first order walk, and a definition, which runs in others."""
    rules = {}
    for name, op in operations().items():
        if op.together is not None:
            rules |= {op.together.__code__: f"the rule of {name}", op.composed.__code__: f"the definition of {name}"}
    assert len(rules) >= 7  # three networks, of which two share one definition's code, and attention
    ran = set()

    def profile(frame, event, arg):
        if event == "call" and frame.f_code in rules:
            ran.add(frame.f_code)

    named = {op.public for op in operations().values() if op.together is not None}
    # Some take another way where the input is large.
    large = [replace(row, shapes=row.large[0], call=row.large[1]) for row in SLOPED if row.name in named and row.large]
    chosen = [row for row in (*SLOPED, *large) if any(op.together is not None for op in recorded_by(row))]
    with profiled(profile):
        for row in chosen:
            for create_graph in (False, True):
                derivatives(autodiff, row, arrays_for(row, np.float64), 1, create_graph=create_graph)
    missing = [name for code, name in rules.items() if code not in ran]
    assert not missing, f"no row of samples.py runs {missing}"
