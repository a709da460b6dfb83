# The loops themselves, on bare pointers: compiled once per instruction set, called by the doors only.
# Nothing here checks anything; what a pointer must point to is the doors' promise.
#
# The wide vectors come from the compiler: constant-size local arrays that it keeps in registers. Their
# sizes follow from the register file that the flags promise, and are the one thing that differs between
# the instruction sets.

from cpython.pycapsule cimport PyCapsule_New
from libc.stdlib cimport free, malloc

include "table.pxi"
include "gemm.pxi"
include "rows.pxi"
include "flat.pxi"

cdef Table table
table.tile_rows = MR
table.tile_bytes = TILE_BYTES
table.gemm32 = gemm[float]
table.gemm64 = gemm[double]
table.relu32 = relu[float]
table.relu64 = relu[double]
table.relu_grad32 = relu_grad[float]
table.relu_grad64 = relu_grad[double]
table.softmax32 = softmax[float]
table.softmax64 = softmax[double]
table.log_softmax32 = log_softmax[float]
table.log_softmax64 = log_softmax[double]
table.column_sums32 = column_sums[float]
table.column_sums64 = column_sums[double]
table.softmax_grad32 = softmax_grad[float]
table.softmax_grad64 = softmax_grad[double]
table.log_softmax_grad32 = log_softmax_grad[float]
table.log_softmax_grad64 = log_softmax_grad[double]
table.cross_entropy32 = cross_entropy[float]
table.cross_entropy64 = cross_entropy[double]
table.cross_entropy_grad32 = cross_entropy_grad[float]
table.cross_entropy_grad64 = cross_entropy_grad[double]
table.sgd32 = sgd[float]
table.sgd64 = sgd[double]

TABLE = PyCapsule_New(&table, "autodiff.kernels", NULL)
