"""autograd.functional, gradcheck and Function with all that may be given to them: the same results, the same refusals."""

import warnings

import pytest

import autodiff


def plain(m, x):
    if isinstance(x, m.Tensor):
        return str(x.dtype), tuple(x.shape), x.requires_grad, [round(v, 6) for v in x.detach().reshape(-1).double().tolist()]
    if isinstance(x, (list, tuple)):
        return [plain(m, v) for v in x]
    return x


def outcome(m, program):
    m.manual_seed(2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return plain(m, program(m, m.autograd.functional))
        except Exception as error:
            return type(error).__name__


def xs(m):
    x = m.tensor([0.5, 2.0], dtype=m.float64, requires_grad=True)
    return x, m.tensor([[1.0, 3.0], [0.5, -1.0]], dtype=m.float64, requires_grad=True)


def cube(x):
    return x**3


def two(x, w):
    return (x * w).exp(), w.sum() * x


def mean_of(x, w):
    return ((x * w) ** 3).mean()


def one_of(x, w):
    return (x**3).sum()


def wanting(name, *more, **options):
    """The same call with and without create_graph, with another derivative through what comes out."""

    def program(m, f):
        found = []
        for create in (False, True):
            x, w = xs(m)
            function = {"jacobian": two, "hessian": mean_of, "vjp": two, "jvp": two, "vhp": mean_of, "hvp": mean_of}[name]
            v = {"vjp": (w.detach() + 1, x.detach()), "jvp": (x.detach() + 1, w.detach())}.get(
                name, (x.detach(), w.detach() + 1)
            )
            arguments = () if name in ("jacobian", "hessian") else (v,)
            result = getattr(f, name)(function, (x, w), *arguments, create_graph=create, **options)
            flat = flattened(m, result)
            found.append(result)
            if create:
                total = sum((t**2).sum() for t in flat if t.requires_grad)
                found.append(m.autograd.grad(total, [x, w], allow_unused=True))
        return found

    return program


def flattened(m, result):
    return [result] if isinstance(result, m.Tensor) else [t for part in result for t in flattened(m, part)]


def of(name, function, inputs, *more, **options):
    return lambda m, f: getattr(f, name)(function, inputs(m), *[v(m) for v in more], **options)


def vector(m):
    return m.tensor([1.0, 10.0], dtype=m.float64)


def checked(function, inputs=xs, **options):
    def program(m, f):
        return m.autograd.gradcheck(lambda *a: function(m, *a), inputs(m), **options)

    return program


def checked_twice(function, inputs=xs, **options):
    def program(m, f):
        return m.autograd.gradgradcheck(lambda *a: function(m, *a), inputs(m), **options)

    return program


def custom(m, forward, backward, **more):
    body = {"forward": forward, "backward": backward, **more}
    return type("Own", (m.autograd.Function,), {k: staticmethod(v) for k, v in body.items()}).apply


def wavering(m, x):
    """Its backward gives something else each time."""
    calls = []

    def backward(ctx, g):
        calls.append(1)
        return g * len(calls)

    return custom(m, lambda ctx, x: x * 1, backward)(x)


def wavering_a_little(m, x):
    calls = []

    def backward(ctx, g):
        calls.append(1)
        return g * (1 + 1e-9 * len(calls))

    return custom(m, lambda ctx, x: x * 1, backward)(x)


def wrong_by(share):
    def function(m, x):
        return custom(m, lambda ctx, x: x * 2, lambda ctx, g: g * 2 * (1 + share))(x)

    return function


def first(m):
    return xs(m)[0]


def singles(m):
    return m.tensor([0.5, 2.0], requires_grad=True)


def returned(forward, backward=lambda ctx, g, *more: g, **more):
    def program(m, f):
        x, w = xs(m)
        y = custom(m, lambda *a: forward(m, *a), backward, **more)(x * 1, w)
        ys = y if isinstance(y, tuple) else (y,)
        return [(t.requires_grad, t.is_leaf) if isinstance(t, m.Tensor) else t for t in ys], y if isinstance(
            y, m.Tensor
        ) else None

    return program


def backward_of(backward, forward=lambda ctx, x, w: x * w):
    def program(m, f):
        x, w = xs(m)
        y = custom(m, forward, lambda ctx, *g: backward(m, *g))(x * 1, w)
        (y if isinstance(y, m.Tensor) else y[0]).sum().backward()
        return x.grad, w.grad

    return program


def dirty(m, f):
    x, _ = xs(m)
    y = x * 2

    def forward(ctx, t):
        t.detach().mul_(3)
        ctx.mark_dirty(t)
        return t

    z = custom(m, forward, lambda ctx, g: g * 3)(y)
    z.sum().backward()
    return z is y, y, x.grad, y._version > 0


def newer(m, f):
    class Power(m.autograd.Function):
        @staticmethod
        def forward(x, n, scale=1.0):
            return scale * x**n

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, ctx.n, ctx.scale = inputs
            ctx.save_for_backward(x, output)

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            return g * ctx.scale * ctx.n * x ** (ctx.n - 1) + 0 * y, None, None

    x, _ = xs(m)
    y = Power.apply(x, 3, 2.0)
    (g,) = m.autograd.grad(y.sum(), x, create_graph=True)
    return y, g, m.autograd.grad(g.sum(), x)


SAME = {
    **{f"{name} of two": wanting(name) for name in ("jacobian", "hessian", "vjp", "jvp", "vhp", "hvp")},
    **{f"{name}, strictly": wanting(name, strict=True) for name in ("jacobian", "vjp", "jvp", "vhp", "hvp")},
    "jacobian of one": of("jacobian", cube, first),
    "jacobian of a constant": of("jacobian", lambda x: x.detach() * 2, first),
    "jacobian of a constant, strictly": of("jacobian", lambda x: x.detach() * 2, first, strict=True),
    "jacobian of what needs no gradient": of("jacobian", cube, vector),
    "jacobian with an unused input": of("jacobian", lambda x, w: x * 2, xs),
    "jacobian with an unused input, strictly": of("jacobian", lambda x, w: x * 2, xs, strict=True),
    "hessian of one": of("hessian", lambda x: (x**3).sum(), first),
    "hessian of a number with a dimension": of("hessian", lambda x: (x**3).sum().reshape(1), first),
    "hessian of something linear": of("hessian", lambda x: x.sum(), first),
    "hessian of a constant": of("hessian", lambda x: x.detach().sum(), first),
    "hessian with an unused input": of("hessian", one_of, xs),
    "hessian of several numbers": of("hessian", cube, first),
    "hessian of something that is no tensor": of("hessian", lambda x: 3, first),
    "vjp without a vector": of("vjp", lambda x: (x**3).sum(), first),
    "vjp without a vector that is needed": of("vjp", cube, first),
    "vjp of a wrong vector": of("vjp", cube, first, lambda m: vector(m)[:1]),
    "vjp of too many vectors": of("vjp", cube, first, lambda m: (vector(m), vector(m))),
    "vjp with an unused input": of("vjp", one_of, xs),
    "vjp with an unused input, strictly": of("vjp", one_of, xs, strict=True),
    "jvp of one": of("jvp", cube, first, vector),
    "jvp without a vector": of("jvp", cube, lambda m: m.tensor(2.0)),
    "jvp without a vector that is needed": of("jvp", cube, first),
    "jvp of a constant": of("jvp", lambda x: x.detach() * 2, first, vector),
    "jvp of a constant, strictly": of("jvp", lambda x: x.detach() * 2, first, vector, strict=True),
    "jvp of a step": of("jvp", lambda x: x.floor() * 2, first, vector),
    "vhp of a step": of("vhp", lambda x: x.floor().sum(), first, vector),
    "hessian of a step": of("hessian", lambda x: x.floor().sum(), first),
    "jvp with an unused input": of("jvp", lambda x, w: x**2, xs, lambda m: tuple(t.detach() for t in xs(m))),
    "vhp of one": of("vhp", lambda x: (x**3).sum(), first, vector),
    "vhp of something linear": of("vhp", lambda x: x.sum(), first, vector),
    "hvp of one": of("hvp", lambda x: (x**3).sum(), first, vector),
    "inputs that are a list": of("jacobian", cube, lambda m: [first(m)]),
    "inputs that are numbers": of("jacobian", cube, lambda m: (3.0,)),
    "an output that is a number": of("vjp", lambda x: 3.0, first),
    "outputs that are numbers": of("vjp", lambda x: (x, 3.0), first),
    "a right gradient": checked(lambda m, x, w: (x * w).sin()),
    "several outputs": checked(lambda m, x, w: (x * w, w.exp())),
    "an output without gradient": checked(lambda m, x: (x * 2, x.detach().long()), first),
    "a gradient wrong by a little": checked(wrong_by(5e-4), first),
    "a gradient wrong by more": checked(wrong_by(5e-3), first),
    "a gradient wrong by more that is allowed": checked(wrong_by(5e-3), first, rtol=1e-2),
    "a gradient wrong by more that is small": checked(wrong_by(5e-3), first, rtol=0.0, atol=0.1),
    "a wrong gradient without an error": checked(wrong_by(0.1), first, raise_exception=False),
    "a gradient that wavers": checked(wavering, first),
    "a gradient that wavers a little": checked(wavering_a_little, first),
    "a gradient that wavers a little, as it may": checked(wavering_a_little, first, nondet_tol=1e-7),
    "a gradient that wavers as much as it may": checked(wavering, first, nondet_tol=100.0, atol=100.0),
    "single precision": checked(lambda m, x: x * 2, singles, raise_exception=False),
    "single precision with wider limits": checked(lambda m, x: x * 2, singles, eps=1e-2, atol=1e-2),
    "no gradient asked for": checked(lambda m, x: x * 2, vector),
    "a right second gradient": checked_twice(lambda m, x, w: (x * w).sin()),
    "a second gradient that is 0": checked_twice(lambda m, x: x * 2, first),
    "a second gradient with seeds": lambda m, f: m.autograd.gradgradcheck(lambda x: x**3, first(m), vector(m).requires_grad_()),
    "a Function in the newer style": newer,
    "a Function that changes its input": dirty,
    "an input returned": returned(lambda m, ctx, x, w: x, lambda ctx, g: (g, None)),
    "several outputs of which one is a number": returned(lambda m, ctx, x, w: (x * 2, 3, w * 1), lambda ctx, a, b, c: (a, c)),
    "an output of ints": returned(lambda m, ctx, x, w: (x * 2, x.long()), lambda ctx, a, b: (a, None)),
    "a list of outputs": returned(lambda m, ctx, x, w: [x * 2, w]),
    "a Function that returns a number": returned(lambda m, ctx, x, w: 3),
    "one gradient for two inputs": backward_of(lambda m, g: g),
    "three gradients for two inputs": backward_of(lambda m, g: (g, g, g)),
    "gradients and a None too many": backward_of(lambda m, g: (g.sum(0), g, None)),
    "a gradient of another shape": backward_of(lambda m, g: (m.ones(3, dtype=m.float64), g)),
    "a gradient with too few dimensions": backward_of(lambda m, g: (g.sum(0), g.sum(0))),
    "a gradient that is to be summed": backward_of(lambda m, g: (g, g)),
    "a gradient that is to be repeated": backward_of(lambda m, g: (g.sum(0), g[:1])),
    "a gradient of another dtype": backward_of(lambda m, g: (g.sum(0).float(), g)),
    "a gradient that is a number": backward_of(lambda m, g: (1.0, g)),
    "no gradients": backward_of(lambda m, g: (None, None)),
    "gradients in a list": backward_of(lambda m, g: [g.sum(0), g]),
    "a Function without forward": lambda m, f: type("F", (m.autograd.Function,), {}).apply(first(m)),
    "a Function without backward": lambda m, f: (
        custom(m, lambda ctx, x: x * 2, m.autograd.Function.backward)(first(m)).sum().backward()
    ),
    "a Function called": lambda m, f: type("F", (m.autograd.Function,), {})()(first(m)),
    "a Function under no_grad": lambda m, f: (
        m.set_grad_enabled(False),
        custom(m, lambda ctx, x: x * 2, None)(first(m)),
        m.set_grad_enabled(True),
    )[1],
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_on_both(name, torch):
    assert outcome(autodiff, SAME[name]) == outcome(torch, SAME[name])


RETURNS = {
    "a constant": lambda m, xs: m.tensor(3.0),
    "constants": lambda m, xs: m.ones(2),
    "a number": lambda m, xs: 3,
    "None": lambda m, xs: None,
    "one in a tuple": lambda m, xs: (xs[0].sum(),),
    "one in a list": lambda m, xs: [xs[0].sum()],
    "two": lambda m, xs: (xs[0].sum(), (xs[-1] ** 3).sum()),
    "two, one of them constant": lambda m, xs: (xs[0].sum(), m.ones(())),
    "detached": lambda m, xs: xs[0].detach().sum(),
    "the input": lambda m, xs: xs[0],
    "a product": lambda m, xs: (xs[0] ** 2 * xs[-1]).sum(),
}
GIVEN = {
    "a tensor": lambda m: m.tensor([1.0, 2.0]),
    "a leaf": lambda m: m.tensor([1.0, 2.0], requires_grad=True),
    "two": lambda m: (m.tensor([1.0, 2.0]), m.tensor([3.0, 4.0])),
    "one in a tuple": lambda m: (m.tensor([1.0, 2.0]),),
    "a list": lambda m: [m.tensor([1.0, 2.0])],
    "a number": lambda m: 3.0,
    "a tensor and a number": lambda m: (m.tensor([1.0, 2.0]), 3.0),
}


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("returns", RETURNS)
@pytest.mark.parametrize("name", ["jacobian", "hessian", "vjp", "jvp", "vhp", "hvp"])
def test_every_kind_of_function_and_of_input(name, returns, given, strict, torch):
    def program(m, f):
        inputs = GIVEN[given](m)
        v = ()
        if name in ("jvp", "vhp", "hvp"):
            v = (tuple(m.ones(2) for _ in inputs) if isinstance(inputs, tuple) else m.ones(2),)
        elif name == "vjp":
            like = RETURNS[returns](m, [m.ones(2), m.ones(2)])
            v = (tuple(m.ones_like(y) for y in like) if isinstance(like, (tuple, list)) else like,)
        return getattr(f, name)(lambda *xs: RETURNS[returns](m, xs), inputs, *v, strict=strict)

    assert outcome(autodiff, program) == outcome(torch, program)


@pytest.mark.parametrize("strategy", ["reverse-mode", "forward-mode", "sideways"])
@pytest.mark.parametrize("vectorize", [False, True])
@pytest.mark.parametrize("strict", [False, True])
def test_ways_to_the_same_jacobian(strict, vectorize, strategy, torch):
    def program(m, f):
        x, options = vector(m), {"strict": strict, "vectorize": vectorize}
        return (
            f.jacobian(cube, x, strategy=strategy, **options).detach(),
            f.hessian(lambda x: cube(x).sum(), x, outer_jacobian_strategy=strategy, **options).detach(),
        )

    assert outcome(autodiff, program) == outcome(torch, program)


def test_the_jacobian_of_nothing_is_empty():
    x = autodiff.ones(2)
    assert autodiff.autograd.functional.jacobian(lambda x: x[:0], x).shape == (0, 2)
    assert autodiff.autograd.functional.jacobian(lambda x: x * 2, x[:0]).shape == (0, 0)


def test_the_worst_element_is_the_one_that_differs_most():
    """Not the largest: an error of 1 in a slope of 3, beside right slopes of 1000."""

    def backward(ctx, g):
        return g * autodiff.tensor([1000.0, 4.0, -1000.0], dtype=autodiff.float64)

    right = autodiff.tensor([1000.0, 3.0, -1000.0], dtype=autodiff.float64)
    f = custom(autodiff, lambda ctx, x: x * right, backward)
    x = autodiff.ones(3, dtype=autodiff.float64, requires_grad=True)
    words = r"worst element is d\(output\[1\]\)/d\(input\[1\]\) .*: measured 3, computed by backward 4, difference 1; allowed"
    with pytest.raises(RuntimeError, match=words):
        autodiff.autograd.gradcheck(f, x)


def test_the_error_says_whose_backward_to_look_at():
    """One of the user's own by name and line; without any, the operations, of which one may have no slope here."""
    x = autodiff.zeros(2, dtype=autodiff.float64, requires_grad=True)
    f = custom(autodiff, lambda ctx, x: x * 3, lambda ctx, g: g * 4)
    words = r"(?s)^Jacobian mismatch .* of your own is on the way: \w+Backward \([\w.]+py:\d+\)\.\n"
    with pytest.raises(RuntimeError, match=words):
        autodiff.autograd.gradcheck(lambda x: f(x).exp(), x)
    with pytest.raises(RuntimeError, match=r"Backward went through ReluBackward0: look whether one of them has no slope"):
        autodiff.autograd.gradcheck(autodiff.relu, x)
    with pytest.raises(RuntimeError, match=r"Backward went through AddBackward0, MulBackward0: .* detach\(\)"):
        autodiff.autograd.gradcheck(lambda x: 2 * x + (3 * x).detach(), x)


def test_single_precision_is_warned_of():
    x = singles(autodiff)
    with pytest.warns(UserWarning, match="Input #0 requires gradient and is not a double precision"):
        autodiff.autograd.gradcheck(lambda x: x * 2, x, eps=1e-2, atol=1e-2)


@pytest.mark.parametrize("name", ["jacobian", "hessian", "vjp", "jvp", "vhp", "hvp"])
@pytest.mark.parametrize("used", ["neither", "the first", "the second"])
@pytest.mark.parametrize("create_graph", [False, True])
def test_an_input_that_is_not_used_has_zeros(name, used, create_graph, torch):
    """One that does not lead to the result, beside one that does; each has a slope of its own shape."""

    def program(m, f):
        a, b = m.tensor([1.0, 2.0, 3.0], requires_grad=True), m.tensor([[4.0, 5.0]], requires_grad=True)
        chosen = {"neither": lambda a, b: m.ones(2), "the first": lambda a, b: a**3, "the second": lambda a, b: b**3}[used]
        scalar = name in ("hessian", "vhp", "hvp")
        function = (lambda a, b: chosen(a, b).sum()) if scalar else chosen
        v = m.ones_like(chosen(a, b)) if name == "vjp" else (m.ones(3), m.ones(1, 2))
        return getattr(f, name)(function, (a, b), *(() if name in ("jacobian", "hessian") else (v,)), create_graph=create_graph)

    ours = outcome(autodiff, program)
    assert ours == outcome(torch, program)
    assert isinstance(ours, list)
