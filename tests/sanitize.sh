#!/usr/bin/env bash
# Build the kernels with AddressSanitizer, UndefinedBehaviorSanitizer and Cython's own checks, and run their tests on that build.
# Called from the root of the sources, with PYTHON naming an interpreter that has the tests' requirements.
set -euo pipefail

python=$(command -v "${PYTHON:-python}")
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A copy, so that nothing of this build stays behind, and without the folder whose name an installed package would hide.
mkdir "$work/source"
cp -r "$root"/{setup.py,pyproject.toml,MANIFEST.in,README.md,LICENSE,autodiff} "$work/source"
find "$work/source" -name '*.so' -delete
rm -f "$work/source/autodiff/_kernels/_build.py"

AUTODIFF_SANITIZE=address,undefined AUTODIFF_DEBUG_KERNELS=1 \
    "$python" -m pip install --quiet --no-deps --target "$work/site" "$work/source"

library() {
    local path
    path=$("${CC:-cc}" -print-file-name="$1")
    if [ ! -e "$path" ]; then
        printf 'sanitize.sh: %s was not found beside the compiler\n' "$1" >&2
        exit 1
    fi
    printf '%s' "$path"
}

asan=$(library libasan.so)
ubsan=$(library libubsan.so)

# Proof that the sanitizer is there: a build without it would pass everything.
if ! grep -q __asan_init "$work"/site/autodiff/_kernels/_doors*.so; then
    printf 'sanitize.sh: the kernels were built without AddressSanitizer\n' >&2
    exit 1
fi

cp -r "$root/tests/kernels" "$work/kernels"
cd "$work"
for isa in $(LD_PRELOAD="$asan $ubsan" ASAN_OPTIONS=detect_leaks=0 PYTHONPATH="$work/site" \
    "$python" -c 'from autodiff._kernels import INFO; print(*INFO["isas"])'); do
    printf 'instruction set %s\n' "$isa"
    LD_PRELOAD="$asan $ubsan" ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc \
        AUTODIFF_ISA="$isa" PYTHONPATH="$work/site" \
        "$python" -m pytest -q -p no:cacheprovider -p no:xdist --import-mode=importlib --hypothesis-profile=sanitizers \
        "$work/kernels"
done
