"""Check what the wheel brought: no sources of the kernels, nothing left out, under 3 MB."""

import io
import zipfile
from importlib import metadata

LIMIT = 3_000_000
KERNEL_SOURCES = (".pyx", ".pxi", ".pxd", ".c", ".h")

dist = metadata.distribution("autodiff-edu")
# What the installer adds is not the wheel's.
added = ("INSTALLER", "REQUESTED", "direct_url.json")
files = [f for f in dist.files if "__pycache__" not in f.parts and f.name not in added and ".." not in f.parts]
names = [str(f) for f in files]

packed = io.BytesIO()
with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
    for f in files:
        archive.write(f.locate(), str(f))
size = packed.getbuffer().nbytes

sources = [name for name in names if name.endswith(KERNEL_SOURCES)]
foreign = [name for name in names if not name.startswith(("autodiff/", "autodiff_edu-"))]
needed = [
    "autodiff/__init__.py", "autodiff/py.typed", "autodiff/_core/pytorch_names.txt", "autodiff/_kernels/_build.py",
    "autodiff/_run/workers/torch/__init__.py", "autodiff/explain/page/see.html", "autodiff/explain/page/see.css",
    "autodiff/explain/page/see.js",
]
missing = [name for name in needed if name not in names]
kernels = [name for name in names if "_doors." in name and name.endswith((".so", ".pyd"))]
licence = [name for name in names if name.endswith("LICENSE")]

print(f"{len(names)} files, {size / 1e6:.2f} MB packed")
problems = []
if sources:
    problems.append(f"sources of the kernels: {', '.join(sources)}")
if foreign:
    problems.append(f"files outside the package: {', '.join(foreign)}")
if missing:
    problems.append(f"missing: {', '.join(missing)}")
if not kernels:
    problems.append("no compiled kernels")
if not licence:
    problems.append("no LICENSE")
if size >= LIMIT:
    problems.append(f"{size} bytes, the limit is {LIMIT}")
if problems:
    raise SystemExit("\n".join(problems))
