# Convolutions with a row for each position: after reading it you know how the taps that fall on padding are left out.
#
# A tile's rows are positions, which may lie anywhere in a phase image; its columns are output channels. Positions that meet
# the image with the same taps form a box: the inner ones, an edge, a corner. A box has only the terms of those taps.

cdef struct Box:
    # Positions that meet the image with the same taps, low[d] <= t[d] < high[d], and which rows they are.
    Py_ssize_t low[DIMS]
    Py_ssize_t high[DIMS]
    Py_ssize_t first, count


cdef struct Chunk:
    # Positions that are computed together: one after the other in an image, or all of several small images.
    Py_ssize_t most[DIMS]
    Py_ssize_t begin[DIMS]
    Py_ssize_t end[DIMS]
    Py_ssize_t positions  # of each image
    Py_ssize_t images
    Py_ssize_t image      # from one phase image to the next
    Py_ssize_t boxes
    Box box[KC]
    Py_ssize_t off[KC]    # where each row lies among the phase images
    Py_ssize_t to[KC]     # which place it has among the sums


cdef inline bint fills(const Windows* v) noexcept nogil:
    """Whether the positions shall be the rows: where output channels fill the vectors, and a sum has terms enough.

    A tile of four rows reads the weight so often that the other way is faster.
    """
    cdef Py_ssize_t lanes = (v.o + LANES32 - 1) // LANES32 * LANES32
    return MR > 4 and v.taps > 1 and v.c * v.taps >= 64 and 8 * v.o >= 7 * lanes


cdef int by_positions(real** a, const Windows* v, bint turned) noexcept nogil:
    """y = the convolution of x with w, plus b, for the examples from begin to end; -1 when there is no memory.

    Of a weight that is turned the channels are exchanged, and the taps in the other order.
    """
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t k = v.c * v.taps, packed = (v.o + LANES - 1) // LANES * LANES * k, i, j, group, t
    cdef bint ready = lies_ready(v)
    cdef real* x
    cdef Chunk chunk
    cdef real* s
    cdef real* room
    cdef real* sums
    cdef real* weights
    cdef Py_ssize_t* term
    begin_chunks(v, &chunk)
    chunk.image = v.groups * v.c * v.plane if ready else v.c * v.plane
    s = <real*>calloc(1 if ready else chunk.images * chunk.image + ROOM, sizeof(real))
    room = <real*>malloc((v.groups * packed + (KC + v.taps) * WIDE * LANES + 2 * ROOM) * sizeof(real))
    term = <Py_ssize_t*>malloc(k * sizeof(Py_ssize_t))
    if s == NULL or room == NULL or term == NULL:
        free(s)
        free(room)
        free(term)
        return -1
    sums = <real*>((<size_t>room + 63) // 64 * 64)
    weights = sums + (KC + v.taps) * WIDE * LANES
    for t in range(v.taps):
        for j in range(v.c):
            term[t * v.c + j] = j * v.plane + tap(v, t)
    for group in range(v.groups):
        pack_taps(v, a[1] + group * v.o * k, turned, sums, weights + group * packed)
    i = v.begin
    while i < v.end:
        chunk.images = min(chunk.images, v.end - i)
        for group in range(v.groups):
            x = a[0] + (i * v.groups + group) * v.c * v.elements
            for j in range(0 if ready else chunk.images):
                move_image(v, v.c, x + j * v.groups * v.c * v.elements, s + j * chunk.image, False)
            images_forward(v, &chunk, x if ready else s, term, weights + group * packed,
                           a[2] if a[2] == NULL else a[2] + group * v.o, sums,
                           a[3] + (i * v.groups + group) * v.o * v.positions)
        i += chunk.images
    free(s)
    free(room)
    free(term)
    return 0


cdef void pack_taps(const Windows* v, const real* w, bint turned, real* line, real* to) noexcept nogil:
    """The weight of a group as panels of output channels, tap by tap; `line` has room for what one channel has in a panel."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t lane = v.taps if turned else v.c * v.taps, channel = v.o * v.taps if turned else v.taps
    cdef Py_ssize_t j = 0, c, t, whole
    cdef int width
    while j < v.o:
        width = vectors_of(v.o - j, LANES)
        whole = width * LANES
        for c in range(v.c):
            pack_panel(width, LANES, v.taps, min(whole, v.o - j), w + j * lane + c * channel, 1, lane, line)
            for t in range(v.taps):
                memcpy(to + ((v.taps - 1 - t if turned else t) * v.c + c) * whole, line + t * whole, whole * sizeof(real))
        to += v.c * v.taps * whole
        j += whole


cdef void begin_chunks(const Windows* v, Chunk* chunk) noexcept nogil:
    """How many positions go together: whole rows, and whole images, as far as KC positions reach."""
    cdef Py_ssize_t left = KC
    cdef bint whole = True
    cdef int d
    for d in range(DIMS - 1, -1, -1):
        chunk.most[d] = min(v.size[d], max(left, <Py_ssize_t>1)) if whole else 1
        whole = chunk.most[d] == v.size[d]
        left //= chunk.most[d]
    chunk.images = max(left, <Py_ssize_t>1) if whole else 1


cdef void images_forward(
        const Windows* v, Chunk* chunk, const real* s, const Py_ssize_t* term, const real* weights, const real* bias,
        real* sums, real* y) noexcept nogil:
    """The outputs of some images, of one group."""
    cdef Py_ssize_t i = 0, j, q
    while i < v.size[0]:
        chunk.begin[0], chunk.end[0] = i, min(i + chunk.most[0], v.size[0])
        j = 0
        while j < v.size[1]:
            chunk.begin[1], chunk.end[1] = j, min(j + chunk.most[1], v.size[1])
            q = 0
            while q < v.size[2]:
                chunk.begin[2], chunk.end[2] = q, min(q + chunk.most[2], v.size[2])
                find_boxes(v, chunk)
                chunk_forward(v, chunk, s, term, weights, bias, sums, y + (i * v.size[1] + j) * v.size[2] + q)
                q = chunk.end[2]
            j = chunk.end[1]
        i = chunk.end[0]


cdef inline Py_ssize_t low_tap(const Windows* v, int d, Py_ssize_t p) noexcept nogil:
    """The first tap that meets the image from position p, in one dimension."""
    cdef Py_ssize_t outside = v.padding[d] - p * v.stride[d]
    return 0 if outside <= 0 else min((outside + v.dilation[d] - 1) // v.dilation[d], v.kernel[d])


cdef inline Py_ssize_t high_tap(const Windows* v, int d, Py_ssize_t p) noexcept nogil:
    """The tap behind the last that meets it."""
    cdef Py_ssize_t inside = v.inside[d] + v.padding[d] - p * v.stride[d]
    return 0 if inside <= 0 else min((inside + v.dilation[d] - 1) // v.dilation[d], v.kernel[d])


cdef inline Py_ssize_t alike(const Windows* v, int d, Py_ssize_t p, Py_ssize_t end) noexcept nogil:
    """The position behind those, from p on, that meet the image with the same taps."""
    cdef Py_ssize_t q = p + 1
    while q < end and low_tap(v, d, q) == low_tap(v, d, p) and high_tap(v, d, q) == high_tap(v, d, p):
        q += 1
    return q


cdef void find_boxes(const Windows* v, Chunk* chunk) noexcept nogil:
    """The boxes of a chunk, and its rows, box by box."""
    cdef Py_ssize_t at[DIMS]
    cdef Py_ssize_t end[DIMS]
    cdef Py_ssize_t rows = 0
    cdef Box* box
    cdef int d
    chunk.positions = 1
    for d in range(DIMS):
        chunk.positions *= chunk.end[d] - chunk.begin[d]
    chunk.boxes = 0
    at[0] = chunk.begin[0]
    while at[0] < chunk.end[0]:
        end[0] = alike(v, 0, at[0], chunk.end[0])
        at[1] = chunk.begin[1]
        while at[1] < chunk.end[1]:
            end[1] = alike(v, 1, at[1], chunk.end[1])
            at[2] = chunk.begin[2]
            while at[2] < chunk.end[2]:
                end[2] = alike(v, 2, at[2], chunk.end[2])
                box = &chunk.box[chunk.boxes]
                for d in range(DIMS):
                    box.low[d], box.high[d] = low_tap(v, d, at[d]), high_tap(v, d, at[d])
                box.first = rows
                rows = add_rows_of(v, chunk, at, end, rows)
                box.count = rows - box.first
                chunk.boxes += 1
                at[2] = end[2]
            at[1] = end[1]
        at[0] = end[0]


cdef Py_ssize_t add_rows_of(
        const Windows* v, Chunk* chunk, const Py_ssize_t* at, const Py_ssize_t* end, Py_ssize_t rows) noexcept nogil:
    """The positions from `at` to `end`, of all images, as rows from number `rows` on; returns the number behind the last."""
    cdef Py_ssize_t m, i, j, q, first = (chunk.begin[0] * v.size[1] + chunk.begin[1]) * v.size[2] + chunk.begin[2]
    for m in range(chunk.images):
        for i in range(at[0], end[0]):
            for j in range(at[1], end[1]):
                for q in range(at[2], end[2]):
                    chunk.off[rows] = m * chunk.image + (i * v.phase[1] + j) * v.phase[2] + q
                    chunk.to[rows] = m * chunk.positions + (i * v.size[1] + j) * v.size[2] + q - first
                    rows += 1
    return rows


cdef void box_runs(const Windows* v, const Box* box, Py_ssize_t first, Py_ssize_t end, Runs* runs) noexcept nogil:
    """The terms of a box, among those from `first` to `end`: the channels of tap t are the terms from t * c on."""
    cdef Py_ssize_t i, j, t
    runs.count = 0
    for i in range(box.low[0], box.high[0]):
        for j in range(box.low[1], box.high[1]):
            t = (i * v.kernel[1] + j) * v.kernel[2]
            add_run(runs, max((t + box.low[2]) * v.c, first), min((t + box.high[2]) * v.c, end))


cdef void chunk_forward(
        const Windows* v, const Chunk* chunk, const real* s, const Py_ssize_t* term, const real* weights, const real* bias,
        real* sums, real* y) noexcept nogil:
    """The outputs of a chunk, panel by panel of output channels."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t terms = v.c * v.taps, j = 0, p, q, kc, whole, columns
    cdef real start[NR32]
    cdef const Box* box
    cdef Runs runs
    cdef int width
    while j < v.o:
        width = vectors_of(v.o - j, LANES)
        whole = width * LANES
        columns = min(whole, v.o - j)
        memset(start, 0, whole * sizeof(real))
        if bias != NULL:
            memcpy(start, bias + j, columns * sizeof(real))
        p = 0
        while p < terms:
            kc = block_of(terms - p, KC)
            for q in range(chunk.boxes):
                box = &chunk.box[q]
                box_runs(v, box, p, p + kc, &runs)
                if runs.count or p == 0:
                    gather_panel(width, box.count, &runs, s, chunk.off + box.first, term, weights, sums if p else start,
                                 whole if p else 0, sums, chunk.to + box.first)
            p += kc
        for q in range(chunk.images):
            bring_across(chunk.positions, columns, sums + q * chunk.positions * whole, whole,
                         y + (q * v.groups * v.o + j) * v.positions, v.positions)
        weights += terms * whole
        j += columns
