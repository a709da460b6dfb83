# The gradient of a convolution's weight: after reading it you know that its long sums go over the positions of several images.
#
# It is a product, too: (taps * c, positions) @ (positions, o). Its left factor is read where it lies, in phase images: a row of
# it is what one tap sees of one channel. A tap has only the positions from which it meets the image. But few channels do not
# fill a tile, which then takes the rows of several taps, all in one row of the kernel if these fill it, and multiplies padding:
# the gradient that comes in must be finite, and the doors look at the result.

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
    cdef Py_ssize_t channels = last - first, rows = channels * v.taps, count = rows * (v.o + LANES)
    cdef bint ready = lies_ready(v)
    cdef Py_ssize_t image = v.groups * v.c * v.plane if ready else channels * v.plane  # from one image to the next
    cdef Py_ssize_t images = min(v.n, max(KC // v.positions, <Py_ssize_t>1)), terms = 0, i, j, t
    cdef real* x
    cdef Py_ssize_t together = taps_at_once(v, channels)
    cdef Py_ssize_t copied = 0 if ready else images * image
    cdef real* s = <real*>calloc(copied + count + 2 * ROOM, sizeof(real))
    cdef real* panel = <real*>malloc((KC * WIDE * LANES + ROOM) * sizeof(real))
    cdef double* totals = <double*>calloc(count if real is float else 1, sizeof(double))
    cdef Py_ssize_t* off = <Py_ssize_t*>malloc((2 * rows + KC) * sizeof(Py_ssize_t))
    cdef real* sums = <real*>((<size_t>(s + copied + ROOM) + 63) // 64 * 64)
    if s == NULL or panel == NULL or totals == NULL or off == NULL:
        free(s)
        free(panel)
        free(totals)
        free(off)
        return -1
    for t in range(v.taps):
        for i in range(channels):
            # Side by side is what lies side by side, of the taps that have their terms together.
            j = t // together * together * channels + i * together + t % together
            off[j], off[rows + j] = i * v.plane + tap(v, t), i * v.taps + t
    i = 0
    while i < v.n:
        images = min(images, v.n - i)
        x = a[1] + ((i * v.groups + group) * v.c + first) * v.elements
        for j in range(0 if ready else images):
            move_image(v, channels, x + j * v.groups * v.c * v.elements, s + j * image, False)
        images_weight(v, x if ready else s, image, images, a[0] + (i * v.groups + group) * v.o * v.positions, channels,
                      together, off, panel, sums)
        i += images
        if real is float:
            terms += images * v.positions
            if terms > LONGEST:
                # A long sum goes on in double.
                for j in range(count):
                    totals[j] += sums[j]
                    sums[j] = 0
                terms = 0
    if real is float:
        for j in range(count):
            sums[j] = <real>(sums[j] + totals[j])
    bring_weight(v, sums, rows, a[2] + (group * v.o * v.c + first) * v.taps)
    free(s)
    free(panel)
    free(totals)
    free(off)
    return 0


cdef inline Py_ssize_t taps_at_once(const Windows* v, Py_ssize_t channels) noexcept nogil:
    """How many taps have the same terms: as few as fill a tile, where windows reach beyond the input. One, a row, or all."""
    if not stands_out(v):
        return v.taps
    return 1 if channels >= MR else v.kernel[2] if channels * v.kernel[2] >= MR else v.taps


cdef void images_weight(
        const Windows* v, const real* s, Py_ssize_t image, Py_ssize_t images, const real* g, Py_ssize_t channels,
        Py_ssize_t together, Py_ssize_t* off, real* panel, real* sums) noexcept nogil:
    """What some images add to the sums: for each panel of outputs (rows, panel).

    off has where each row lies, which row of the sums it is, and room for where the terms lie.
    """
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t rows = channels * v.taps, some = channels * together, p = 0, q, j, t, kc, columns
    cdef Py_ssize_t* term = off + 2 * rows
    cdef Runs runs
    cdef int width
    while p < images * v.positions:
        kc = block_of(images * v.positions - p, KC)
        list_terms(v, p, kc, image, term)
        j = 0
        while j < v.o:
            width = vectors_of(v.o - j, LANES)
            columns = min(width * LANES, v.o - j)
            pack_outputs(v, width, columns, g, p, j, kc, panel)
            for t in range(v.taps // together):
                if together == v.taps:
                    runs.count, runs.first[0], runs.end[0] = 1, 0, kc
                else:
                    runs_of_taps(v, t * together, together, p, kc, &runs)
                gather_panel(width, some, &runs, s, off + t * some, term, panel, sums + j * rows, width * LANES,
                             sums + j * rows, off + rows + t * some)
            j += columns
        p += kc


cdef void list_terms(const Windows* v, Py_ssize_t first, Py_ssize_t count, Py_ssize_t image, Py_ssize_t* term) noexcept nogil:
    """Where some positions lie, counted through images whose phase images lie `image` elements apart."""
    cdef Py_ssize_t q = first, at, start, length, i
    while q < first + count:
        at = q % v.positions
        start, length = q // v.positions * image + place(v, at), min(first + count - q, v.size[2] - at % v.size[2])
        for i in range(length):
            term[q - first + i] = start + i
        q += length


cdef void runs_of_taps(
        const Windows* v, Py_ssize_t t, Py_ssize_t together, Py_ssize_t first, Py_ssize_t count, Runs* runs) noexcept nogil:
    """The positions from which tap t, or its row, meets the image, of some that are counted through several images."""
    cdef Py_ssize_t begin[DIMS]
    cdef Py_ssize_t end[DIMS]
    cdef Py_ssize_t i, j, row, column, length, q = first, left = v.taps
    cdef int d
    for d in range(DIMS):
        left //= v.kernel[d]
        i = v.padding[d] - t // left % v.kernel[d] * v.dilation[d]  # how far it stands out at position 0
        begin[d] = (max(i, <Py_ssize_t>0) + v.stride[d] - 1) // v.stride[d]
        end[d] = min((max(v.inside[d] + i, <Py_ssize_t>0) + v.stride[d] - 1) // v.stride[d], v.size[d])
    if together > 1:
        begin[2], end[2] = 0, v.size[2]
    row, column = q % v.positions // v.size[2], q % v.size[2]
    i, j = row // v.size[1], row % v.size[1]
    runs.count = 0
    while q < first + count:
        # Counted on from row to row: the divisions would cost as much as what is left out of a small image saves.
        length = min(first + count - q, v.size[2] - column)
        if begin[0] <= i < end[0] and begin[1] <= j < end[1]:
            add_run(runs, q - first + max(begin[2] - column, <Py_ssize_t>0), q - first + min(end[2] - column, length))
        q += length
        column = 0
        j += 1
        if j == v.size[1]:
            i, j = i + 1, 0
        if i == v.size[0]:
            i = 0


cdef void pack_outputs(
        const Windows* v, int width, Py_ssize_t columns, const real* g, Py_ssize_t first, Py_ssize_t j, Py_ssize_t count,
        real* to) noexcept nogil:
    """A panel of output channels from j on, side by side for every position, counted through the images."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t q = first, length
    while q < first + count:
        length = min(first + count - q, v.positions - q % v.positions)
        pack_panel(width, LANES, length, columns,
                   g + (q // v.positions * v.groups * v.o + j) * v.positions + q % v.positions, 1, v.positions, to)
        to += length * width * LANES
        q += length


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
