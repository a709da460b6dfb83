"""The build. After reading it you know what is compiled, how often, and which variables change that.

The doors (argument checks) are compiled once. The cores (the loops) are compiled once per instruction
set from one source, and the package picks the widest that the machine has when it is imported: so one
wheel runs everywhere, and nobody has to name a processor.

    AUTODIFF_BUILD=reference        compile nothing: a pure wheel that runs on the NumPy twins
    AUTODIFF_CORES=baseline,v3      compile the loops for these instruction sets only
    AUTODIFF_DEBUG_KERNELS=1        Cython's own checks (bounds, None, initialisation) switched on
    AUTODIFF_SANITIZE=address,...   compile with these sanitizers of GCC or clang
"""

import os
import platform
import sys
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.errors import CCompilerError, ExecError, PlatformError

KERNELS = "autodiff/_kernels"
NO_COMPILER = (
    "autodiff needs a C compiler and Python's headers to compile its kernels: install them (Debian or Ubuntu: "
    "`apt install gcc python3-dev`; Fedora: `dnf install gcc python3-devel`; macOS: `xcode-select --install`; "
    "Windows: Visual Studio Build Tools with C++), or install without compiled kernels by setting the "
    "environment variable AUTODIFF_BUILD=reference for the same install command."
)

# The instruction sets, each with the flags that a compiler must accept for it to be built.
CORES = {
    "baseline": [],
    "v3": ["-march=x86-64-v3"],
    "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
}


def reference_only():
    wanted = os.environ.get("AUTODIFF_BUILD", "compiled")
    if wanted not in ("compiled", "reference"):
        raise SystemExit(f"AUTODIFF_BUILD must be 'compiled' or 'reference', not {wanted!r}.")
    return wanted == "reference"


def cores():
    """The instruction sets to compile for: all, unless some are named."""
    wanted = os.environ.get("AUTODIFF_CORES", "").replace(",", " ").split() or list(CORES)
    unknown = [name for name in wanted if name not in CORES]
    if unknown:
        raise SystemExit(f"AUTODIFF_CORES must name some of {', '.join(CORES)}, not {', '.join(unknown)}.")
    return wanted


def write_marker(folder, kind):
    """Leave the module that tells a built package from a source tree."""
    path = Path(folder) / "_build.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'"""Written by the build: whether the kernels were compiled."""\n\nKIND = "{kind}"\n')


def directives():
    """Cython's directives; given here, since one written in a .pyx would win over a debug build."""
    debug = os.environ.get("AUTODIFF_DEBUG_KERNELS", "0") not in ("", "0")
    return {
        "language_level": 3,
        "embedsignature": True,
        "cdivision": True,
        "wraparound": False,
        "boundscheck": debug,
        "initializedcheck": debug,
        "nonecheck": debug,
    }


class BuildKernels(build_ext):
    """Probe the compiler, drop the instruction sets that it refuses, then translate and compile the rest."""

    def finalize_options(self):
        super().finalize_options()
        if self.parallel is None:
            self.parallel = os.cpu_count() or 1

    def accepts(self, flags, source="int main(void) { return 0; }\n", include_dirs=()):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "probe.c"
            path.write_text(source)
            try:
                self.compiler.compile(
                    [str(path)], output_dir=folder, extra_postargs=flags, include_dirs=list(include_dirs)
                )
            except (CCompilerError, ExecError, PlatformError):
                return False
        return True

    def quietly_accepts(self, *args, **kwargs):
        """`accepts` with the compiler's complaint hidden: a refused flag is an answer here, not an error."""
        sys.stderr.flush()
        saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, 2)
            return self.accepts(*args, **kwargs)
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            os.close(null)

    def flags(self):
        if self.compiler.compiler_type == "msvc":
            return ["/O2"], []
        sanitizers = os.environ.get("AUTODIFF_SANITIZE", "")
        if sanitizers:
            common = [f"-fsanitize={sanitizers}"]
            return ["-O1", "-g", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all", *common], common
        wanted = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-g0", "-Wno-unreachable-code"]
        # clang contracts a * b + c within one statement only when told so by older defaults.
        wanted.append("-ffp-contract=fast")
        return [flag for flag in wanted if self.quietly_accepts(["-Werror", flag])], ["-g0"]

    def build_extensions(self):
        if not self.quietly_accepts([], "#include <Python.h>\n", [*self.include_dirs]):
            raise SystemExit(NO_COMPILER)
        import numpy as np
        from Cython.Build import cythonize

        x86 = platform.machine().lower() in ("x86_64", "amd64") and sys.maxsize > 2**32
        msvc = self.compiler.compiler_type == "msvc"
        # Asked of the compiler itself: clang has them, also where it goes by the name and the flags of MSVC.
        vectors = self.quietly_accepts([], "#if !defined(__GNUC__) && !defined(__clang__)\n#error\n#endif\n")
        compile_flags, link_flags = self.flags()
        kept = []
        for extension in self.extensions:
            isa = CORES.get(extension.name.rpartition("_cores_")[2], [])
            if isa and (msvc or not x86 or not self.quietly_accepts(["-Werror", *isa])):
                continue
            extension.extra_compile_args = [*compile_flags, *isa]
            if "_cores_" not in extension.name:
                extension.include_dirs = [np.get_include()]  # a door looks into arrays; a loop sees pointers and numbers only
                extension.define_macros = [("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")]
            elif vectors:
                # A tile's size is an argument, which must be a constant in its loops: inlining is no choice.
                extension.define_macros = [("CYTHON_INLINE", "inline __attribute__((always_inline))")]
            extension.extra_link_args = link_flags
            kept.append(extension)
        # The widest set takes the compiler longest: what is begun first leaves no processor idle at the end.
        kept.sort(key=lambda extension: extension.name, reverse=True)
        translated = cythonize(
            kept,
            build_dir=self.build_temp,
            compiler_directives=directives(),
            force=True,
            quiet=True,
            nthreads=self.parallel if sys.platform == "linux" else 0,  # processes, which start anew where there is no fork
        )
        for extension, c_extension in zip(kept, translated, strict=True):
            extension.sources = c_extension.sources
        self.extensions = kept
        self.distribution.ext_modules = kept
        super().build_extensions()

    def run(self):
        super().run()
        if self.extensions:
            write_marker(KERNELS if self.inplace else Path(self.build_lib) / KERNELS, "compiled")


class Build(build):
    """The kernels first: a missing compiler is then the first thing said, not the last after a page of copying."""

    sub_commands = sorted(build.sub_commands, key=lambda command: command[0] != "build_ext")


class BuildModules(build_py):
    """Copy the Python modules, and mark a build that has no compiled kernels."""

    def run(self):
        super().run()
        if reference_only():
            write_marker(KERNELS if self.editable_mode else Path(self.build_lib) / KERNELS, "reference")

    def find_package_modules(self, package, package_dir):
        """All modules but a marker that an in-place build left in the source tree."""
        found = super().find_package_modules(package, package_dir)
        return [entry for entry in found if (entry[0], entry[1]) != ("autodiff._kernels", "_build")]


def extensions():
    names = ["_doors", *(f"_cores_{isa}" for isa in cores())]
    shared = [str(path) for path in Path(KERNELS).rglob("*.pxi")]
    return [Extension(f"autodiff._kernels.{name}", [f"{KERNELS}/{name}.pyx"], depends=shared) for name in names]


setup(
    ext_modules=[] if reference_only() else extensions(),
    cmdclass={"build": Build, "build_ext": BuildKernels, "build_py": BuildModules},
)
