# The door that most kernels share: after reading it you know what is checked before a pointer is followed, and what
# happens to an array that does not fit.
#
# What a kernel takes and gives is written as a pattern, a word for each array:
#
#     nc      a matrix: n rows of c elements; a letter stands for one number wherever it is written
#     ncs     n examples of c channels of s places
#     n  ()   n elements; a single one, in an array without dimensions
#     *       any shape, and the same shape for every *
#     n<c     n integers, each of them from 0 to c - 1, or the one that is ignored; n<s: from 0 to s - 1
#     c?      None may stand for the array: the loop finds NULL
#     *!      the array is written to
#     -> nc   what follows is made and returned
#
# All floating point arrays of a kernel have one dtype. An input that lies as the loops can't take it is copied, and then
# tried once more. What then does not fit is the twin's, which takes what only NumPy can, or says what is wrong.
# No array that is written to is copied: there the twin works in place.

cdef enum:
    MOST = 10  # arrays of one kernel, the result among them


cdef struct Call:
    # The arrays of one call as far as the pattern is read. -1 stands for a number not yet seen, 0 for a dtype.
    const char* pattern      # the next word
    Job job
    int size                 # bytes of an element
    int at                   # how many words are read: the next array's place in `a`
    int targets_at           # the place of the integers in `a`, or -1
    Py_ssize_t bound         # which they are below
    Layout whole             # the first array of any shape; of -1 dimensions as long as there is none
    void* a[MOST]


cdef inline void begin(Call* call, const char* pattern, const void* options) noexcept:
    cdef int k
    call.pattern = pattern
    call.job.n = call.job.c = call.job.s = call.targets_at = -1
    call.job.ignore = 0
    call.job.options = options
    call.size = call.at = 0
    call.whole.ndim = -1
    for k in range(MOST):
        call.a[k] = NULL


cdef inline Py_ssize_t* number_of(Call* call, char letter) noexcept:
    """Where the number that a letter stands for is kept."""
    return &call.job.n if letter == c"n" else &call.job.c if letter == c"c" else &call.job.s


cdef inline bint fits(Call* call, const char* word, int letters, const Layout* v) noexcept:
    """Whether the array lies in C order and has the shape that the word says; a matrix has a column at least."""
    cdef Py_ssize_t* known
    cdef Py_ssize_t step = v.itemsize
    cdef int k
    if word[0] == c"*":
        if call.whole.ndim != -1:
            return in_order(v) and same_shape(&call.whole, v)
        call.whole = v[0]
        call.job.n, call.job.c = count(v), 1
        return in_order(v)
    if v.ndim != letters:
        return False
    for k in range(letters - 1, -1, -1):
        known = number_of(call, word[k])
        if known[0] == -1:
            known[0] = v.shape[k]
        if known[0] != v.shape[k] or (known[0] > 1 and v.strides[k] != step):
            return False
        step *= known[0]
    return call.job.c != 0


cdef bint targets_inside(const long long* t, Py_ssize_t n, Py_ssize_t c, long long ignore) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        # One unsigned comparison finds negative targets too.
        if <unsigned long long>t[i] >= <unsigned long long>c and t[i] != ignore:
            return False
    return True


cdef inline bint taken(Call* call, array) noexcept:
    """Whether the array is what the next word says; then it is the next of the loop's arrays."""
    cdef Layout v
    cdef const char* word = call.pattern
    cdef int at = call.at, letters = 0, size
    cdef char mark, bound
    while word[letters] >= c"a":
        letters += 1
    # What stands behind the shape, if not a space or the end, is the mark.
    call.pattern += letters if letters else 1 if word[0] == c"*" else 2
    mark = call.pattern[0]
    bound = call.pattern[1] if mark == c"<" else c"c"
    call.pattern += 1 if mark <= c" " else 3 if mark == c"<" else 2
    call.at += 1
    if array is None and mark == c"?":
        return True
    if not seen(&v, array, mark == c"!"):
        return False
    call.a[at] = v.buf
    if mark == c"<":
        call.targets_at, call.bound = at, number_of(call, bound)[0]
        return is_int64(&v) and fits(call, word, letters, &v) and targets_inside(
            <const long long*>v.buf, call.job.n, call.bound, call.job.ignore)
    size = kind(&v)
    if call.size == 0:
        call.size = size
    return size != 0 and size == call.size and fits(call, word, letters, &v)


cdef inline object made(Call* call, const char* word):
    """A new array of the shape that the word says."""
    cdef Py_ssize_t shape[3]
    cdef int letters = 0
    if word[0] == c"*":
        return new(call.whole.ndim, call.whole.shape, call.size)
    if word[0] == c"(":
        return new(0, shape, call.size)
    while word[letters] >= c"a":
        shape[letters] = number_of(call, word[letters])[0]
        letters += 1
    return new(letters, shape, call.size)


cdef inline void run(int loop, int size, void** a, const Job* job) noexcept nogil:
    if size == 4:
        core.f32[loop](<float**>a, job)
    else:
        core.f64[loop](<double**>a, job)


cdef int run_released(int loop, Call* call) except -1:
    """The loop without the GIL, with targets that nobody else can reach: another thread might change what was checked."""
    cdef long long* own = NULL
    cdef Py_ssize_t n = call.job.n
    cdef bint inside = True
    try:
        if call.targets_at != -1:
            own = <long long*>PyMem_Malloc(n * sizeof(long long))
            if own == NULL:
                raise MemoryError()
            memcpy(own, call.a[call.targets_at], n * sizeof(long long))
            call.a[call.targets_at] = own
        with nogil:
            if own != NULL:
                inside = targets_inside(own, n, call.bound, call.job.ignore)
            if inside:
                run(loop, call.size, call.a, &call.job)
        if not inside:
            raise IndexError("a target was changed by another thread while the loss was computed")
    finally:
        PyMem_Free(own)
    return 0


cdef object through(int loop, const char* pattern, PyObject** given, long long ignore, const void* options):
    """What the loop makes of the given arrays; None, with nothing written, where one of them is not what the pattern says."""
    cdef Call call
    begin(&call, pattern, options)
    call.job.ignore = ignore
    while call.pattern[0] != c"-":
        if call.at == MOST - 1:
            raise SystemError("a pattern names more arrays than MOST")
        if not taken(&call, <object>given[call.at]):
            return None
    result = made(&call, call.pattern + 3)
    call.a[call.at] = cnp.PyArray_DATA(<cnp.ndarray>result)
    if call.job.c == -1:
        call.job.c = 1  # no word of the pattern names columns
    if call.job.s == -1:
        call.job.s = 1
    if call.job.n * call.job.c * call.job.s < RELEASE // 16:
        run(loop, call.size, call.a, &call.job)
    else:
        run_released(loop, &call)
    return result


cdef object through_copied(
        int loop, const char* pattern, PyObject** given, int count, long long ignore, const void* options):
    """`through` once more, where an array did not fit, with copies of all; None: ask the twin."""
    cdef PyObject* copies[MOST]
    cdef int k
    kept = [plain(<object>given[k]) for k in range(count)]
    for k in range(count):
        copy = kept[k]
        copies[k] = <PyObject*>copy
    return through(loop, pattern, copies, ignore, options)


cdef object in_its_order(int loop, const char* pattern, PyObject** given, int count):
    """`through` for arrays of any shape of which the last fills its memory in another order: all seen in that order, and
    what is made turned back, so that it lies as that one does. None where there is no such order."""
    cdef PyObject* seen[MOST]
    cdef int k
    last = <object>given[count - 1]
    if pattern[0] != c"*" or type(last) is not ndarray or last.ndim < 2 or last.flags.c_contiguous:
        return None
    axes = np.argsort([-step for step in last.strides], kind="stable")
    if not last.transpose(axes).flags.c_contiguous:
        return None
    kept = []
    for k in range(count):
        array = <object>given[k]
        if type(array) is not ndarray or array.ndim != last.ndim:
            return None
        array = array.transpose(axes)
        array = array if array.flags.c_contiguous else plain(array)
        kept.append(array)
        seen[k] = <PyObject*>array
    result = through(loop, pattern, seen, 0, NULL)
    return None if result is None else result.transpose(np.argsort(axes))


cdef object one(int loop, const char* pattern, str twin, x):
    """A kernel of one array, without options."""
    cdef PyObject* given[1]
    given[0] = <PyObject*>x
    result = through(loop, pattern, given, 0, NULL)
    if result is None:
        result = in_its_order(loop, pattern, given, 1)
    if result is None:
        result = through_copied(loop, pattern, given, 1, 0, NULL)
    return getattr(reference, twin)(x) if result is None else result


cdef object two(int loop, const char* pattern, str twin, x, y):
    """A kernel of two arrays, without options."""
    cdef PyObject* given[2]
    given[0], given[1] = <PyObject*>x, <PyObject*>y
    result = through(loop, pattern, given, 0, NULL)
    if result is None:
        result = in_its_order(loop, pattern, given, 2)
    if result is None:
        result = through_copied(loop, pattern, given, 2, 0, NULL)
    return getattr(reference, twin)(x, y) if result is None else result
