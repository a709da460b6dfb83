"""save and load: any structure of tensors, numbers and strings, in a file that PyTorch reads, and writes.

After this module a reader knows what is in such a file, a pickle of the structure and beside it the numbers of all tensors; and
why loading one is safe: unless the user asks for more, nothing that the file says is run.
"""

from __future__ import annotations

import io
import mmap as memory_maps
import os
import pickle
import sys
import warnings
from typing import Any

import numpy as np

from autodiff._core.provenance import stacklevel
from autodiff.serialization import legacy, options, tensors_only
from autodiff.serialization.archive import Reader, Writer, damaged
from autodiff.serialization.byteorder import unmarked
from autodiff.serialization.containers import VERSION, is_zipfile
from autodiff.serialization.files import is_path, reading, writing
from autodiff.serialization.locations import locator
from autodiff.serialization.machine import FromUser
from autodiff.serialization.pickling import Storages, pickler
from autodiff.serialization.restoring import Locate, Restoring, machine, trusting
from autodiff.serialization.skipping import skipping
from autodiff.serialization.versions import check_dill

__all__ = ["load", "save"]

DEFAULT_PROTOCOL = 2
_TRUE = ("1", "y", "yes", "true")


def save(
    obj: object,
    f: Any,
    pickle_module: Any = pickle,
    pickle_protocol: int = DEFAULT_PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Write an object to a file, in PyTorch's format: `f` is a path or a file object that can be written to.

    The object is a tensor, a state_dict, or any structure of dicts, lists, tuples, numbers, strings and tensors. Tensors that
    share memory share it when they are loaded. At a path the old file stays until the new one is whole. A path that ends in
    .safetensors makes a file of that format, of a dict of tensors. A whole module is written by the names of its classes, those
    of the package under PyTorch's names. RuntimeError for a folder that doesn't exist, and for memory that is looked at as two
    dtypes. With `_use_new_zipfile_serialization=False` the file has the form of PyTorch before 1.6.

    >>> import autodiff as torch, io
    >>> file = io.BytesIO()
    >>> torch.save({"epoch": 3, "w": torch.ones(2)}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'epoch': 3, 'w': tensor([1., 1.])}
    """
    check_dill(pickle_module)
    if tensors_only.is_safetensors(f):
        tensors_only.save(obj, f)
        return
    with writing(f) as file:
        if not _use_new_zipfile_serialization:
            legacy.write(obj, file, pickle_module, pickle_protocol)
            return
        name = os.path.splitext(os.path.basename(os.fspath(f)))[0] if is_path(f) else ""
        storages, structure = Storages(), io.BytesIO()
        pickler(pickle_module, structure, pickle_protocol, storages, False).dump(obj)
        alignment, checksums = options.save.storage_alignment, options.save.compute_crc32
        writer = Writer(file.write, name.encode("ascii", "ignore").decode() or "archive", alignment, checksums)
        writer.write_record("data.pkl", structure.getbuffer())
        writer.write_record(".format_version", b"1")
        writer.write_record(".storage_alignment", str(alignment).encode())
        if not _disable_byteorder_record:
            writer.write_record("byteorder", sys.byteorder.encode())
        for number, memory in enumerate(storages.memory):
            if skipping():
                writer.write_record_metadata(f"data/{number}", memory.nbytes)
            else:
                writer.write_record(f"data/{number}", memory)
        writer.write_record("version", VERSION)
        writer.write_end_of_file()


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """The object that `save`, here or in PyTorch, wrote to a file: `f` is a path or a file object that can be read.

    By default, as by `weights_only=True`, a file holds tensors, dicts, lists, numbers, strings and the like; UnpicklingError
    for anything else but what `serialization.add_safe_globals` allows. No code of it is run. `weights_only=False` reads what
    Python can pickle, whole modules too, PyTorch's as those of this package; that runs what the file says, so the file must be
    one that you trust. `map_location` ('cpu', a device, a dict, a function) says where a storage goes that was saved on another
    device; it can only be the CPU. `mmap=True`, for a path, reads a tensor's memory when it is first used. RuntimeError for a
    file that is damaged, and for one of TorchScript.

    >>> import autodiff as torch, io
    >>> file = io.BytesIO()
    >>> torch.save(torch.arange(3), file)
    >>> _ = file.seek(0)
    >>> torch.load(file, weights_only=True)
    tensor([0, 1, 2])
    """
    check_dill(pickle_module)
    trusted = _trusted(weights_only, pickle_module)
    if not trusted and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    unknown = sorted(pickle_load_args.keys() - {"encoding"})
    if unknown and not trusted:
        raise TypeError(f"load() got an unexpected keyword argument '{unknown[0]}'")
    if pickle_load_args and not trusted:
        warnings.warn("pickle_load_args only works if `weights_only=False`.", UserWarning, stacklevel=stacklevel())
    arguments = {"encoding": "utf-8", **pickle_load_args}
    mmap = options.load.mmap if mmap is None else mmap
    module = (pickle if pickle_module is None else pickle_module) if trusted else None
    if tensors_only.is_safetensors(f):
        return tensors_only.load(f, map_location)
    locate = locator(map_location)
    with reading(f) as file:
        if not is_zipfile(file):
            if mmap:
                raise RuntimeError(
                    "mmap can only be used with files saved with `torch.save(_use_new_zipfile_serialization=True), please "
                    "torch.save your checkpoint with this option in order to use mmap."
                )
            return _explained(lambda: legacy.read(file, locate, module, arguments), trusted)
        if mmap and not is_path(f):
            raise ValueError("f must be a file path in order to use the mmap argument")
        return _explained(lambda: _archived(file, locate, module, arguments, f if mmap else None), trusted)


def _trusted(weights_only: bool | None, pickle_module: Any) -> bool:
    """Whether the file may run code: said by the caller, or, where the caller says nothing, by the environment."""
    wanted, refused = (
        os.getenv(f"TORCH_FORCE_{name}", "0").lower() in _TRUE for name in ("WEIGHTS_ONLY_LOAD", "NO_WEIGHTS_ONLY_LOAD")
    )
    if wanted and refused:
        raise RuntimeError(
            "Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD` or `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD` should be set, but both "
            "were set."
        )
    if wanted:
        return False
    if refused and weights_only is None:
        warnings.warn(
            "Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD detected, since the`weights_only` argument was not "
            "explicitly passed to `torch.load`, forcing weights_only=False.",
            UserWarning,
            stacklevel=stacklevel(),
        )
        return True
    return pickle_module is not None if weights_only is None else not weights_only


def _explained(read: Any, trusted: bool) -> Any:
    """What `read` returns; where it refuses, with what the user can do."""
    try:
        return read()
    except FromUser as found:
        raise found.error from found.error.__cause__
    except pickle.UnpicklingError as error:
        if trusted:
            raise
        raise pickle.UnpicklingError(
            f"Weights only load failed. {error}\nIf you trust the source of the file, load it with weights_only=False: that "
            "reads whatever Python can pickle, and runs what the file says. Or allow the classes that it names, by "
            "autodiff.serialization.add_safe_globals."
        ) from None


def _archived(file: Any, locate: Locate, module: Any, arguments: dict[str, Any], mapped: Any) -> Any:
    """The object in an archive; `mapped` is the path whose pages its tensors are to look at."""
    reader = Reader(file)
    if reader.has_record("constants.pkl"):
        refused = "" if module else "Cannot use ``weights_only=True`` with TorchScript archives passed to ``torch.load``: "
        raise RuntimeError(
            f"{refused}this is a TorchScript archive: it holds a program as well as weights, and autodiff cannot run it. In "
            "PyTorch, save the weights alone: torch.save(torch.jit.load(path).state_dict(), new_path)"
        )
    pages = None if mapped is None else _pages(file, mapped)

    def fetch(key: str, size: int) -> Any:
        if skipping():
            return np.zeros(size, np.uint8)
        name = f"data/{key}"
        start, length = reader.place(name)
        if length != size:
            raise damaged(f"its record {name!r} has {length} bytes, and should have {size}")
        if pages is None or not size:
            return reader.array(name)
        if byteorder == sys.byteorder and start % 8 == 0:
            return np.frombuffer(pages, np.uint8, size, start)
        if options.load.mmap_flags == options.MAP_SHARED:
            raise RuntimeError(
                f"the record {name!r} can't be shared with the file: it begins at byte {start}, or its numbers are written the "
                "other way round; save it again with torch.utils.serialization.config.save.storage_alignment = 64"
            )
        return reader.array(name)  # which counts what it reads: a mapped record may be named any number of times

    byteorder = reader.get_record("byteorder").decode("ascii", "replace") if reader.has_record("byteorder") else unmarked()
    if byteorder not in ("little", "big"):
        raise damaged(f"its byte order is {byteorder!r}")
    restoring, structure = Restoring(fetch, locate, byteorder), reader.get_record("data.pkl")
    if module is not None:
        return trusting(module, restoring, io.BytesIO(structure), **arguments).load()
    return machine(structure, restoring, arguments["encoding"]).run()


def _pages(file: Any, path: Any) -> memory_maps.mmap:
    """A file's pages: copies of one's own, or, if the user wants so, those that everybody sees."""
    if options.load.mmap_flags != options.MAP_SHARED or options.MAP_SHARED is None:
        return memory_maps.mmap(file.fileno(), 0, access=memory_maps.ACCESS_COPY)
    with open(path, "r+b") as shared:
        return memory_maps.mmap(shared.fileno(), 0, access=memory_maps.ACCESS_WRITE)
