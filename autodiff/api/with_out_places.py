"""The functions that choose, order and join elements, and also write into a tensor that is given: gather(x, 1, index, out=r).

After this module a reader can find each of them in one list, by what it asks of `out`: most of them read from other memory than
they write to, since an element goes from place to place.
"""

from __future__ import annotations

from autodiff.api import gathered, index, join, order, places, positions, ranked, searching, triangle, written
from autodiff.api.out import ADDED, JOINED, OWN_DTYPE, PICKED, SAME, takes_out

# A part of the public list, like that of with_out.
__all__ = [
    "argsort", "bucketize", "cat", "column_stack", "diag", "dstack", "gather", "hstack", "index_add", "index_copy",
    "index_reduce", "index_select", "isin", "kthvalue", "masked_select", "median", "mode", "msort", "narrow_copy", "nonzero",
    "nonzero_static", "scatter", "scatter_add", "scatter_reduce", "searchsorted", "slice_scatter", "sort", "stack", "take",
    "take_along_dim", "topk", "tril", "triu", "vstack",
]

# ---- in order: an operand may be written into ----

argsort = takes_out(order.argsort, SAME)
isin = takes_out(searching.isin, SAME)
kthvalue = takes_out(ranked.kthvalue, PICKED)
median = takes_out(ranked.median, SAME)
mode = takes_out(ranked.mode, SAME)
bucketize = takes_out(searching.bucketize, SAME)
searchsorted = takes_out(searching.searchsorted, SAME)
msort = takes_out(order.msort, OWN_DTYPE)
sort = takes_out(order.sort, SAME)
topk = takes_out(order.topk, SAME)

diag = takes_out(triangle.diag, SAME)
tril = takes_out(triangle.tril, SAME)
triu = takes_out(triangle.triu, SAME)

# ---- from place to place: into other memory than what is read ----

cat = takes_out(join.cat, JOINED)
column_stack = takes_out(join.column_stack, JOINED)
dstack = takes_out(join.dstack, JOINED)
hstack = takes_out(join.hstack, JOINED)
stack = takes_out(join.stack, JOINED)
vstack = takes_out(join.vstack, JOINED)

gather = takes_out(places.gather, PICKED)
index_select = takes_out(places.index_select, PICKED)
masked_select = takes_out(index.masked_select, PICKED)
narrow_copy = takes_out(index.narrow_copy, SAME)
nonzero = takes_out(positions.nonzero, PICKED)
nonzero_static = takes_out(positions.nonzero_static, PICKED)
take = takes_out(places.take, PICKED)
take_along_dim = takes_out(places.take_along_dim, PICKED)

index_add = takes_out(places.index_add, ADDED)
scatter = takes_out(places.scatter, ADDED)
scatter_add = takes_out(places.scatter_add, ADDED)

index_reduce = takes_out(gathered.index_reduce, ADDED)
scatter_reduce = takes_out(gathered.scatter_reduce, ADDED)

index_copy = takes_out(written.index_copy, ADDED)
slice_scatter = takes_out(written.slice_scatter, SAME)
