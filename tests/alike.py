"""How two libraries are compared: what a program gives on each, or the class of error; and a loss that hides no slope."""

import math
import warnings


class Outcome:
    """What a program gives: equal to another where both print the same, dtypes and shapes agree, and so do all the digits.

    All digits but the last: 2e-6 of a float32 number, 1e-8 of a float64 one.
    """

    def __init__(self, result):
        self.printed, self.parts = repr(result), parts(result)

    def __repr__(self):
        return f"{self.printed}, in full {self.parts}"

    def __eq__(self, other):
        return isinstance(other, Outcome) and self.printed == other.printed and near(self.parts, other.parts)

    __hash__ = None


def outcome(library, program):
    """The `Outcome` of the program; the class of the error where it raises one."""
    try:
        return Outcome(program(library))
    except Exception as error:
        return type(error)


def told(library, program):
    """What `program(library, say)` says, the first words of what it warns of, and the class of the error that ends it."""
    said = []
    library.set_grad_enabled(True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            program(library, lambda *found: said.append(parts(found)))
        except Exception as error:
            said.append(type(error).__name__)
        finally:
            library.set_grad_enabled(True)
    return said, [str(warning.message)[:30] for warning in caught]


def parts(result):
    """A result as plain Python: tensors as (dtype, shape, numbers)."""
    if isinstance(result, (tuple, list)):
        return [parts(part) for part in result]
    if isinstance(result, dict):
        return {key: parts(part) for key, part in result.items()}
    if all(hasattr(result, name) for name in ("dtype", "shape", "tolist")):
        return str(result.dtype).removeprefix("torch."), tuple(result.shape), result.tolist()
    return result if isinstance(result, (int, float)) else repr(result)


def near(a, b, rtol=1e-8):
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=rtol, abs_tol=rtol * 1e-2) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        loose = {"float32": 2e-6, "float16": 1e-3}.get(a[0], rtol) if a and isinstance(a[0], str) else rtol
        return len(a) == len(b) and all(near(x, y, loose) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(near(a[key], b[key], rtol) for key in a)
    return type(a) is type(b) and a == b


def bowl(y):
    """A loss of y whose slope is 0 at none of the values that a function between layers rests at: 0, its limits, its kinks."""
    return ((y + 1.7) ** 2).sum()
