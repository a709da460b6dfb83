"""Corners that programs seldom enter: the same result on autodiff and PyTorch, or the same class of error."""

import collections
import importlib

import numpy as np
import pytest
from alike import outcome

Pair = collections.namedtuple("Pair", "a b")


def leaf(torch, values=(1.0, 2.0)):
    return torch.tensor(list(values), requires_grad=True)


def thrown_into(torch):
    seen = []

    @torch.no_grad()
    def numbers():
        try:
            yield torch.is_grad_enabled()
        except KeyError:
            seen.append(torch.is_grad_enabled())
            yield "caught"
        finally:
            seen.append(torch.is_grad_enabled())

    g = numbers()
    return next(g), g.throw(KeyError()), g.close(), seen, torch.is_grad_enabled()


def sent_into(torch):
    @torch.no_grad()
    def echo():
        got = yield torch.is_grad_enabled()
        while got is not None:
            got = yield (got, torch.is_grad_enabled())
        return "done"

    g = echo()
    results = [next(g), g.send(3), torch.is_grad_enabled()]
    try:
        g.send(None)
    except StopIteration as stop:
        results.append(stop.value)
    return results


def deep_error(torch):
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            raise KeyError("from backward")

    x = leaf(torch)
    y = Fails.apply(x)
    for _ in range(3000):
        y = y + 1
    y.sum().backward()


def nested_walks(torch):
    """A backward inside a backward, one in the other: the walk goes on in a fresh thread where it is too deep."""

    class Nested(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, depth):
            ctx.depth = depth
            return x * 1

        @staticmethod
        def backward(ctx, g):
            if ctx.depth:
                with torch.enable_grad():
                    z = leaf(torch)
                    Nested.apply(z, ctx.depth - 1).sum().backward()
                    return g * z.grad, None
            return g * 2, None

    x = leaf(torch)
    Nested.apply(x, 60).sum().backward()
    return x.grad


def accumulate_nodes(torch):
    x = leaf(torch)
    a, b = ((x * k).grad_fn.next_functions[0][0] for k in (2, 3))
    return a == b, hash(a) == hash(b), a.variable is x, a.name().removeprefix("torch::autograd::"), len(a.next_functions)


def metadata(torch):
    y = leaf(torch) * 2
    y.grad_fn.metadata["note"] = 1
    return y.grad_fn.metadata


def sizes(torch):
    size = torch.zeros(2, 3).size()
    return [size + (4,), type(size + (4,)) is torch.Size, size * 2, type(size[1:]) is torch.Size, size.numel(), size == (2, 3)]


def model(torch):
    torch.manual_seed(0)
    return torch.nn.Linear(2, 2)


def conversions(torch):
    m = model(torch)
    kinds = [str(p.dtype) for f in (m.half, m.float, m.double) for p in f().parameters()]
    return kinds, str(m.type(torch.float32).weight.dtype)


def zeroed(torch):
    m = model(torch)
    m(torch.ones(1, 2)).sum().backward()
    m.zero_grad(set_to_none=False)
    kept = [p.grad for p in m.parameters()]
    m.zero_grad()
    return kept, [p.grad for p in m.parameters()]


def stepped(torch, change=lambda optimizer, seen: None, parameters=lambda m: m.parameters(), **options):
    m = model(torch)
    seen = []
    optimizer = torch.optim.SGD(parameters(m), lr=0.1, momentum=0.9, **options)
    change(optimizer, seen)
    for _ in range(2):
        optimizer.zero_grad()
        m(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    return m.weight, seen, optimizer.state_dict()


def hooks_of_the_optimizer(torch):
    def change(optimizer, seen):
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(("pre", args, kwargs)))
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(("post", args, kwargs)))
        optimizer.register_state_dict_pre_hook(lambda o: seen.append("state_dict pre"))
        optimizer.register_state_dict_post_hook(lambda o, state: {**state, "more": 1})
        optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append("load pre"))
        optimizer.register_load_state_dict_post_hook(lambda o: seen.append("load post"))
        optimizer.load_state_dict(optimizer.state_dict())

    return stepped(torch, change)


def changed_arguments(torch):
    def change(optimizer, seen):
        optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: seen.append("closure")), {}))

    return stepped(torch, change)


def listed_state(torch):
    m = model(torch)
    optimizer = torch.optim.SGD(m.parameters(), lr=0.1)
    optimizer.state[m.weight] = {"many": [torch.ones(1), 2], "none": None}
    other = torch.optim.SGD(m.double().parameters(), lr=0.5)
    other.load_state_dict(optimizer.state_dict())
    return other.state_dict()


class Squares:
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, k):
        if not 0 <= k < self.n:
            raise IndexError
        return k * k


def streams(torch):
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(range(5))

    load = torch.utils.data.DataLoader
    both = torch.utils.data.ChainDataset([Stream(), Stream()])
    alone = load(Stream(), batch_size=None)
    return [list(load(both, batch_size=4)), list(load(Stream(), batch_size=2, drop_last=True)), list(alone)]


def joined(torch):
    data = torch.utils.data
    both = data.ConcatDataset([Squares(2), Squares(3)])
    side = data.StackDataset(Squares(3), Squares(3))
    named = data.StackDataset(a=Squares(2), b=Squares(2))
    return [len(both), [both[k] for k in (0, 1, 2, 4, -1, -5)], side[2], len(side), named[1]]


def collated(torch):
    collate, convert = torch.utils.data.default_collate, torch.utils.data.default_convert
    return [
        collate([Pair(1, 2.0), Pair(3, 4.0)]),
        collate([{"x": [1, 2]}, {"x": [3, 4]}]),
        collate(["a", "b"]),
        collate([np.float32(1), np.float32(2)]),
        collate([np.ones(2), np.zeros(2)]),
        convert([np.ones(2), 3, {"k": np.int64(4)}, Pair(np.zeros(1), "s")]),
    ]


def batched(torch):
    x = leaf(torch)
    return torch.autograd.grad([x**2, x * 3], [x], [torch.eye(2), torch.ones(2, 2)], is_grads_batched=True)


def loaded(torch):
    data = torch.utils.data
    batches = data.BatchSampler(data.SequentialSampler(Squares(5)), 2, False)
    return [list(data.DataLoader(Squares(5), batch_sampler=batches)), list(data.DataLoader(Squares(3), batch_size=None))]


def stepped_by_a_hook(torch, hook):
    x = torch.ones(2, requires_grad=True)
    x.register_post_accumulate_grad_hook(hook)
    (x * 3).sum().backward()
    return x


PROGRAMS = {
    "a generator under a mode, thrown into": thrown_into,
    "a generator under a mode, sent into": sent_into,
    "an error deep in a walk": deep_error,
    "walks in walks": nested_walks,
    "nodes that accumulate": accumulate_nodes,
    "metadata of a node": metadata,
    "arithmetic of sizes": sizes,
    "conversions of a module": conversions,
    "zero_grad of a module": zeroed,
    "an optimizer of named parameters": lambda torch: stepped(torch, parameters=lambda m: m.named_parameters()),
    "an optimizer that maximizes": lambda torch: stepped(torch, maximize=True, weight_decay=0.1),
    "hooks of an optimizer": hooks_of_the_optimizer,
    "a hook that changes step's arguments": changed_arguments,
    "lists in an optimizer's state": listed_state,
    "data sets that are streams": streams,
    "data sets joined": joined,
    "batches collated": collated,
    "batches by a sampler, and none": loaded,
    "stack and its second derivative": lambda torch: torch.autograd.functional.hessian(
        lambda x: (torch.stack([x, x * x]) ** 2).prod(0).sum(), torch.tensor([1.0, 2.0])
    ),
    "normal of two tensors": lambda torch: torch.normal(torch.tensor([0.0, 100.0]), torch.tensor([1.0, 10.0])),
    "normal_ of few": lambda torch: torch.zeros(3).normal_(5, 10),
    "log_normal_": lambda torch: torch.zeros(20).log_normal_(0.5, 2.0),
    "random_ of floats": lambda torch: [torch.zeros(4, dtype=d).random_() for d in (torch.float16, torch.float32)],
    "random_ without bounds": lambda torch: [
        torch.zeros(4, dtype=d).random_()
        for d in (torch.float64, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
    ],
    "random_ without an end": lambda torch: [
        torch.zeros(4, dtype=d).random_(5, None)
        for d in (torch.float16, torch.float32, torch.float64, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
    ],
    "random_ of every int64": lambda torch: torch.zeros(4, dtype=torch.int64).random_(-(2**63), None),
    "random_ of a wide range": lambda torch: torch.zeros(4, dtype=torch.int64).random_(-(2**62), 2**62 + 2**61),
    "an error: random_ from without to": lambda torch: torch.zeros(4).random_(**{"from": 3}),
    "random_ with one bound": lambda torch: torch.zeros(20, dtype=torch.int64).random_(5),
    "bernoulli_": lambda torch: torch.zeros(20).bernoulli_(),
    "constructors": lambda torch: [torch.Tensor([1, 2]), torch.Tensor(2, 3).shape, torch.Tensor(torch.Size([2])).shape],
    "an empty list as an index": lambda torch: torch.arange(3)[[]],
    "zero repetitions": lambda torch: torch.arange(3).repeat(0, 2).shape,
    "asarray with a copy": lambda torch: torch.asarray(torch.ones(2), copy=True).add_(1),
    "asarray with a copy, recorded": lambda torch: torch.asarray(
        torch.ones(2, requires_grad=True), copy=True, requires_grad=True
    ).grad_fn.name(),
    **{
        f"asarray of {kind} {options}": lambda torch, make=make, options=options: [
            (given := make(torch)), (got := torch.asarray(given, **options)), got is given, got.data_ptr() == given.data_ptr(),
            got.is_leaf, given.requires_grad,
        ]
        for kind, make in {
            "a leaf": lambda torch: torch.ones(2, requires_grad=True),
            "a result": lambda torch: torch.ones(2, requires_grad=True) * 3,
            "a tensor": lambda torch: torch.ones(2),
        }.items()
        for options in ({"requires_grad": False}, {"copy": True, "requires_grad": False})
    },
    "a hook that changes the leaf and returns it": lambda torch: stepped_by_a_hook(torch, lambda p: p.sub_(p.grad, alpha=0.1)),
    "an error: a hook that returns another tensor": lambda torch: stepped_by_a_hook(torch, lambda p: p.detach()),
    "batched gradients": batched,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same(name, torch):
    results = []
    for library in (importlib.import_module("autodiff"), torch):
        library.manual_seed(0)
        results.append(outcome(library, PROGRAMS[name]))
    assert isinstance(results[1], type) == name.startswith("an error"), f"the program itself is wrong: {results[1]}"
    assert results[0] == results[1]


@pytest.mark.parametrize("name", ["std", "var"])
def test_the_spread_of_a_single_number(name, torch):
    for m in (importlib.import_module("autodiff"), torch):
        assert getattr(m.tensor(2.5), name)(unbiased=False).item() == 0.0
