"""The operations: each a forward function on arrays, with its partial derivatives above it.

A calculus book in chapters, the easy ones first. PyTorch's way of calling them, where it differs, is in `autodiff.api`.

Element by element:

- `arithmetic`: sums, products, quotients. Begin here: it shows the shape of every operation.
- `no_slope`: a partial that is refused.
- `trigonometry`: sine and its relatives, said with x or with the result y.
- `exponential`: exponentials, logarithms, sigmoid, the error function.
- `error_function`: how erf is computed, of which NumPy knows nothing.
- `power`: powers and roots, and what happens at 0.
- `digamma_series`: how digamma is computed where SciPy is not installed.
- `special`: the gamma function, sinc and others, which SciPy computes where NumPy lacks them.
- `bessel`: Bessel's modified functions.
- `polynomials`: orthogonal ones, Chebyshev's and others.
- `normal`: the normal distribution, by the error function.
- `rounding`: floor, sign and the like: steps, whose slope is 0.
- `parts`: signs, the larger of two beside a nan, floats as they lie in memory.
- `comparison`: yes or no, and choosing by the answer: where, maximum, clamp.
- `bits`: and, or, xor, shifts: no slope at all.
- `activation`: relu and its relatives.
- `gates`: gelu and its relatives, which multiply x by a gate.

Shapes and places:

- `shape`: the same numbers in another shape; their gradient in the old one.
- `rearrange`: elements moved or repeated: roll, flip, repeat.
- `join`: cat and stack, split and unbind, each the other's gradient.
- `places`: reading at a place, and adding at that place in zeros.
- `padding`: a border of one value, or of numbers again.
- `resample`: images in another size: weighted sums, whose gradient is the transposed sum.
- `pixels`: channels into pixels and back.
- `fused`: multiply-adds that are rounded once.
- `grid`: coordinates brought back into an image.
- `gathered`: several numbers at one place: their sum, mean, product, extremes.
- `strided`: memory seen through other steps, and sliding windows.
- `written`: numbers written over rows, places, masks, views.
- `triangle`: diagonals and triangles of matrices.
- `fill`: values written over others.

Many numbers into fewer:

- `reduce`: sums, means, products.
- `cumulative`: running sums and products, and the way back through them.
- `extremes`: the largest, the middle, the order: who gets the gradient.
- `statistics`: variance, logsumexp, norms.
- `lapack`: NumPy's decompositions, and what is said where they don't come to an end.
- `equations`: solutions, inverses, determinants.
- `least_squares`: the rank that a QR factorization with exchanged columns tells.
- `ldl`: symmetric matrices that need not be positive, as L D L^T.
- `factors`: triangles and turns: Cholesky, QR, LU, eigenvectors, singular vectors.
- `singular`: how much a matrix stretches: the nuclear norm.
- `distance`: all pairs of rows by way of one matrix product.

What networks are made of:

- `matmul`: products of matrices, and the fully connected layer.
- `softmax`: scores into probabilities.
- `normalization`: mean 0 and variance 1: layer, batch and group norm.
- `embedding`: rows of a matrix by their numbers, alone and in bags.
- `draws`: counts that are drawn at random, whose gradient is zero.
- `cross_entropy`: how surprised a model is at the true class.
- `losses`: the other losses.
- `ctc`: one step of a sum over all paths.
- `attention`: each query takes a share of every value.
- `convolution`: three products by windows, each of which has the other two in its rules.
- `pooling`: the largest and the mean of windows.
- `adaptive_pooling`: windows that are cut for an output of a given size, and choices by places.
- `blocks`: every window of an image as a column, and back.
- `recurrent`: a state that goes through a sequence: the plain cell, GRU, LSTM.
- `sequences`: a recurrent layer in one operation.
"""
