# The doors to the loops over rows: after reading it you know which kernels work on the rows of a matrix.

def softmax(x):
    """exp(x) / sum(exp(x)) along each row of a 2-D array."""
    return one(SOFTMAX, b"nc -> nc", "softmax", x)


def log_softmax(x):
    """x - log(sum(exp(x))) along each row of a 2-D array."""
    return one(LOG_SOFTMAX, b"nc -> nc", "log_softmax", x)


def softmax_grad(g, y):
    """dL/dx of y = softmax(x): y * (g - sum(g * y))."""
    return two(SOFTMAX_GRAD, b"nc nc -> nc", "softmax_grad", g, y)


def log_softmax_grad(g, y):
    """dL/dx of y = log_softmax(x): g - exp(y) * sum(g)."""
    return two(LOG_SOFTMAX_GRAD, b"nc nc -> nc", "log_softmax_grad", g, y)


def column_sums(x):
    """The sum over the rows of a 2-D array."""
    return one(COLUMN_SUMS, b"nc -> c", "column_sums", x)


def row_sums(x):
    """The sum of each row of a 2-D array."""
    return one(ROW_SUMS, b"nc -> n", "row_sums", x)


def row_spread(x, double denominator, bint root):
    """The sum of (x - mean)**2 over a denominator, for each row of a 2-D array; the square root of that, where it is wanted."""
    cdef Spread o
    cdef PyObject* given[1]
    o.denominator, o.root = denominator, root
    given[0] = <PyObject*>x
    result = through(ROW_SPREAD, b"nc -> n", given, 0, &o)
    if result is None:
        result = through_copied(ROW_SPREAD, b"nc -> n", given, 1, 0, &o)
    return reference.row_spread(x, denominator, root) if result is None else result


def add_rows(out, places, x):
    """Add each row of x to the row of `out` that its place names, in place; returns `out`."""
    cdef Call call
    begin(&call, b"sc! n<s nc", NULL)
    # Where there is no row at all, place 0 would pass for the one that is ignored. The GIL is kept: nobody changes a place.
    if taken(&call, out) and call.job.s > 0 and taken(&call, places) and taken(&call, x):
        run(ADD_ROWS, call.size, call.a, &call.job)
        return out
    return reference.add_rows(out, places, x)
