"""There is no GPU here, and `torch.cuda.is_available()` says so: programs that ask first run on the CPU.

>>> import autodiff as torch
>>> "cuda" if torch.cuda.is_available() else "cpu"
'cpu'
"""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff._core.types import AcceleratorError, NoDevice, OutOfMemoryError
from autodiff.api.typed import ON_CUDA
from autodiff.cuda import amp
from autodiff.cuda.streams import Event, Stream, current_stream, stream

__all__ = [
    "AcceleratorError", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "Event", "FloatTensor", "HalfTensor",
    "IntTensor", "LongTensor", "OutOfMemoryError", "ShortTensor", "Stream", "amp", "current_device", "current_stream",
    "device_count", "empty_cache", "get_arch_list", "get_device_capability", "get_device_name", "get_device_properties",
    "get_rng_state_all", "ipc_collect", "is_available", "is_bf16_supported", "is_initialized", "manual_seed",
    "manual_seed_all", "max_memory_allocated", "max_memory_reserved", "mem_get_info", "memory_allocated", "memory_reserved",
    "reset_peak_memory_stats", "seed", "seed_all", "set_device", "set_rng_state_all", "stream", "synchronize",
]

NO_GPU = "Torch not compiled with CUDA enabled: there is no GPU; ask torch.cuda.is_available() first"

# The types of tensors that would live there.
BoolTensor = ON_CUDA["BoolTensor"]
ByteTensor = ON_CUDA["ByteTensor"]
CharTensor = ON_CUDA["CharTensor"]
DoubleTensor = ON_CUDA["DoubleTensor"]
FloatTensor = ON_CUDA["FloatTensor"]
HalfTensor = ON_CUDA["HalfTensor"]
IntTensor = ON_CUDA["IntTensor"]
LongTensor = ON_CUDA["LongTensor"]
ShortTensor = ON_CUDA["ShortTensor"]


def is_available() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.cuda.is_available()
    False
    """
    return False


def device_count() -> int:
    """Always 0.

    >>> import autodiff as torch
    >>> torch.cuda.device_count()
    0
    """
    return 0


def manual_seed(seed: int) -> None:
    """Nothing, as in PyTorch without a GPU.

    >>> import autodiff as torch
    >>> torch.cuda.manual_seed(0)
    """


def manual_seed_all(seed: int) -> None:
    """Nothing, as in PyTorch without a GPU.

    >>> import autodiff as torch
    >>> torch.cuda.manual_seed_all(0)
    """


def seed() -> None:
    """Nothing, as in PyTorch without a GPU.

    >>> import autodiff as torch
    >>> torch.cuda.seed()
    """


def seed_all() -> None:
    """Nothing, as in PyTorch without a GPU.

    >>> import autodiff as torch
    >>> torch.cuda.seed_all()
    """


def is_initialized() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.cuda.is_initialized()
    False
    """
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.cuda.is_bf16_supported()
    False
    """
    return False


def get_arch_list() -> list[str]:
    """Empty: nothing was compiled for a GPU.

    >>> import autodiff as torch
    >>> torch.cuda.get_arch_list()
    []
    """
    return []


def empty_cache() -> None:
    """Nothing, as in PyTorch without a GPU.

    >>> import autodiff as torch
    >>> torch.cuda.empty_cache()
    """


def memory_allocated(device: Any = None) -> int:
    """The memory of a GPU that tensors use: 0.

    >>> import autodiff as torch
    >>> torch.cuda.memory_allocated()
    0
    """
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """The most that it was: 0.

    >>> import autodiff as torch
    >>> torch.cuda.max_memory_allocated()
    0
    """
    return 0


def memory_reserved(device: Any = None) -> int:
    """The memory of a GPU that is held: 0.

    >>> import autodiff as torch
    >>> torch.cuda.memory_reserved()
    0
    """
    return 0


def max_memory_reserved(device: Any = None) -> int:
    """The most that it was: 0.

    >>> import autodiff as torch
    >>> torch.cuda.max_memory_reserved()
    0
    """
    return 0


def reset_peak_memory_stats(device: Any = None) -> None:
    """Nothing: no memory of a GPU is counted.

    >>> import autodiff as torch
    >>> torch.cuda.reset_peak_memory_stats()
    """


def set_device(device: Any) -> None:
    """AssertionError: there is no GPU.

    >>> import autodiff as torch
    >>> torch.cuda.set_device(0)
    Traceback (most recent call last):
    autodiff._core.types.NoDevice: Torch not compiled with CUDA enabled: there is no GPU; ask torch.cuda.is_available() first
    """
    raise NoDevice(NO_GPU)


def synchronize(device: Any = None) -> None:
    """AssertionError: there is no GPU to wait for.

    >>> import autodiff as torch
    >>> if torch.cuda.is_available():
    ...     torch.cuda.synchronize()
    """
    raise NoDevice(NO_GPU)


def current_device() -> int:
    """AssertionError: there is no GPU.

    >>> import autodiff as torch
    >>> torch.cuda.current_device() if torch.cuda.is_available() else "cpu"
    'cpu'
    """
    raise NoDevice(NO_GPU)


def get_device_name(device: Any = None) -> str:
    """AssertionError: there is no GPU.

    >>> import autodiff as torch
    >>> torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    'cpu'
    """
    raise NoDevice(NO_GPU)


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """AssertionError: there is no GPU.

    >>> import autodiff as torch
    >>> torch.cuda.get_device_capability() if torch.cuda.is_available() else (0, 0)
    (0, 0)
    """
    raise NoDevice(NO_GPU)


def get_device_properties(device: Any = None) -> Any:
    """AssertionError: there is no GPU.

    >>> import autodiff as torch
    >>> [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
    []
    """
    raise NoDevice(NO_GPU)


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """AssertionError: there is no GPU.

    >>> import autodiff as torch
    >>> torch.cuda.mem_get_info() if torch.cuda.is_available() else (0, 0)
    (0, 0)
    """
    raise NoDevice(NO_GPU)


def ipc_collect() -> None:
    """Nothing: no memory is shared with another process's GPU.

    >>> import autodiff as torch
    >>> torch.cuda.ipc_collect()
    """


def get_rng_state_all() -> list[Any]:
    """An empty list: one state for each GPU.

    >>> import autodiff as torch
    >>> torch.cuda.get_rng_state_all()
    []
    """
    return []


def set_rng_state_all(new_states: Any) -> None:
    """Nothing, of an empty list: there is no GPU with a state.

    >>> import autodiff as torch
    >>> torch.cuda.set_rng_state_all(torch.cuda.get_rng_state_all())
    """


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
