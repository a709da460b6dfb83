"""PyTorch's way of calling the operations, where it differs from the mathematics: signatures, checks, words, examples.

A module here stands before the one of its name in `autodiff.ops`, or makes functions out of several operations.

How a call is read:

- `_calls`: PyTorch's names and NumPy's, dimensions, sizes, numbers: every spelling that is not the mathematics.
- `_targets`: what is wrong with class numbers, and what to write.
- `_ends`: the two ends of a range, of which the first may be left out.
- `_windows`: one number for all dimensions or one for each; how many windows there are.
- `_keywords`: a keyword that a constructor does not have, and the one that was meant.
- `lists`: the dtype that a list's numbers have in common.
- `reading`: which dtype and shape data have that are given to `tensor`.
- `deprecated`: calls that PyTorch takes with a warning.
- `removed`: what PyTorch removed, and where it went.
- `aliases`: second names, such as multiply for mul.
- `out`: what `out=` means.
- `with_out`: the functions that take it.
- `with_out_places`: those that choose, order and join elements.
- `with_out_mathematics`: the same, of the functions beyond a first course.
- `in_place_functions`: in-place operations as functions of torch, such as exp_.

Making tensors:

- `creation`: tensor, as_tensor, from_numpy: of data.
- `filled`: zeros, full, eye: of a size.
- `new`: x.new_zeros and the rest: in the dtype of another.
- `likes`: zeros_like, rand_like and the rest: tensors like another.
- `sparse`: the names of sparse tensors, of which there are none.
- `windows`: hann_window and the like.
- `ranges`: arange, linspace, logspace.
- `sampling`: random tensors.
- `typed`: FloatTensor, LongTensor and the other old constructors.

Element by element:

- `arithmetic`: alpha, rounding_mode, powers by number or tensor.
- `comparison`: where, clamp, all, any, isclose.
- `answers`: eq_, logical_not_ and other questions in place.
- `activation`: the functions between the layers, with their options and `inplace`.
- `activation_forms`: those that `torch` itself has, in place by an underscore; rrelu.
- `dropout`: dropout of elements and of channels, and the one for selu.
- `special`: the multivariate gamma function, polygamma, Bessel's functions that have a derivative.
- `bessel`: Bessel's and Airy's functions that have none.
- `polynomials`: Chebyshev's, Hermite's and others.
- `parts`: frexp.
- `complex_numbers`: real, conj and the like, of real numbers.
- `draws`: Poisson and binomial numbers, and the fillings by Cauchy and geometric ones.

Shapes and places:

- `shape`: reshape, view, permute, squeeze and the like.
- `reshaped`: squeeze_, transpose_ and others: another shape in place.
- `rearrange`: expand, repeat, tile, meshgrid.
- `turn`: roll, flip, rot90.
- `join`: cat, stack, all pairs and combinations.
- `split`: split, chunk, unbind, tensor_split.
- `index`: x[...], read.
- `assign`: x[...] = value, and what the dtype of the value may be.
- `places`: gather, scatter, index_select, take.
- `gathered`: scatter_reduce, index_reduce.
- `written`: index_copy, index_fill, put, masked_scatter, the scatters over views.
- `positions`: nonzero, argwhere, unravel_index.
- `triangle`: tril, triu, diag, trace.
- `padding`: pad, in its four modes.
- `pixels`: pixel_shuffle, pixel_unshuffle, channel_shuffle.
- `interpolate`: images in another size.
- `grid`: grid_sample, affine_grid.
- `strided`: as_strided, unfold, empty_strided.

Many numbers into fewer, and in order:

- `reduce`: sum, mean, prod and the running ones.
- `running`: cummax, cummin, logcumsumexp.
- `extremes`: max, min, argmax and the like.
- `order`: sort, argsort, topk.
- `ranked`: median, kthvalue, mode.
- `searching`: unique, bincount, isin, searchsorted.
- `statistics`: var, std, logsumexp, norm.
- `quantiles`: quantile, nanquantile, nanmedian.
- `histograms`: histc, histogram, histogramdd.
- `correlation`: cov and corrcoef.
- `integrals`: trapezoid and gradient, of samples.
- `distance`: diff, cdist, pdist, cosine_similarity.

Matrices:

- `matmul`: products of every rank, and linear.
- `products`: tensordot, kron, cross, block_diag and other products.
- `sums_with_products`: addmv, addr, addbmm.
- `einsum`: sums of products by the names of dimensions.
- `_matrices`: what is asked of a matrix.
- `equations`: solve, inv, det, pinv.
- `least_squares`: lstsq, for more equations than unknowns or fewer.
- `factors`: Cholesky, QR, LU.
- `ldl`: L D L^T.
- `lobpcg`: the largest eigenvalues of a symmetric matrix, also against another.
- `spectra`: eigenvalues and singular values.
- `low_rank`: svd_lowrank and pca_lowrank, by random directions.
- `matrix_norms`: norms of vectors and matrices, cond.
- `matrix_functions`: matrix_power, matrix_exp, multi_dot, vander.
- `old_linear_algebra`: svd, qr, cholesky under their older names.

What networks are made of:

- `bilinear`: a linear layer on all products of pairs.
- `convolution`: conv1d to conv_transpose3d.
- `pooling`: max_pool, avg_pool.
- `adaptive_pooling`: adaptive_avg_pool, adaptive_max_pool.
- `fractional_pooling`: fractional_max_pool.
- `unpooling`: max_unpool.
- `blocks`: unfold and fold.
- `normalization`: the norms by mean and variance, and running statistics.
- `embedding`: embedding and embedding_bag.
- `recurrent`: rnn, gru and lstm, of layers and directions.
- `causal_bias`: masks that let each query see the keys up to its own place.
- `cells`: single steps of them.
- `attention`: scaled_dot_product_attention.

How wrong they are:

- `losses`: the losses with their reductions.
- `cross_entropy`: cross_entropy and nll_loss, in their four cases.
- `likelihood`: Gauss's and Poisson's losses, linear_cross_entropy.
- `margin_losses`: losses that ask for a margin.
- `embedding_losses`: losses on distances between vectors.
- `ctc`: connectionist temporal classification.

A tensor asked, changed, converted, copied:

- `questions`: small questions about a tensor, such as is_nonzero.
- `agreement`: broadcast_shapes, result_type, can_cast.
- `numbers`: item, tolist, float(x).
- `dtypes`: to, float, long, type_as.
- `copies`: copy, deepcopy, pickle.
- `fill`: fill_, copy_, zero_, and random numbers in place.
- `by_element`: apply_, map_, fill_diagonal_.
- `resized`: resize_, set_: other memory for a tensor.
- `reinterpret`: view(dtype).
- `shared`: memory that several processes see.
- `storage`: the memory behind a tensor, as bytes.
- `typed_storage`: storages as elements, FloatStorage, LongStorage.
- `dlpack`: from_dlpack, to_dlpack.
- `numpy_protocols`: a tensor among NumPy's arrays.
- `numpy_functions`: NumPy's functions of tensors.
- `settings`: the default device, determinism: switches that change nothing here.
"""
