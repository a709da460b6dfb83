"""Save and load: what a file in PyTorch's format is, how one is written, and how one is read without running anything in it.

After this package a reader knows what a checkpoint is made of. `saving` has the two functions, `options` their switches;
`archive` the container; `pickling` and `rebuild` how a tensor is written and read; `machine` the reader that runs no code;
`names` what a file may name, and `safety` how a user allows more.
"""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.serialization import containers
from autodiff.serialization.byteorder import LoadEndianness, get_default_load_endianness, set_default_load_endianness
from autodiff.serialization.locations import default_restore_location, location_tag, register_package
from autodiff.serialization.options import (
    get_crc32_options,
    get_default_mmap_options,
    set_crc32_options,
    set_default_mmap_options,
)
from autodiff.serialization.safety import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    get_unsafe_globals_in_checkpoint,
    safe_globals,
)
from autodiff.serialization.saving import load, save
from autodiff.serialization.skipping import skip_data
from autodiff.serialization.sources import SourceChangeWarning
from autodiff.serialization.versions import check_module_version_greater_or_equal

__all__ = [
    "LoadEndianness",
    "SourceChangeWarning",
    "add_safe_globals",
    "check_module_version_greater_or_equal",
    "clear_safe_globals",
    "default_restore_location",
    "get_crc32_options",
    "get_default_load_endianness",
    "get_default_mmap_options",
    "get_safe_globals",
    "get_unsafe_globals_in_checkpoint",
    "load",
    "location_tag",
    "register_package",
    "safe_globals",
    "save",
    "set_crc32_options",
    "set_default_load_endianness",
    "set_default_mmap_options",
    "skip_data",
]

# PyTorch's names, by which programs look into a file.
_is_zipfile = containers.is_zipfile
_open_file_like = containers.open_file_like
_open_zipfile_reader = containers.open_zipfile_reader
_open_zipfile_writer = containers.open_zipfile_writer


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
