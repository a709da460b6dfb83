# The doors to the cross entropy: after reading it you know how a kernel with options goes through the shared door.

cdef bint told(Loss* o, double smooth, reduction) except -1:
    """Whether the options are valid; then they are written to o."""
    o.smooth = smooth
    o.mean = reduction == "mean"
    o.per_row = reduction == "none"
    return 0 <= smooth <= 1 and (o.mean or o.per_row or reduction == "sum")


def cross_entropy(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """-log softmax(x)[target] per row of x (n, c), reduced by "mean" (over the weights), "sum" or "none"."""
    cdef Loss o
    cdef const char* pattern
    cdef PyObject* given[3]
    given[0], given[1], given[2] = <PyObject*>x, <PyObject*>target, <PyObject*>weight
    loss = None
    if told(&o, label_smoothing, reduction):
        pattern = b"nc n<c c? -> n" if o.per_row else b"nc n<c c? -> ()"
        loss = through(CROSS_ENTROPY, pattern, given, ignore_index, &o)
        if loss is None:
            loss = through_copied(CROSS_ENTROPY, pattern, given, 3, ignore_index, &o)
    if loss is None:
        return reference.cross_entropy(x, target, weight, ignore_index, label_smoothing, reduction)
    return loss


def cross_entropy_grad(g, x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """g * d cross_entropy / dx, an array like x."""
    cdef Loss o
    cdef const char* pattern
    cdef PyObject* given[4]
    given[0], given[1], given[2], given[3] = <PyObject*>g, <PyObject*>x, <PyObject*>target, <PyObject*>weight
    d = None
    if told(&o, label_smoothing, reduction):
        pattern = b"n nc n<c c? -> nc" if o.per_row else b"() nc n<c c? -> nc"
        d = through(CROSS_ENTROPY_GRAD, pattern, given, ignore_index, &o)
        if d is None:
            d = through_copied(CROSS_ENTROPY_GRAD, pattern, given, 4, ignore_index, &o)
    if d is None:
        return reference.cross_entropy_grad(g, x, target, weight, ignore_index, label_smoothing, reduction)
    return d


def cross_entropy_both(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """(cross_entropy, d cross_entropy / dx), whose exponentials are the same."""
    cdef Loss o
    cdef const char* pattern
    cdef PyObject* given[5]
    loss = None
    if told(&o, label_smoothing, reduction) and type(x) is ndarray and x.ndim == 2:
        d = like_of(x, x.shape)
        given[0], given[1], given[2], given[3] = <PyObject*>None, <PyObject*>x, <PyObject*>target, <PyObject*>weight
        given[4] = <PyObject*>d
        pattern = b"n? nc n<c c? nc! -> n" if o.per_row else b"()? nc n<c c? nc! -> ()"
        loss = through(CROSS_ENTROPY_GRAD, pattern, given, ignore_index, &o)
        if loss is None:
            copies = [plain(each) for each in (x, target, weight)]
            given[1], given[2], given[3] = <PyObject*>copies[0], <PyObject*>copies[1], <PyObject*>copies[2]
            loss = through(CROSS_ENTROPY_GRAD, pattern, given, ignore_index, &o)
    if loss is None:
        return reference.cross_entropy_both(x, target, weight, ignore_index, label_smoothing, reduction)
    return loss, d
