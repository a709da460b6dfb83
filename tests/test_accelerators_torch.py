"""What a program asks, sets and says about devices that are not here: the answers of a PyTorch without any of them."""

import warnings

import pytest
from alike import outcome, parts

import autodiff

# Lines whose answer is that of PyTorch on a CPU.
SAME = [
    "T.cuda.is_available(), T.cuda.device_count(), T.cuda.is_initialized(), T.cuda.get_arch_list()",
    "T.cuda.memory_allocated(), T.cuda.max_memory_allocated(), T.cuda.memory_reserved(), T.cuda.max_memory_reserved()",
    "T.cuda.manual_seed(3), T.cuda.manual_seed_all(3), T.cuda.seed_all(), T.cuda.empty_cache()",
    "T.cuda.get_rng_state_all(), T.cuda.set_rng_state_all([])",
    "T.cuda.synchronize()", "T.cuda.current_device()", "T.cuda.get_device_name()",
    "T.cuda.get_device_capability()", "T.cuda.get_device_properties(0)", "T.cuda.current_stream()", "T.cuda.Stream()",
    "T.cuda.Event()",
    "T.mps.is_available(), T.mps.device_count(), T.xpu.is_available(), T.xpu.device_count()",
    "T.backends.cuda.is_built(), T.backends.cuda.is_flash_attention_available()",
    "T.backends.cudnn.is_available(), T.backends.cudnn.version(), T.backends.mps.is_available(), T.backends.mps.is_built()",
    "T.backends.cudnn.enabled, T.backends.cudnn.benchmark",
    "T.backends.cudnn.deterministic, T.backends.cudnn.allow_tf32, T.backends.mkldnn.enabled, T.backends.mkldnn.deterministic",
    "[getattr(T.backends.cuda, f'{way}_sdp_enabled')() for way in ('flash', 'mem_efficient', 'math', 'cudnn')]",
    "[m.allow_fp16_accumulation for m in [T.backends.cuda.matmul]], T.backends.cuda.matmul.allow_tf32",
    "T.backends.cuda.matmul.allow_fp16_reduced_precision_reduction",
    "T.backends.cuda.matmul.allow_bf16_reduced_precision_reduction", "T.backends.mha.get_fastpath_enabled()",
    "T.accelerator.is_available(), T.accelerator.device_count(), T.accelerator.current_accelerator()",
    *(f"T.accelerator.{name}()" for name in (
        "current_device_index", "current_stream", "synchronize", "memory_stats", "memory_allocated",
    )),
    *(f"T.accelerator.{name}(0)" for name in ("set_device_index", "set_device_idx")),
    "T.distributed.is_initialized()", "T.distributed.get_rank()", "T.distributed.get_world_size()", "T.distributed.barrier()",
    "T.distributed.all_reduce(T.ones(1))", "T.distributed.broadcast(T.ones(1), 0)",
    "T.distributed.all_gather([T.ones(1)], T.ones(1))", "T.distributed.gather(T.ones(1))", "T.distributed.reduce(T.ones(1), 0)",
    "T.distributed.scatter(T.ones(1))",
    "T.version.cuda, T.version.hip, T.version.xpu, T.version.debug, T.version.__version__ == T.__version__",
    "T.compiler.is_compiling(), T.compiler.disable(len)('ab'), T.compiler.disable()(abs)(-3), T.compiler.reset()",
    "T.compile(3)", "T.compile(abs, mode='default', options={})", "T.compile()(abs)(-2)", "T.onnx.is_in_onnx_export()",
    "[T.amp.is_autocast_available(d) for d in ('cpu', 'cuda', 'mps', 'xpu')]", "T.amp.is_autocast_available('meta')",
    "T.amp.is_autocast_available('nothing')", "T.autocast('nothing')", "T.autocast(3)",
    "T.autocast('cpu', enabled=False)._enabled, T.autocast('cpu')._enabled, T.autocast('cpu').device",
    "T.autocast('cuda', enabled=False)._enabled, T.autocast('cuda', enabled=False).device",
    "T.autocast('cpu', dtype=T.bfloat16).fast_dtype is T.bfloat16, T.autocast('cuda')._enabled",
    "T.amp.GradScaler('cuda').is_enabled(), T.amp.GradScaler('cuda').get_scale(), T.amp.GradScaler('cuda').state_dict()",
    "T.cuda.amp.GradScaler(enabled=False).is_enabled(), T.cuda.amp.autocast(enabled=False)._enabled",
    "T.amp.custom_fwd(len, device_type='cuda') is not None, T.amp.custom_bwd(device_type='cuda')(abs) is not None",
    "T.is_autocast_enabled(), T.get_float32_matmul_precision()",
]  # fmt: skip


def answer(T, line):
    """What a line gives, or the class of its error, and what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = outcome(T, lambda T: eval(line, {"T": T}))
    return found, {str(warning.message)[:40] for warning in caught if warning.category is UserWarning}


@pytest.mark.parametrize("line", SAME)
def test_the_same_answer(line, torch):
    (ours, warned), (theirs, their_warnings) = answer(autodiff, line), answer(torch, line)
    if isinstance(theirs, type):
        assert isinstance(ours, type)
        assert issubclass(ours, theirs), (ours, theirs)
    else:
        assert parts(ours.parts) == parts(theirs.parts)
    assert warned == their_warnings


# Where PyTorch has what is not here: lines that are False, without an error.
NOT_HERE = [
    "T.backends.mkl.is_available()", "T.backends.mkldnn.is_available()", "T.backends.openmp.is_available()",
    "T.distributed.is_available()", "T.cuda.is_bf16_supported()",
]  # fmt: skip


@pytest.mark.parametrize("line", NOT_HERE)
def test_what_is_not_here(line):
    assert autodiff.cuda.ipc_collect() is None
    assert autodiff.backends.cudnn.benchmark_limit == 10
    assert eval(line, {"T": autodiff}) is False


REFUSED = [
    ("T.distributed.init_process_group('gloo')", RuntimeError, "one process"), ("T.onnx.export(None)", RuntimeError, "ONNX"),
    *((f"T.accelerator.{name}()", RuntimeError, rf"^{name}\(\): Cannot access accelerator") for name in (
        "current_device_idx", "empty_cache", "get_memory_info", "max_memory_allocated", "max_memory_reserved",
        "memory_reserved", "reset_accumulated_memory_stats", "reset_peak_memory_stats", "set_stream", "synchronize",
    )),
    *((f"T.distributed.{name}(None)", ValueError, rf"^{name}\(\): Default process group has not been initialized") for name in (
        "all_gather", "all_reduce", "barrier", "broadcast", "gather", "reduce", "scatter",
    )),
    ("T.cuda.set_device(0)", AssertionError, "ask torch.cuda.is_available"),
    ("T.distributed.destroy_process_group()", ValueError, "has not been initialized"),
    ("T.cuda.mem_get_info()", AssertionError, "ask torch.cuda.is_available"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "kind", "says"), REFUSED)
def test_what_is_refused_names_itself(line, kind, says):
    with pytest.raises(kind, match=says):
        eval(line, {"T": autodiff})


FLAGS = {
    "cudnn": {"enabled": False, "benchmark": True, "benchmark_limit": 5, "deterministic": True, "allow_tf32": False},
    "mkldnn": {"enabled": False, "deterministic": True, "allow_tf32": False},
}


@pytest.mark.parametrize("library", FLAGS)
@pytest.mark.parametrize("raises", [False, True])
def test_flags_are_set_for_a_block(library, raises):
    module, given = getattr(autodiff.backends, library), FLAGS[library]
    before = {name: getattr(module, name) for name in given}
    assert not any(before[name] == given[name] for name in given)
    try:
        with module.flags(**given):
            assert {name: getattr(module, name) for name in given} == given
            if raises:
                raise KeyError
    except KeyError:
        assert raises
    assert {name: getattr(module, name) for name in given} == before


def test_a_flag_that_is_not_given_is_as_in_pytorchs_signature():
    wanted = {"enabled": False, "benchmark": False, "benchmark_limit": 10, "deterministic": False, "allow_tf32": True}
    for library, given in FLAGS.items():
        module = getattr(autodiff.backends, library)
        with module.flags():
            assert {name: getattr(module, name) for name in given} == {name: wanted[name] for name in given}


def test_what_is_set_is_read_again():
    cuda = autodiff.backends.cuda
    for way in ("flash", "mem_efficient", "math", "cudnn"):
        others = [other for other in ("flash", "mem_efficient", "math", "cudnn") if other != way]
        getattr(cuda, f"enable_{way}_sdp")(False)
        assert not getattr(cuda, f"{way}_sdp_enabled")()
        assert all(getattr(cuda, f"{other}_sdp_enabled")() for other in others)
        getattr(cuda, f"enable_{way}_sdp")(1)
        assert getattr(cuda, f"{way}_sdp_enabled")() is True
    cuda.matmul.allow_tf32 = True
    assert (autodiff.get_float32_matmul_precision(), cuda.matmul.allow_tf32) == ("high", True)
    cuda.matmul.allow_tf32 = False
    assert (autodiff.get_float32_matmul_precision(), cuda.matmul.allow_tf32) == ("highest", False)
    autodiff.set_float32_matmul_precision("medium")
    assert cuda.matmul.allow_tf32
    autodiff.set_float32_matmul_precision("highest")
    mha = autodiff.backends.mha
    mha.set_fastpath_enabled(False)
    assert not mha.get_fastpath_enabled()
    mha.set_fastpath_enabled(True)
    assert mha.get_fastpath_enabled() is True


def test_a_scaler_of_gradients_does_what_the_optimizer_does():
    scaler = autodiff.amp.GradScaler("cpu")
    seen = []

    class Optimizer:
        def step(self, *args, **kwargs):
            seen.append((args, kwargs))
            return 7

    loss = autodiff.ones(1)
    assert scaler.scale(loss) is loss
    assert scaler.unscale_(None) is None
    assert scaler.step(Optimizer(), 1, closure=2) == 7
    assert seen == [((1,), {"closure": 2})]
    assert scaler.update(3.0) is None
    assert scaler.load_state_dict({}) is None
    assert scaler.get_scale() == 1.0


def test_a_block_or_a_decorator_of_mixed_precision_changes_nothing():
    @autodiff.autocast("cpu", dtype=autodiff.float16)
    def product(a, b=2):
        """A product."""
        return a * b

    assert product(autodiff.ones(1), b=3).dtype is autodiff.float32
    assert (product.__name__, product.__doc__) == ("product", "A product.")
    block = autodiff.autocast("cpu")
    with block as entered:
        assert entered is block
    for given in (autodiff.amp.custom_fwd, autodiff.amp.custom_bwd):
        assert given(product) is product
        assert given(device_type="cuda")(product) is product


def test_several_models_stacked_for_one_call(torch):
    def program(T):
        T.manual_seed(0)
        models = [T.nn.BatchNorm1d(3) for _ in range(2)]
        models[1].running_mean += 1
        params, buffers = T.func.stack_module_state(models)
        return {name: (t.detach(), t.requires_grad) for name, t in {**params, **buffers}.items()}

    assert outcome(autodiff, program) == outcome(torch, program)
    for wrong in (
        lambda T: [], lambda T: [T.nn.Linear(1, 1), T.nn.Linear(1, 1).eval()], lambda T: [T.nn.Linear(1, 1), T.nn.ReLU()],
        lambda T: [T.nn.Linear(1, 1), T.nn.Linear(1, 1).requires_grad_(False)],
    ):  # fmt: skip
        for T in (autodiff, torch):
            with pytest.raises(RuntimeError, match=r"Expected"):
                T.func.stack_module_state(wrong(T))


@pytest.mark.parametrize("module", ["accelerator", "backends.cuda", "distributed", "cuda", "compiler", "mps", "xpu", "onnx"])
def test_a_function_bears_the_name_that_it_is_found_by(module):
    """Those that are made by another function, too, in messages and in help()."""
    found = autodiff
    for part in module.split("."):
        found = getattr(found, part)
    functions = [name for name in found.__all__ if type(getattr(found, name)) is type(answer)]
    assert len(functions) > 1
    for name in functions:
        function = getattr(found, name)
        assert (function.__name__, function.__qualname__) == (name, name)
