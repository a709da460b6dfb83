# The functions that each instruction set's module hands to the doors. `gemm` returns -1 when memory ran out.

ctypedef fused real:
    float
    double

ctypedef int (*gemm_f32)(
    Py_ssize_t m, Py_ssize_t k, Py_ssize_t n,
    const float* a, Py_ssize_t a_row, Py_ssize_t a_col,
    const float* b, Py_ssize_t b_row, Py_ssize_t b_col,
    const float* bias, float* c, Py_ssize_t c_row, int vector) noexcept nogil
ctypedef int (*gemm_f64)(
    Py_ssize_t m, Py_ssize_t k, Py_ssize_t n,
    const double* a, Py_ssize_t a_row, Py_ssize_t a_col,
    const double* b, Py_ssize_t b_row, Py_ssize_t b_col,
    const double* bias, double* c, Py_ssize_t c_row, int vector) noexcept nogil
ctypedef void (*map1_f32)(const float* x, float* y, Py_ssize_t n) noexcept nogil
ctypedef void (*map1_f64)(const double* x, double* y, Py_ssize_t n) noexcept nogil
ctypedef void (*map2_f32)(const float* g, const float* y, float* d, Py_ssize_t n) noexcept nogil
ctypedef void (*map2_f64)(const double* g, const double* y, double* d, Py_ssize_t n) noexcept nogil
ctypedef void (*rows1_f32)(const float* x, float* y, Py_ssize_t n, Py_ssize_t c) noexcept nogil
ctypedef void (*rows1_f64)(const double* x, double* y, Py_ssize_t n, Py_ssize_t c) noexcept nogil
ctypedef void (*rows2_f32)(const float* g, const float* y, float* d, Py_ssize_t n, Py_ssize_t c) noexcept nogil
ctypedef void (*rows2_f64)(const double* g, const double* y, double* d, Py_ssize_t n, Py_ssize_t c) noexcept nogil

cdef struct Loss:
    # What a cross entropy is told besides its arrays. row_out is 1 for reduction "none", else 0.
    Py_ssize_t n
    Py_ssize_t c
    long long ignore
    double smooth
    int mean
    int per_row

ctypedef void (*loss_f32)(
    const float* x, const long long* t, const float* w, float* out, const Loss* o) noexcept nogil
ctypedef void (*loss_f64)(
    const double* x, const long long* t, const double* w, double* out, const Loss* o) noexcept nogil
ctypedef void (*lossgrad_f32)(
    const float* g, const float* x, const long long* t, const float* w, float* d, const Loss* o) noexcept nogil
ctypedef void (*lossgrad_f64)(
    const double* g, const double* x, const long long* t, const double* w, double* d, const Loss* o) noexcept nogil

cdef struct Step:
    double lr
    double momentum
    double dampening
    double weight_decay
    int nesterov
    int maximize

ctypedef void (*sgd_f32)(
    float* p, const float* g, float* b, int first, Py_ssize_t n, const Step* o) noexcept nogil
ctypedef void (*sgd_f64)(
    double* p, const double* g, double* b, int first, Py_ssize_t n, const Step* o) noexcept nogil

cdef struct Table:
    Py_ssize_t tile_rows
    Py_ssize_t tile_bytes
    gemm_f32 gemm32
    gemm_f64 gemm64
    map1_f32 relu32
    map1_f64 relu64
    map2_f32 relu_grad32
    map2_f64 relu_grad64
    rows1_f32 softmax32
    rows1_f64 softmax64
    rows1_f32 log_softmax32
    rows1_f64 log_softmax64
    rows1_f32 column_sums32
    rows1_f64 column_sums64
    rows2_f32 softmax_grad32
    rows2_f64 softmax_grad64
    rows2_f32 log_softmax_grad32
    rows2_f64 log_softmax_grad64
    loss_f32 cross_entropy32
    loss_f64 cross_entropy64
    lossgrad_f32 cross_entropy_grad32
    lossgrad_f64 cross_entropy_grad64
    sgd_f32 sgd32
    sgd_f64 sgd64
