# What the doors and the loops agree on: after reading it you know how a loop is called, and by which number it is found.
#
# Each instruction set hands its table of functions to the doors. There are three families. A loop goes over elements or rows
# and can't fail. A product is computed in tiles, for which it packs its matrices, and returns -1 when memory ran out. What goes
# over windows brings each image into scratch memory first, and may run out of it, too.
#
# `a` holds the arrays, in the order in which the door's pattern names them: what is read, then what is written. NULL stands for
# an array that is not given.

ctypedef fused real:
    float
    double

cdef enum:  # the loops
    RELU
    RELU_GRAD
    SOFTMAX
    LOG_SOFTMAX
    SOFTMAX_GRAD
    LOG_SOFTMAX_GRAD
    COLUMN_SUMS
    ROW_SUMS
    ROW_SPREAD
    CROSS_ENTROPY
    CROSS_ENTROPY_GRAD
    SGD
    ADAM
    GELU
    GELU_GRAD
    SIGMOID
    SIGMOID_GRAD
    SILU
    SILU_GRAD
    LAYER_NORM
    LAYER_NORM_GRAD
    BATCH_NORM
    BATCH_NORM_GRAD
    CHANNEL_SUMS
    ADD_ROWS
    FINITE
    LSTM
    LSTM_GRAD
    GRU
    GRU_GRAD
    SHARES
    SHARES_GRAD
    ELIMINATE
    LOOPS  # how many there are

cdef enum:
    BLOCK_OF_ROWS = 32  # elements of which the length of a row of scores is a multiple

cdef enum:  # the products
    MATMUL
    TILED  # how many there are

cdef enum:  # what goes over windows
    CONVOLUTION
    TRANSPOSED_CONVOLUTION
    CONVOLUTION_WEIGHT
    MAX_POOL
    MAX_POOL_GRAD
    WINDOWED  # how many there are

cdef enum:
    DIMS = 3    # of space: an image is a volume of depth 1, a signal an image of height 1
    TAPS = 256  # of a pool's window: a byte can tell them apart

cdef struct Job:
    Py_ssize_t n         # rows; elements, where the arrays may have any shape
    Py_ssize_t c         # columns; channels
    Py_ssize_t s         # places of a channel; rows that are written to
    long long ignore     # the target that stands for no class
    const void* options  # a Loss, a Step, Moments, Steps, a Spread, an eps or room for sums, where the loop has options

cdef struct Loss:
    # What a cross entropy is told besides its arrays.
    double smooth
    bint mean
    bint per_row

cdef struct Step:
    # What a step of an optimiser is told besides its arrays.
    double lr
    double momentum
    double dampening
    double weight_decay
    bint nesterov
    bint maximize
    bint first  # the momentum buffer is new, and holds nothing yet

cdef struct Moments:
    # What a step of Adam is told besides its arrays.
    double shrink        # what weight decay leaves of a parameter
    double weight_decay  # the share of it that is added to the gradient instead
    double beta1
    double beta2
    double rate          # lr / (1 - beta1**step)
    double root          # sqrt(1 - beta2**step)
    double eps
    bint maximize

cdef struct Spread:
    # What a variance is told besides its array.
    double denominator
    bint root

cdef struct Steps:
    # What a recurrent layer is told besides its arrays: how many steps there are, how many rows each has, and the direction.
    const Py_ssize_t* sizes
    Py_ssize_t count
    bint reverse

cdef struct Look:
    # What attention is told besides its arrays.
    double scale
    Py_ssize_t row       # from one row of scores to the next: a whole number of BLOCK_OF_ROWS
    Py_ssize_t bias_row  # from one row of the bias to the next
    Py_ssize_t first     # the number of the first query
    bint causal          # does query i see keys 0 to i only?

cdef struct Product:
    # A (m, k) times B (k, n): element (i, j) of A lies at i * a_row + j * a_col; the rows of C lie c_row elements apart.
    Py_ssize_t m, k, n
    Py_ssize_t a_row, a_col
    Py_ssize_t b_row, b_col
    Py_ssize_t c_row
    bint vector  # the whole product, of which this may be a thread's part, has one row or one column

cdef struct Windows:
    # The windows of a convolution or a pool, and the part of the work that a thread does.
    Py_ssize_t n                # examples
    Py_ssize_t c, o             # channels of the input and of the output, in each group; a pool has one of each
    Py_ssize_t groups
    Py_ssize_t inside[DIMS]     # the size of the input, of the output, of a window
    Py_ssize_t size[DIMS]
    Py_ssize_t kernel[DIMS]
    Py_ssize_t stride[DIMS]
    Py_ssize_t padding[DIMS]
    Py_ssize_t dilation[DIMS]
    Py_ssize_t phase[DIMS]      # the size of one phase: see loops/windows.pxi
    Py_ssize_t elements, positions, taps, plane  # of a channel of the input, of the output, of a window, of a channel's phases
    Py_ssize_t begin, end       # which examples, or for the weight which channels of the input, are to be computed


cdef inline void measure(Windows* v) noexcept nogil:
    """Work out what follows from the sizes, and ask for all examples."""
    cdef int d
    v.elements = v.positions = v.taps = v.plane = 1
    for d in range(DIMS):
        v.elements *= v.inside[d]
        v.positions *= v.size[d]
        v.taps *= v.kernel[d]
        # The last element of the input lies in a phase, and what the last tap meets at the last position.
        v.phase[d] = max((v.inside[d] + v.padding[d] + v.stride[d] - 1) // v.stride[d],
                         v.size[d] + (v.kernel[d] - 1) * v.dilation[d] // v.stride[d])
        v.plane *= v.stride[d] * v.phase[d]
    v.begin, v.end = 0, v.n


cdef inline bint stands_out(const Windows* v) noexcept nogil:
    """Whether some window reaches beyond the input, where it meets zeros."""
    cdef int d
    for d in range(DIMS):
        if v.padding[d] or (v.size[d] - 1) * v.stride[d] + v.dilation[d] * (v.kernel[d] - 1) >= v.inside[d]:
            return True
    return False


ctypedef void (*Loop32)(float** a, const Job* job) noexcept nogil
ctypedef void (*Loop64)(double** a, const Job* job) noexcept nogil
ctypedef int (*Tiled32)(float** a, const Product* o) noexcept nogil
ctypedef int (*Tiled64)(double** a, const Product* o) noexcept nogil
ctypedef int (*Windowed32)(float** a, const Windows* v) noexcept nogil
ctypedef int (*Windowed64)(double** a, const Windows* v) noexcept nogil

cdef struct Table:
    Loop32 f32[LOOPS]
    Loop64 f64[LOOPS]
    Tiled32 tiled32[TILED]
    Tiled64 tiled64[TILED]
    Windowed32 windowed32[WINDOWED]
    Windowed64 windowed64[WINDOWED]
    bint vectors  # can this compiler be told of vectors? Without them the products are slower than NumPy's
    Py_ssize_t tile_rows
    Py_ssize_t tile_bytes
