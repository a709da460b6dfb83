# The gradient of a convolution's weight: after reading it you know that its long sums go over the positions of several images.
#
# It is a product, too: (c * taps, positions) @ (positions, o). Its left factor is read where it lies, in phase images: a row of
# it is what one tap sees of one channel. Where that is padding, zeros are multiplied, so the gradient that comes in must be
# finite: the doors look at the result.

cdef int convolution_weight(real** a, const Windows* v) noexcept nogil:
    """dw = the gradient of the weight, of the input's channels from begin to end; a holds g, x and dw; -1 without memory."""
    cdef Py_ssize_t group, first, last
    if slim(v):
        return depthwise_weight(a, v)
    for group in range(v.groups):
        first, last = max(v.begin - group * v.c, <Py_ssize_t>0), min(v.end - group * v.c, v.c)
        if first < last and group_weight(a, v, group, first, last):
            return -1
    return 0


cdef int group_weight(real** a, const Windows* v, Py_ssize_t group, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """The weight's gradient of one group, for its channels from first to last; -1 when there is no memory.

    The phase images of several small images lie side by side, so that a block of positions is long enough.
    """
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t channels = last - first, rows = channels * v.taps, image = channels * v.plane, count = rows * (v.o + LANES)
    cdef Py_ssize_t images = min(v.n, max(KC // v.positions, <Py_ssize_t>1)), terms = 0, i, j, t
    cdef real* s = <real*>calloc(images * image + count + 2 * ROOM, sizeof(real))
    cdef real* panel = <real*>malloc((KC * WIDE * LANES + ROOM) * sizeof(real))
    cdef double* totals = <double*>calloc(count if real is float else 1, sizeof(double))
    cdef Py_ssize_t* off = <Py_ssize_t*>malloc(rows * sizeof(Py_ssize_t))
    cdef real* sums = <real*>((<size_t>(s + images * image + ROOM) + 63) // 64 * 64)
    cdef bint add = False
    if s == NULL or panel == NULL or totals == NULL or off == NULL:
        free(s)
        free(panel)
        free(totals)
        free(off)
        return -1
    for i in range(channels):
        for t in range(v.taps):
            off[i * v.taps + t] = i * v.plane + tap(v, t)
    i = 0
    while i < v.n:
        images = min(images, v.n - i)
        for j in range(images):
            move_image(v, channels, a[1] + (((i + j) * v.groups + group) * v.c + first) * v.elements, s + j * image, False)
        images_weight(v, s, image, images, a[0] + (i * v.groups + group) * v.o * v.positions, off, rows, panel, sums, add)
        i += images
        add = True
        if real is float:
            terms += images * v.positions
            if terms > LONGEST:
                # A long sum goes on in double.
                for j in range(count):
                    totals[j] += sums[j]
                add, terms = False, 0
    if real is float:
        for j in range(count):
            sums[j] = <real>((sums[j] if add else 0) + totals[j])
    bring_weight(v, sums, rows, a[2] + (group * v.o * v.c + first) * v.taps)
    free(s)
    free(panel)
    free(totals)
    free(off)
    return 0


cdef void images_weight(
        const Windows* v, const real* s, Py_ssize_t image, Py_ssize_t images, const real* g, const Py_ssize_t* off,
        Py_ssize_t rows, real* panel, real* sums, bint add) noexcept nogil:
    """What some images add to the sums: for each panel of outputs (rows, panel)."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t p = 0, j, kc, columns
    cdef Runs runs
    cdef int width
    while p < images * v.positions:
        kc = block_of(images * v.positions - p, KC)
        find_runs(v, p, kc, image, &runs)
        j = 0
        while j < v.o:
            width = vectors_of(v.o - j, LANES)
            columns = min(width * LANES, v.o - j)
            pack_outputs(v, width, columns, g, p, j, &runs, panel)
            gather_panel(width, rows, &runs, s, off, panel, sums + j * rows, add or p > 0)
            j += columns
        p += kc


cdef void find_runs(const Windows* v, Py_ssize_t first, Py_ssize_t count, Py_ssize_t image, Runs* runs) noexcept nogil:
    """The runs that some positions consist of, counted through images whose phase images lie `image` elements apart."""
    cdef Py_ssize_t q = first, at
    runs.count = 0
    while q < first + count:
        at = q % v.positions
        runs.start[runs.count] = q // v.positions * image + place(v, at)
        runs.length[runs.count] = min(first + count - q, v.size[2] - at % v.size[2])
        q += runs.length[runs.count]
        runs.count += 1


cdef void pack_outputs(
        const Windows* v, int width, Py_ssize_t columns, const real* g, Py_ssize_t first, Py_ssize_t j, const Runs* runs,
        real* to) noexcept nogil:
    """A panel of output channels from j on, side by side for every position of the runs, which begin at position `first`."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t r, q = first
    for r in range(runs.count):
        pack_panel(width, LANES, runs.length[r], columns,
                   g + (q // v.positions * v.groups * v.o + j) * v.positions + q % v.positions, 1, v.positions, to)
        to += runs.length[r] * width * LANES
        q += runs.length[r]


cdef void bring_weight(const Windows* v, const real* sums, Py_ssize_t rows, real* to) noexcept nogil:
    """The sums, panel after panel, to their places in the weight."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t j = 0, i, r, whole, columns
    while j < v.o:
        whole = vectors_of(v.o - j, LANES) * LANES
        columns = min(whole, v.o - j)
        for i in range(columns):
            for r in range(rows):
                to[(j + i) * v.c * v.taps + r] = sums[j * rows + r * whole + i]
        j += columns
