"""Calls that do not fit: each is refused in words that say why, PyTorch refuses it too, and what just fits is taken.

After this module a reader knows where each function draws its line: the rows of TAKEN stand next to those of REFUSED.
"""

import importlib

import numpy as np
import pytest
from alike import outcome


def operands(library):
    """An x of 3 numbers, an m of 2 x 3, a cube of 2 x 3 x 4, whole numbers i and a mask."""
    return {
        "torch": library, "np": np, "F": library.nn.functional,
        "one": library.tensor(2.0), "x": library.tensor([1.0, 2.0, 3.0]), "m": library.arange(6.0).reshape(2, 3).clone(),
        "cube": library.arange(24.0).reshape(2, 3, 4).clone(), "i": library.tensor([0, 2]),
        "mask": library.tensor([True, False, True]), "double": library.tensor([1.0, 2.0, 3.0], dtype=library.float64),
    }  # fmt: skip


def evaluated(library, expression):
    """The expression's value, where the names are those of the operands."""
    return eval(expression, operands(library))


REFUSED = {
    # indices
    "x[3]": (IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
    "x[-4]": (IndexError, "index -4 is out of bounds for dimension 0 with size 3"),
    "m[0, 3]": (IndexError, "index 3 is out of bounds for dimension 1 with size 3"),
    "m[..., -4]": (IndexError, "index -4 is out of bounds for dimension 1 with size 3"),
    "x[[0, 3]]": (IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
    "x[[0, -4]]": (IndexError, "index -4 is out of bounds for dimension 0 with size 3"),
    "m[:, torch.tensor([0, 5])]": (IndexError, "index 5 is out of bounds for dimension 1 with size 3"),
    "x[x]": (IndexError, "must be long, int, byte or bool tensors, not float32"),
    "m[mask]": (IndexError, r"mask \[3\] at index 0 does not match the shape of the indexed tensor \[2, 3\] at index 0"),
    "m[:, mask[:2]]": (IndexError, r"mask \[2\] at index 0 does not match the shape of the indexed tensor \[2, 3\] at index 1"),
    "m[i // 2, torch.tensor([0, 1, 2])]": (IndexError, r"could not be broadcast together with shapes \[2\], \[3\]"),
    "cube[:, torch.ones(3, 5) > 0]": (IndexError, r"mask \[3, 5\] at index 1 does not match .* \[2, 3, 4\] at index 2"),
    "x.__setitem__(i, torch.ones(3))": (RuntimeError, r"value tensor of shape \[3\] cannot be broadcast to .* shape \[2\]"),
    "x.index_put((i,), torch.ones(3), True)": (RuntimeError, r"value tensor of shape \[3\] cannot be broadcast"),
    "one[0]": (IndexError, "0-dim|0-d"),
    "one[:]": (IndexError, "ind"),
    "one.select(0, 0)": (IndexError, "cannot be applied to a 0-dim tensor"),
    "m.select(1, 3)": (IndexError, r"index 3 out of range for tensor of size \[2, 3\] at dimension 1"),
    "m.select(1, -4)": (IndexError, r"index -4 out of range for tensor of size \[2, 3\] at dimension 1"),
    "x.narrow(0, 4, 0)": (IndexError, r"start out of range \(expected to be in range of \[-3, 3\], but got 4\)"),
    "x.narrow(0, -4, 1)": (IndexError, "start out of range .* but got -4"),
    "x.narrow(0, 1, 3)": (RuntimeError, r"start \(1\) \+ length \(3\) exceeds dimension size \(3\)"),
    "x.narrow(0, 1, -1)": (RuntimeError, "length"),
    "x.index_put(1, one)": (TypeError, "'indices' .* must be tuple of Tensors, not int"),
    "x.index_put((i,), double[:2])": (RuntimeError, "dtypes match, got torch.float32 for the destination and torch.float64"),
    "x.masked_fill(x, 1.0)": (RuntimeError, "only supports boolean masks, but got mask with dtype torch.float32"),
    "x.masked_fill(mask, x)": (RuntimeError, r"0-dimensional value tensor, but got tensor with 1 dimension\(s\)"),
    "torch.where(x, x, x)": (RuntimeError, "condition to be a boolean tensor, but got a tensor with dtype torch.float32"),
    "torch.where(i, i, i)": (RuntimeError, "condition to be a boolean tensor, but got a tensor with dtype torch.int64"),
    # places along a dimension
    "x.index_select(0, torch.tensor([[0]]))": (IndexError, "Index is supposed to be a vector"),
    "m.gather(1, i)": (RuntimeError, "same number of dimensions as input tensor"),
    "m.gather(1, torch.zeros(3, 1).long())": (RuntimeError, r"at dimension 0 expected index \[3, 1\]"),
    "m.gather(0, torch.zeros(1, 4).long())": (RuntimeError, r"at dimension 1 expected index \[1, 4\]"),
    "x.scatter(0, i, double)": (RuntimeError, "self.dtype to be equal to src.dtype, got torch.float32 and torch.float64"),
    "x.scatter(0, i, torch.ones(1))": (RuntimeError, r"index \[2\] to be no larger than src \[1\] in any dimension"),
    "x.scatter(0, i, torch.ones(2, 2))": (RuntimeError, r"index \[2\] to be no larger than src \[2, 2\] in any dimension"),
    "x.scatter(0, i, x, reduce='mean')": (RuntimeError, "must be either add or multiply, not 'mean'"),
    # joining
    "torch.cat([one, one])": (RuntimeError, "zero-dimensional tensor .* cannot be concatenated"),
    "torch.cat([x, m])": (RuntimeError, "same number of dimensions: got 1 and 2"),
    "torch.cat([m, m[:, :2]])": (RuntimeError, "except in dimension 0. Expected size 3 but got size 2 for tensor number 1"),
    "torch.cat([m, m[:1]], 1)": (RuntimeError, "except in dimension 1. Expected size 2 but got size 1 for tensor number 1"),
    "torch.stack([x, x, m])": (RuntimeError, r"got \[3\] at entry 0 and \[2, 3\] at entry 2"),
    "one.split(1)": (RuntimeError, "at least a 1-dimensional tensor"),
    "torch.meshgrid(x, x, indexing='ji')": (RuntimeError, 'one of "xy" or "ij", but received: ji'),
    "torch.meshgrid(x, m, indexing='ij')": (RuntimeError, r"Expected 0D or 1D tensor .* but got: \[2, 3\]"),
    # products
    "m.mm(m)": (RuntimeError, "cannot be multiplied"),
    "m @ m": (RuntimeError, "cannot be multiplied"),
    "cube @ m": (RuntimeError, "cannot be multiplied"),
    "cube.bmm(cube)": (RuntimeError, r"batch2 tensor to be: \[2, 4\] but got: \[2, 3\]"),
    "cube.bmm(torch.ones(1, 4, 3))": (RuntimeError, r"batch2 tensor to be: \[2, 4\] but got: \[1, 4\]"),
    "x.mv(x)": (RuntimeError, "got a matrix of rank 1 and a vector of rank 1"),
    "m.mv(m)": (RuntimeError, "got a matrix of rank 2 and a vector of rank 2"),
    "m.mv(i.float())": (RuntimeError, "size mismatch"),
    "x.dot(m)": (RuntimeError, "1D tensors expected, but got 1D and 2D tensors"),
    "x.dot(x[:2])": (RuntimeError, r"tensor \[3\] and src \[2\] .* but got 3 and 2 elements"),
    "x[:2].dot(x)": (RuntimeError, r"tensor \[2\] and src \[3\] .* but got 2 and 3 elements"),
    "one @ x": (RuntimeError, "at least 1D, but they are 0D and 1D"),
    "x @ one": (RuntimeError, "at least 1D, but they are 1D and 0D"),
    "x @ m": (RuntimeError, "size mismatch"),
    "m @ double": (RuntimeError, "same dtype, but got: torch.float32 != torch.float64"),
    "double @ m.t()": (RuntimeError, "same dtype, but got: torch.float64 != torch.float32"),
    "double @ x": (RuntimeError, "same dtype"),
    "cube @ torch.ones(4, dtype=torch.float64)": (RuntimeError, "same dtype"),
    "torch.ones(2, 3, 4) @ torch.ones(3, 4, 2)": (RuntimeError, "batch"),
    "torch.addmm(double, m, m.t())": (RuntimeError, "same dtype"),
    "torch.addmm(x, m, m.t())": (RuntimeError, r"expanded size of the tensor \[2, 2\] must match the existing size \[3\]"),
    "torch.addmm(torch.ones(1, 2, 2), m, m.t())": (RuntimeError, "expanded size of the tensor"),
    # shapes
    "m.reshape(-1, -1)": (RuntimeError, "only one dimension can be inferred"),
    "m.reshape(-2, 3)": (RuntimeError, "invalid shape dimension -2"),
    "m.reshape(-2, -3)": (RuntimeError, "invalid shape dimension -3"),
    "m.reshape(4, -1)": (RuntimeError, r"shape '\[4, -1\]' is invalid for input of size 6"),
    "m.reshape(4)": (RuntimeError, r"shape '\[4\]' is invalid for input of size 6"),
    "cube.flatten(2, 1)": (RuntimeError, "start_dim cannot come after end_dim"),
    "m.permute(0, 0)": (RuntimeError, "duplicate dims"),
    "cube.t()": (RuntimeError, "<= 2 dimensions, but self is 3D"),
    "x.mT": (RuntimeError, "matrices or batches of matrices. Got 1-D"),
    "cube.movedim((0, 1), (2,))": (RuntimeError, "must be of one length"),
    "cube.movedim((0, 0), (1, 2))": (RuntimeError, "none repeated"),
    "x.expand(2, 4)": (RuntimeError, r"expanded size of the tensor \(4\) must match the existing size \(3\)"),
    "x.expand(2)": (RuntimeError, r"expanded size of the tensor \(2\) must match"),
    "m.roll((1, 1), (0,))": (RuntimeError, "shifts: 2, dims:1"),
    "m.sum((1, 1))": (RuntimeError, "dim 1 appears multiple times"),
    "m.sum((1, -1))": (RuntimeError, "dim 1 appears multiple times"),
    # dtypes, options, numbers
    "-mask": (RuntimeError, "on a bool tensor is not supported"),
    "torch.div(x, x, rounding_mode='up')": (RuntimeError, "None, 'trunc', or 'floor' but found 'up'"),
    "x.lerp(double, 0.5)": (RuntimeError, "expected dtype torch.float32 for `end` but got dtype torch.float64"),
    "x.lerp(x, double)": (RuntimeError, "expected dtype torch.float32 for `weight` but got dtype torch.float64"),
    "torch.isclose(x, double)": (RuntimeError, "torch.float32 did not match torch.float64"),
    "i.mean()": (RuntimeError, "could not infer output dtype"),
    "i.std()": (RuntimeError, "only floating point"),
    "i.norm()": (RuntimeError, "floating point"),
    "i.bincount(minlength=-1)": ((ValueError, RuntimeError), "minlength should be >= 0"),
    "i.bincount(x)": (RuntimeError, "same length as input"),
    "torch.arange(0, 3, 0)": (RuntimeError, "step must be nonzero"),
    "F.cross_entropy(one, i)": ((ValueError, RuntimeError), "1 or more dimensions"),
    "torch.tensor([x])": (ValueError, r"one in the list has shape \[3\]"),
    "torch.tensor([float('nan')], dtype=torch.int32)": ((RuntimeError, ValueError), "cannot be converted to type torch.int32"),
    "torch.from_numpy(np.array(['a']))": (TypeError, "can't convert"),
    "torch.from_numpy(np.ones(3)[::-1])": (ValueError, "At least one stride"),
    "torch.eye(-1)": (RuntimeError, "greater or equal to 0, got -1"),
    "torch.eye(2, -3)": (RuntimeError, "greater or equal to 0, got -3"),
    "torch.tensor(object())": ((TypeError, RuntimeError), "Could not infer dtype of object"),
    "torch.tensor([None])": ((TypeError, RuntimeError), "NoneType"),
    "torch.outer(x, m)": (RuntimeError, "Expected 1-D arguments, got 1-D and 2-D|outer"),
    "torch.outer(m, x)": (RuntimeError, "Expected 1-D arguments, got 2-D and 1-D|outer"),
    "x.copy_(m)": (RuntimeError, r"\[2, 3\]"),
    "x.random_(to=5, till=6)": (TypeError, r"unexpected keyword argument '?till"),
    "x.normal_(0, 'a')": (TypeError, r"normal_\(\).*std"),
    "x.lerp(x, 'a')": (TypeError, r"lerp\(\).*weight"),
    "torch.full_like(x, 'a')": (TypeError, r"full_like\(\).*fill_value"),
    "torch.add(x, x, alpha='a')": (TypeError, "alpha"),
    "torch.add(i, i, alpha=0.5)": (RuntimeError, "must not be a floating point number"),
    "torch.add(x, x, alpha=True)": (RuntimeError, "Boolean alpha"),
    "torch.FloatTensor(1.5)": (TypeError, "data must be a sequence"),
    "torch.FloatTensor(np.float32(1))": (TypeError, "data must be a sequence"),
    "torch.FloatTensor('12')": (TypeError, "data must be a sequence"),
    "torch.FloatTensor(double)": (TypeError, "expected a tensor of dtype torch.float32, got torch.float64"),
    "torch.randint_like(x, 'a', 5)": (TypeError, r"randint_like\(\).*low"),
    "x.addcdiv(x, x, value='a')": (TypeError, r"addcdiv\(\).*value"),
    "x.fliplr()": (RuntimeError, "2"),
    "one.flipud()": (RuntimeError, "1"),
    "torch.where(mask, x)": (TypeError, "where"),
    "torch.where(mask, other=x)": (TypeError, "where"),
    "torch.nan_to_num(x, 0.0, nan=1.0)": (TypeError, r"nan_to_num\(\).*'nan'"),
    "torch.addmm(one, m, m)": (RuntimeError, "addmm|cannot be multiplied"),
    "torch.addmm(one, x, m)": (RuntimeError, "addmm expects two matrices, got 1-D and 2-D|must be a matrix"),
    "torch.addmm(one, cube, m)": (RuntimeError, "addmm expects two matrices, got 3-D and 2-D|must be a matrix"),
    "x.log_normal_(0, 'a')": (TypeError, r"log_normal_\(\).*std"),
    "F.cross_entropy(m, i, label_smoothing=1.5)": (RuntimeError, "between 0.0 and 1.0. Got: 1.5"),
    "torch.zeros(0).max()": (RuntimeError, r"max\(\): Expected reduction dim to be specified"),
    "torch.zeros(2, 0).amax(1)": (IndexError, "amax"),
    "bool(torch.zeros(0))": (RuntimeError, "Boolean value of Tensor with no values is ambiguous"),
    "bool(x)": (RuntimeError, "Boolean value of Tensor with more than one value is ambiguous"),
    "torch.cdist(m, x[:2].reshape(1, 2))": (RuntimeError, "same number of columns|same .* columns"),
    "F.leaky_relu(x, '1')": (TypeError, r"leaky_relu\(\): argument 'negative_slope' .*must be"),
    "torch.tensor(np.array(['a']))": (TypeError, "can't convert np.ndarray of type"),
    "torch.zeros(2, size=(2,))": (TypeError, "a size was given twice"),
}


@pytest.mark.parametrize("expression", REFUSED)
def test_a_call_that_does_not_fit_is_refused_in_clear_words(expression):
    error, words = REFUSED[expression]
    with pytest.raises(error, match=words):
        evaluated(importlib.import_module("autodiff"), expression)


@pytest.mark.parametrize("expression", REFUSED)
def test_pytorch_refuses_it_too(torch, expression):
    with pytest.raises(Exception):  # noqa: B017  (its class is compared elsewhere; here only that it is no result)
        evaluated(torch, expression)


TAKEN = [
    "x[2]", "x[-3]", "m[0, 2]", "m[..., -3]", "x[[0, 2]]", "x[[0, -3]]", "m[:, mask]", "m[mask[:2]]", "m[i // 2, i]",
    "m.select(1, 2)", "m.select(1, -3)", "x.narrow(0, 3, 0)", "x.narrow(0, -3, 1)", "x.narrow(0, 1, 2)", "x.narrow(0, 1, 0)",
    "x.index_put([i], one)", "x.index_put((i,), one, True)", "x.masked_fill(mask, one)", "x.take(torch.tensor(2))",
    "x.take(torch.tensor(-3))", "m.gather(1, torch.ones(1, 4).long())", "m.gather(0, torch.ones(4, 1).long())",
    "x.scatter(0, i, x)", "x.scatter(0, i, x, reduce='add')", "x.scatter(0, i, x + 1, reduce='multiply')",
    "x.flip(0)", "m.fliplr()", "m.flipud()", "m.roll(1, 0)", "torch.eye(0)", "torch.eye(2, 0)", "torch.eye(0, 2)",
    "torch.hstack([x, x])", "torch.hstack([m, m])", "torch.hstack([one, one])", "torch.vstack([x, x])",
    "m.nansum(1, dtype=torch.float64)", "m.nanmean(1, dtype=torch.float64)", "m.nanmean(0, True)", "i.nansum()",
    "torch.tensor([float('nan'), 1.0], dtype=torch.float64)", "torch.tensor([float('inf')]).half()",
    "x.flatten()", "m.roll(1)", "m.roll(-2)", "one.transpose(0, -1)",
    "torch.add(x, 2, alpha=3)", "torch.sub(x, 2, alpha=3)", "torch.add(x, m, alpha=-2)", "torch.rsub(x, 2, alpha=3)",
    "torch.add(mask, mask, alpha=True)", "torch.add(mask, mask, alpha=False)", "torch.add(mask, True, alpha=False)",
    "torch.FloatTensor(2, 3).shape", "torch.FloatTensor(2).shape", "torch.FloatTensor(torch.Size([2])).shape",
    "torch.Tensor(2, 3).shape", "torch.Tensor([1, 2]).add_(1)", "torch.Tensor().shape", "torch.Tensor(torch.Size([2])).shape",
    "torch.FloatTensor().shape", "torch.FloatTensor([1, 2])", "torch.FloatTensor(x)", "torch.LongTensor((1, 2))",
    "x.flipud()", "one.index_select(0, torch.tensor([0]))", "torch.ones(2, 2, 0) @ torch.ones(0, 3)", "one.gather(0, i[0])",
    "i.logsumexp(0)", "x.logsumexp(0)", "torch.ones(2, 0) @ torch.ones(0)", "torch.ones(2, 1, 0).matmul(torch.ones(2, 0, 3))",
    "m.amin(1, True)", "m.amax(1, True)", "m.amin((0, 1), True)", "m.min(1, True)", "m.max(0, True)", "m.amin(0)", "m.amax()",
    "m.var(0, correction=0)", "m.std(1, correction=2)", "m.var((0, 1), keepdim=True)", "m.var(1, unbiased=False)",
    "torch.zeros(2, 0).amax(0)", "torch.zeros(2, 0).max(0)", "F.cross_entropy(m, i, label_smoothing=1.0)",
    "torch.cat([m, m[:1]])", "torch.cat([m, m[:, :1]], 1)", "torch.cat([i, x])", "torch.cat([x, double])",
    "torch.dstack([m, m])", "torch.dstack([cube, cube])", "torch.dstack([x, x])", "torch.dstack([one, one])",
    "torch.meshgrid([x, x[:2]], indexing='ij')", "torch.meshgrid((x, x[:2], one), indexing='xy')",
    "torch.meshgrid([x], indexing='xy')",
    "torch.inner(one, x)", "torch.inner(m, one)", "torch.inner(x, x)", "torch.inner(m, m[:1])", "torch.outer(x, x[:2])",
    "x @ torch.ones(2, 3, 2)", "cube @ torch.ones(4)", "cube @ torch.ones(4, 2)", "torch.ones(0, 3) @ x",
    "torch.addmm(x[:2], m, m.t())", "torch.addmm(one, m, m.t())", "torch.addmm(one, m, m.t(), beta=2, alpha=3)",
    "m.reshape(-1)", "m.reshape(3, -1)", "m.reshape(6, 1)", "cube.flatten(1, 1)", "m.view_as(m.reshape(3, 2))",
    "one.t()", "x.t()",
    "cube.mT", "x.expand(2, 3)", "x.expand(2, -1)", "m.roll((1, 1), (0, 1))", "cube.movedim((0, 1), (2, 0))",
    "m.sum(0, dtype=torch.float64)", "m.mean(1, dtype=torch.float64)", "i.mean(dtype=torch.float32)", "one.sum((), True)",
    "m.prod(1, dtype=torch.float64)", "m.std(False)", "m.var(True)", "m.var(unbiased=False)", "i.round()",
    "i.trunc()", "i.floor()",
    "torch.add(x, x, alpha=one)", "i.clamp(0.5)", "i.clamp(max=1.5)",
    "one.max(0)", "one.min(0)", "one.topk(1)", "one.median(0)", "one.sort()",
    "i.bincount(minlength=5)", "i.bincount(x[:2])", "i.bincount(double[:2])",
    "x.new_tensor([1, 2])", "x.new_ones(2)", "x.new_ones((2, 1))", "i.new_full((2,), 3)", "tuple(x.new_empty(2, 3).shape)",
    "i.new_zeros(2)", "torch.ones(2, 3, device='cpu')", "torch.tensor([x[0], 2.0])", "torch.tensor([[], []])",
    "torch.tensor([one])",
    "torch.tensor(np.float32(1.5))", "torch.as_tensor([np.int64(1)])", "torch.tensor([1, 2.5])", "torch.tensor([True, 2])",
    "F.binary_cross_entropy(torch.tensor([0.0, 1.0, 0.0, 1.0]), torch.tensor([1.0, 0.0, 0.5, 0.25]), reduction='none')",
    "F.binary_cross_entropy_with_logits(x, double / 3)",
    "torch.linspace(0.1, 0.7, 67)", "torch.linspace(-0.3, 5.9, 200)", "torch.arange(0.1, 9.0, 0.05)",
    "torch.linspace(0.1, 0.7, 67, dtype=torch.float64)",
    "torch.take_along_dim(cube, torch.ones(1, 1, 4).long(), 1)", "torch.take_along_dim(m, torch.zeros(2, 2).long(), 1)",
    "torch.take_along_dim(cube, torch.tensor([5, 3]))", "type(torch.tensor(True).__index__())", "[7, 8, 9][torch.tensor([1])]",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:__array:DeprecationWarning", "ignore::UserWarning")  # PyTorch's own, some of them once only
@pytest.mark.parametrize("expression", TAKEN)
def test_what_just_fits_is_taken(torch, expression):
    ours = outcome(importlib.import_module("autodiff"), lambda library: evaluated(library, expression))
    assert not isinstance(ours, type), ours
    assert ours == outcome(torch, lambda library: evaluated(library, expression))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("expression", TAKEN)
def test_writing_into_a_result_changes_the_operands_that_it_changes_in_pytorch(torch, expression):
    def after(library):
        names = operands(library)
        result = eval(expression, names)
        for part in result if isinstance(result, tuple) else (result,):
            if isinstance(part, library.Tensor):
                part.fill_(7)
        return [names[name] for name in ("one", "x", "m", "cube", "i", "mask", "double")]

    assert outcome(importlib.import_module("autodiff"), after) == outcome(torch, after)


@pytest.mark.parametrize("expression", ["x[:1].std()", "x.var(correction=3)", "x.var(correction=5)", "m.std(0, correction=2)"])
@pytest.mark.parametrize("library", ["autodiff", "torch"])
def test_a_variance_of_too_few_numbers_warns(library, expression):
    with pytest.warns(UserWarning, match="degrees of freedom is <= 0"):
        result = evaluated(pytest.importorskip(library), expression)
    assert not any(abs(number) < float("inf") for number in np.ravel(result.tolist()))
