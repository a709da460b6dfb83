# Convolutions: after reading it you know how a convolution becomes products of matrices, without a copy of every window.
#
# Each image becomes a phase image, of the channels of one group. A panel of what the taps see is packed by copying runs of
# positions, and is then an ordinary panel of a product: (o, c * taps) @ (c * taps, positions). Where output channels fill the
# vectors it is better turned on its side, see positions.pxi.

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
    cdef bint is_matrix = v.taps == 1 and lies_ready(v)
    cdef Py_ssize_t k = v.c * v.taps, size = (0 if is_matrix else v.c * v.plane) + ROOM, packed = (v.o // MR + 2) * MR * (k + 1)
    cdef Py_ssize_t i, group, j, t
    cdef real* x
    cdef real* s
    cdef real* panel
    cdef real* weights
    cdef Py_ssize_t* off
    if slim(v):
        return depthwise(a, v)
    if fills(v):
        return by_positions(a, v, False)
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
            x = a[0] + (i * v.groups + group) * v.c * v.elements
            if not is_matrix:
                move_image(v, v.c, x, s, False)
            image_forward(v, x if is_matrix else s, is_matrix, off, panel, weights + group * packed, a[2] != NULL,
                          a[3] + (i * v.groups + group) * v.o * v.positions)
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
        const Windows* v, const real* s, bint is_matrix, const Py_ssize_t* off, real* panel, const real* weights, bint has_bias,
        real* y) noexcept nogil:
    """One image's outputs of one group. With a single tap the image itself may be the matrix (c, positions)."""
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
            if is_matrix:
                pack_panel(width, LANES, own, columns, s + p * v.positions + j, v.positions, 1, panel)
            else:
                pack_positions(width * LANES, own, s, off + p, runs, start, lane, vectors, panel)
            if own < kc:
                for q in range(width):
                    set_vector(panel + own * width * LANES + q * LANES, 1)
            panel_product(width, LANES, v.o, kc, columns, weights + p * tiles, 1, MR, MR * kc, <const real*>NULL, 0, 0, panel,
                          True, y + j, v.positions, p > 0, <const real*>NULL)
            p += kc
        j += columns
