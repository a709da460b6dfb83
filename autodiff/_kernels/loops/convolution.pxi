# Convolutions: after reading it you know how the three products of a convolution become products of matrices, without a copy of
# every window.
#
# Each image becomes a phase image, of the channels of one group. Forward, a panel of what the taps see is packed by copying runs
# of positions, and is then an ordinary panel of a product: (o, c * taps) @ (c * taps, positions). For the weight, the phase image at
# a tap is the left factor, read where it lies: (c, positions) @ (positions, o). For the input, the tiles add into the phase image
# at each tap: (c, o) @ (o, positions). Where gaps are multiplied, the other factor must be finite: that is the doors' promise.

cdef inline bint slim(const Windows* v) noexcept nogil:
    """Whether there is too little for tiles: a channel of its own for each output, as in a depthwise convolution."""
    return v.c == 1 and v.o <= 4


cdef inline void pack_positions(
        Py_ssize_t whole, Py_ssize_t kc, const real* s, const Py_ssize_t* off, Py_ssize_t runs, const Py_ssize_t* start,
        const Py_ssize_t* lane, const Py_ssize_t* vectors, real* to) noexcept nogil:
    """A panel: what each of kc taps sees of up to `whole` positions. A run is a piece of an output row.

    It is copied in whole vectors, and the next run overwrites the surplus; a vector of room is needed behind the panel.
    """
    cdef Py_ssize_t p, r, q, LANES = LANES32 if real is float else LANES64
    cdef const real* source
    for p in range(kc):
        source = s + off[p]
        for r in range(runs):
            for q in range(vectors[r]):
                copy_vector(source + start[r] + q * LANES, to + lane[r] + q * LANES)
        to += whole


cdef inline Py_ssize_t runs_of(
        const Windows* v, Py_ssize_t first, Py_ssize_t columns, Py_ssize_t LANES, Py_ssize_t* start, Py_ssize_t* lane,
        Py_ssize_t* vectors) noexcept nogil:
    """The runs that some positions consist of: where each begins in a phase and in the panel, and its length in vectors."""
    cdef Py_ssize_t runs = 0, q = 0, left
    while q < columns:
        left = min(columns - q, v.size[2] - (first + q) % v.size[2])
        start[runs], lane[runs], vectors[runs] = place(v, first + q), q, (left + LANES - 1) // LANES
        runs += 1
        q += left
    return runs


cdef int convolution(real** a, const Windows* v) noexcept nogil:
    """y = the convolution of x with w, plus b, for the examples from begin to end; -1 when there is no memory.

    The bias is one more column of w, and a row of ones of what the windows see.
    """
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t k = v.c * v.taps, size = v.c * v.plane + ROOM, packed = (v.o // MR + 2) * MR * (k + 1)
    cdef Py_ssize_t i, group, j, t
    cdef real* s
    cdef real* panel
    cdef real* weights
    cdef Py_ssize_t* off
    if slim(v):
        return depthwise(a, v)
    s = <real*>calloc(size + KC * WIDE * LANES + v.groups * packed + 4 * ROOM, sizeof(real))
    off = <Py_ssize_t*>malloc((k + 1) * sizeof(Py_ssize_t))
    if s == NULL or off == NULL:
        free(s)
        free(off)
        return -1
    panel = <real*>((<size_t>(s + size) + 63) // 64 * 64)
    weights = panel + KC * WIDE * LANES + ROOM
    for j in range(v.c):
        for t in range(v.taps):
            off[j * v.taps + t] = j * v.plane + tap(v, t)
    for group in range(v.groups):
        pack_weight(v, a[1] + group * v.o * k, a[2] if a[2] == NULL else a[2] + group * v.o, weights + group * packed)
    for i in range(v.begin, v.end):
        for group in range(v.groups):
            move_image(v, v.c, a[0] + (i * v.groups + group) * v.c * v.elements, s, False)
            image_forward(v, s, off, panel, weights + group * packed, a[2] != NULL, a[3] + (i * v.groups + group) * v.o * v.positions)
    free(s)
    free(off)
    return 0


cdef void pack_weight(const Windows* v, const real* w, const real* bias, real* to) noexcept nogil:
    """The weight of a group in the order in which the tiles read it, block after block, the bias as its last column."""
    cdef Py_ssize_t k = v.c * v.taps, terms = k + (bias != NULL), p = 0, i, rows, kc, own
    while p < terms:
        kc = block_of(terms - p, KC)
        own = kc - (bias != NULL and p + kc == terms)
        i = 0
        while i < v.o:
            rows = rows_of(v.o - i)
            if own:
                pack(MR, own, rows, w + i * k + p, k, 1, to)
            if own < kc:
                memcpy(to + own * MR, bias + i, rows * sizeof(real))
            to += MR * kc
            i += rows
        p += kc


cdef void image_forward(
        const Windows* v, const real* s, const Py_ssize_t* off, real* panel, const real* weights, bint has_bias,
        real* y) noexcept nogil:
    """One image's outputs of one group."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t terms = v.c * v.taps + has_bias, tiles = 0, j = 0, p, q, kc, own, columns, runs
    cdef Py_ssize_t start[ROOM]
    cdef Py_ssize_t lane[ROOM]
    cdef Py_ssize_t vectors[ROOM]
    cdef int width
    p = v.o
    while p > 0:
        p -= rows_of(p)
        tiles += MR
    while j < v.positions:
        width = vectors_of(v.positions - j, LANES)
        columns = min(width * LANES, v.positions - j)
        runs = runs_of(v, j, columns, LANES, start, lane, vectors)
        p = 0
        while p < terms:
            kc = block_of(terms - p, KC)
            own = kc - (has_bias and p + kc == terms)
            pack_positions(width * LANES, own, s, off + p, runs, start, lane, vectors, panel)
            if own < kc:
                for q in range(width):
                    set_vector(panel + own * width * LANES + q * LANES, 1)
            panel_product(width, LANES, v.o, kc, columns, weights + p * tiles, 1, MR, MR * kc, <const real*>NULL, 0, 0, panel, True,
                          y + j, v.positions, p > 0, <const real*>NULL)
            p += kc
        j += columns


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
        const Windows* v, const real* s, Py_ssize_t image, Py_ssize_t images, const real* g, const Py_ssize_t* off, Py_ssize_t rows,
        real* panel, real* sums, bint add) noexcept nogil:
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


cdef int transposed_convolution(real** a, const Windows* v) noexcept nogil:
    """dx = the gradient of the input, plus b, for the examples from begin to end; a holds g, w, b and dx."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t size = v.c * v.plane + WIDE * LANES + ROOM, depth = depth_of(v)
    cdef Py_ssize_t row = (depth + WIDE * LANES - 1) // (WIDE * LANES) * (WIDE * LANES), tiles = (v.c // MR + 2) * MR
    cdef Py_ssize_t i, group, j, p, t, k = v.c * v.taps
    cdef real* s
    cdef real* outputs
    cdef real* panel
    cdef real* packed
    cdef real* w
    if turns(v) and (v.o == 1 or not slim(v)):
        return turned(a, v)
    if slim(v):
        return depthwise_input(a, v)
    s = <real*>calloc(size + v.o * row + ROOM, sizeof(real))
    panel = <real*>malloc((KC * WIDE * LANES + v.groups * v.taps * v.o * tiles + 2 * ROOM) * sizeof(real))
    if s == NULL or panel == NULL:
        free(s)
        free(panel)
        return -1
    outputs, packed = s + size, panel + KC * WIDE * LANES + ROOM
    for group in range(v.groups):
        p = 0
        while p < v.o:
            i = block_of(v.o - p, KC)
            for t in range(v.taps):
                w = a[1] + (group * v.o + p) * k + t
                pack_rows(v.c, i, w, v.taps, k, packed + (group * v.o * v.taps + p * v.taps + t * i) * tiles)
            p += i
    for i in range(v.begin, v.end):
        for group in range(v.groups):
            for j in range(v.c):
                for p in range(v.plane):
                    s[j * v.plane + p] = a[2][group * v.c + j] if a[2] != NULL else 0
            for j in range(v.o):
                rows_apart(v, a[0] + ((i * v.groups + group) * v.o + j) * v.positions, outputs + j * row)
            image_back(v, outputs, row, depth, panel, packed + group * v.o * v.taps * tiles, tiles, s)
            move_image(v, v.c, a[3] + (i * v.groups + group) * v.c * v.elements, s, True)
    free(s)
    free(panel)
    return 0


cdef void image_back(
        const Windows* v, const real* outputs, Py_ssize_t row, Py_ssize_t depth, real* panel, const real* packed, Py_ssize_t tiles,
        real* s) noexcept nogil:
    """What one image's outputs of one group add to its phase image."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t j = 0, p, t, kc, whole
    cdef int width
    while j < depth:
        width = vectors_of(depth - j, LANES)
        whole = width * LANES
        p = 0
        while p < v.o:
            kc = block_of(v.o - p, KC)
            pack_panel(width, LANES, kc, whole, outputs + p * row + j, row, 1, panel)
            for t in range(v.taps):
                panel_product(width, LANES, v.c, kc, whole, packed + (p * v.taps + t * kc) * tiles, 1, MR, MR * kc,
                              <const real*>NULL, 0, 0, panel, True, s + tap(v, t) + j, v.plane, True, <const real*>NULL)
            p += kc
        j += whole


cdef inline bint turns(const Windows* v) noexcept nogil:
    """Whether the gradient of the input is better computed as a convolution with the weight turned round.

    It is one where every stride is 1; and has fewer positions than the other way has gaps where the padding is half of a window.
    """
    cdef bint pads = False
    cdef int d
    for d in range(DIMS):
        if v.stride[d] != 1 or v.padding[d] > v.dilation[d] * (v.kernel[d] - 1):
            return False
        pads = pads or 2 * v.padding[d] >= v.dilation[d] * (v.kernel[d] - 1) > 0
    return pads


cdef int turned(real** a, const Windows* v) noexcept nogil:
    """The gradient of the input for strides of 1: g convolved with w, whose taps are in the other order and channels exchanged."""
    cdef Windows back = v[0]
    cdef real* arrays[4]
    cdef real* w = <real*>malloc(v.groups * v.o * v.c * v.taps * sizeof(real))
    cdef Py_ssize_t group, i, j, t
    cdef int d, status
    if w == NULL:
        return -1
    for group in range(v.groups):
        for i in range(v.c):
            for j in range(v.o):
                for t in range(v.taps):
                    w[((group * v.c + i) * v.o + j) * v.taps + t] = a[1][
                        ((group * v.o + j) * v.c + i) * v.taps + v.taps - 1 - t]
    back.c, back.o = v.o, v.c
    for d in range(DIMS):
        back.inside[d], back.size[d] = v.size[d], v.inside[d]
        back.padding[d] = v.dilation[d] * (v.kernel[d] - 1) - v.padding[d]
    measure(&back)
    back.begin, back.end = v.begin, v.end
    arrays[0], arrays[1], arrays[2], arrays[3] = a[0], w, a[2], a[3]
    status = convolution(arrays, &back)
    free(w)
    return status
