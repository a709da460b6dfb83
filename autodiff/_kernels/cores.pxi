# The loops themselves, on bare pointers: compiled once per instruction set, called by the doors only.
# Nothing here checks anything; what a pointer must point to is the doors' promise.
#
# After reading it you know in which order the files of loops/ build on one another, and which loop has which number.

from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport INFINITY, NAN
from libc.stdlib cimport free, malloc

include "table.pxi"
include "loops/vectors.pxi"
include "loops/pack.pxi"
include "loops/tile.pxi"
include "loops/lines.pxi"
include "loops/matmul.pxi"
include "loops/exponential.pxi"
include "loops/sums.pxi"
include "loops/softmax.pxi"
include "loops/entropy.pxi"
include "loops/elements.pxi"
include "loops/curves.pxi"
include "loops/step.pxi"
include "loops/norms.pxi"
include "loops/channels.pxi"
include "loops/windows.pxi"
include "loops/gathered.pxi"
include "loops/positions.pxi"
include "loops/convolution.pxi"
include "loops/convolution_weight.pxi"
include "loops/transposed.pxi"
include "loops/depthwise.pxi"
include "loops/pooling.pxi"
include "loops/recurrent.pxi"
include "loops/attention.pxi"
include "loops/lstm.pxi"
include "loops/gru.pxi"
include "loops/elimination.pxi"

cdef Table table

table.f32[RELU] = relu[float]
table.f64[RELU] = relu[double]
table.f32[RELU_GRAD] = relu_grad[float]
table.f64[RELU_GRAD] = relu_grad[double]
table.f32[SOFTMAX] = softmax[float]
table.f64[SOFTMAX] = softmax[double]
table.f32[LOG_SOFTMAX] = log_softmax[float]
table.f64[LOG_SOFTMAX] = log_softmax[double]
table.f32[SOFTMAX_GRAD] = softmax_grad[float]
table.f64[SOFTMAX_GRAD] = softmax_grad[double]
table.f32[LOG_SOFTMAX_GRAD] = log_softmax_grad[float]
table.f64[LOG_SOFTMAX_GRAD] = log_softmax_grad[double]
table.f32[COLUMN_SUMS] = column_sums[float]
table.f64[COLUMN_SUMS] = column_sums[double]
table.f32[ROW_SUMS] = row_sums[float]
table.f64[ROW_SUMS] = row_sums[double]
table.f32[ROW_SPREAD] = row_spread[float]
table.f64[ROW_SPREAD] = row_spread[double]
table.f32[CROSS_ENTROPY] = cross_entropy[float]
table.f64[CROSS_ENTROPY] = cross_entropy[double]
table.f32[CROSS_ENTROPY_GRAD] = cross_entropy_grad[float]
table.f64[CROSS_ENTROPY_GRAD] = cross_entropy_grad[double]
table.f32[SGD] = sgd[float]
table.f64[SGD] = sgd[double]
table.f32[ADAM] = adam[float]
table.f64[ADAM] = adam[double]
table.f32[GELU] = gelu[float]
table.f64[GELU] = gelu[double]
table.f32[GELU_GRAD] = gelu_grad[float]
table.f64[GELU_GRAD] = gelu_grad[double]
table.f32[SIGMOID] = sigmoid[float]
table.f64[SIGMOID] = sigmoid[double]
table.f32[SIGMOID_GRAD] = sigmoid_grad[float]
table.f64[SIGMOID_GRAD] = sigmoid_grad[double]
table.f32[SILU] = silu[float]
table.f64[SILU] = silu[double]
table.f32[SILU_GRAD] = silu_grad[float]
table.f64[SILU_GRAD] = silu_grad[double]
table.f32[LAYER_NORM] = layer_norm[float]
table.f64[LAYER_NORM] = layer_norm[double]
table.f32[LAYER_NORM_GRAD] = layer_norm_grad[float]
table.f64[LAYER_NORM_GRAD] = layer_norm_grad[double]
table.f32[BATCH_NORM] = batch_norm[float]
table.f64[BATCH_NORM] = batch_norm[double]
table.f32[BATCH_NORM_GRAD] = batch_norm_grad[float]
table.f64[BATCH_NORM_GRAD] = batch_norm_grad[double]
table.f32[CHANNEL_SUMS] = channel_sums[float]
table.f64[CHANNEL_SUMS] = channel_sums[double]
table.f32[ADD_ROWS] = add_rows[float]
table.f64[ADD_ROWS] = add_rows[double]
table.f32[LSTM] = lstm[float]
table.f64[LSTM] = lstm[double]
table.f32[LSTM_GRAD] = lstm_grad[float]
table.f64[LSTM_GRAD] = lstm_grad[double]
table.f32[GRU] = gru[float]
table.f64[GRU] = gru[double]
table.f32[GRU_GRAD] = gru_grad[float]
table.f64[GRU_GRAD] = gru_grad[double]
table.f32[SHARES] = shares[float]
table.f64[SHARES] = shares[double]
table.f32[SHARES_GRAD] = shares_grad[float]
table.f64[SHARES_GRAD] = shares_grad[double]
table.f32[ELIMINATE] = eliminate[float]
table.f64[ELIMINATE] = eliminate[double]

table.f32[FINITE] = finite[float]
table.f64[FINITE] = finite[double]

table.windowed32[CONVOLUTION] = convolution[float]
table.windowed64[CONVOLUTION] = convolution[double]
table.windowed32[TRANSPOSED_CONVOLUTION] = transposed_convolution[float]
table.windowed64[TRANSPOSED_CONVOLUTION] = transposed_convolution[double]
table.windowed32[CONVOLUTION_WEIGHT] = convolution_weight[float]
table.windowed64[CONVOLUTION_WEIGHT] = convolution_weight[double]
table.windowed32[MAX_POOL] = max_pool[float]
table.windowed64[MAX_POOL] = max_pool[double]
table.windowed32[MAX_POOL_GRAD] = max_pool_grad[float]
table.windowed64[MAX_POOL_GRAD] = max_pool_grad[double]

table.tiled32[MATMUL] = matmul[float]
table.tiled64[MATMUL] = matmul[double]
table.vectors = VECTORS
table.tile_rows = MR
table.tile_bytes = TILE_BYTES

TABLE = PyCapsule_New(&table, "autodiff.kernels", NULL)
