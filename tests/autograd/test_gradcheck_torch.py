"""What gradcheck and gradgradcheck call a function with, and what they say of it: as in PyTorch."""

import pytest
from alike import told

import autodiff


def vector(T):
    return T.tensor([0.5, -1.5], dtype=T.float64, requires_grad=True)


def square(T, materialize, backward):
    class Square(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            ctx.set_materialize_grads(materialize)
            return x * x, x * 3

        @staticmethod
        def backward(ctx, g, h):
            return backward(T, ctx.saved_tensors[0], g, h)

    return Square.apply


def with_none(T, x, g, h):
    if g is None and h is None:
        return None
    return (0 if g is None else 2 * x * g) + (T.zeros(2, dtype=T.float64) if h is None else 3 * h)


def invents(T, x, g, h):
    return 2 * x * (1 if g is None else g) + 3 * (1 if h is None else h)


def careless(T, x, g, h):
    if g is None or h is None:
        raise RuntimeError("no gradient")
    return 2 * x * g + 3 * h


def hooked(factor, register):
    def f(T):
        def function(x):
            y = x * x * x
            if register == "tensor":
                y.register_hook(lambda g: g * factor)
            elif register == "input":
                x.register_hook(lambda g: g * factor)
            else:
                y.grad_fn.register_prehook(lambda grads: (grads[0] * factor,))
            return y

        return function

    return f


def closure(T):
    x = vector(T)
    return lambda y: x * y, x


# A function, or a function and its input.
FUNCTIONS = {
    "sin": lambda T: lambda x: x.sin(),
    "in place": lambda T: lambda x: x.clone().mul_(3).sin_(),
    "a view": lambda T: lambda x: x.view(2, 1).t(),
    "the input": lambda T: lambda x: x,
    "several": lambda T: lambda x: (x * 2, x.exp(), x[0]),
    "a list": lambda T: lambda x: [x * 2, x],
    "an output of ints": lambda T: lambda x: (x * 2, x.long()),
    "a constant beside": lambda T: lambda x: (x * 2, T.ones(2, dtype=T.float64)),
    "detached": lambda T: lambda x: x.detach() * x,
    "wholly detached": lambda T: lambda x: x.detach() * 2,
    "under no_grad": lambda T: T.no_grad()(lambda x: x * 2),
    "a closure": closure,
    "a closure with another factor": lambda T: (lambda x: lambda y: (x.detach() * y, x))(vector(T)),
    "a right hook": hooked(1.0, "tensor"),
    "a wrong hook": hooked(1.5, "tensor"),
    "a wrong hook of the input": hooked(1.5, "input"),
    "a wrong hook of the node": hooked(1.5, "node"),
    "requires what is asked": lambda T: lambda x: x * 2 if x.requires_grad and T.is_grad_enabled() else x * 3,
    "is a leaf": lambda T: lambda x: x * 2 if x.is_leaf else x * 3,
    "a Function": lambda T: square(T, True, lambda T, x, g, h: 2 * x * g + 3 * h),
    "a Function that is careless": lambda T: square(T, True, careless),
    "a Function that looks for None": lambda T: square(T, False, with_none),
    "a Function that invents": lambda T: square(T, False, invents),
    "a Function that is careless about None": lambda T: square(T, False, careless),
    "an error": lambda T: lambda x: x.view(7),
    "an expanded input": lambda T: (lambda x: x * 2, vector(T).expand(3, 2)),
    "a transposed input": lambda T: (lambda x: x**3, vector(T).reshape(2, 1).t()),
    "a result": lambda T: (lambda x: x**3, vector(T) * 2),
    "an empty input": lambda T: (lambda x: x**3, vector(T)[:0]),
    "a number": lambda T: (lambda x: x**3, vector(T)[0].detach().requires_grad_()),
    "floats": lambda T: (lambda x: x * 2, vector(T).detach().float().requires_grad_()),
    "no gradient": lambda T: (lambda x: x * 2, vector(T).detach()),
}
OPTIONS = [{}, {"check_undefined_grad": False}, {"atol": 10.0}, {"fast_mode": True, "masked": False, "check_grad_dtypes": True}]


# Of a function without any slope PyTorch's gradgradcheck says only that it was called without its input.
CHECKS = [("gradcheck", f) for f in FUNCTIONS] + [
    ("gradgradcheck", f) for f in FUNCTIONS if f not in ("wholly detached", "under no_grad")
]


@pytest.mark.parametrize(("check", "name"), CHECKS)
def test_the_verdict_is_pytorchs(check, name, torch):
    undefined = "hook" not in name  # PyTorch calls a hook with None for a gradient that is missing; here it is not called

    def program(T, say):
        for options in OPTIONS if undefined else ({**options, "check_undefined_grad": False} for options in OPTIONS):
            T.manual_seed(3)
            function = FUNCTIONS[name](T)
            function, x = function if isinstance(function, tuple) else (function, vector(T))
            before = x.tolist()
            found = getattr(T.autograd, check)
            for kind in (RuntimeError, Exception):
                try:
                    say(found(function, (x,), raise_exception=kind is Exception, **options))
                except kind as error:
                    say(type(error).__name__)
            say(x.tolist() == before, x.grad if x.is_leaf else None)

    assert told(autodiff, program)[0] == told(torch, program)[0]


def test_the_function_is_called_with_the_tensors_themselves(torch):
    def program(T, say):
        for check in (T.autograd.gradcheck, T.autograd.gradgradcheck):
            x, n, seen = vector(T), T.ones(2), set()

            def function(a, b, c, x=x, n=n, seen=seen):
                seen.add((a is x, b is n, c, a.requires_grad, b.requires_grad, T.is_grad_enabled()))
                return a * a * b.double() * c

            say(check(function, (x, n, 3)), sorted(seen))

    assert told(autodiff, program) == told(torch, program)


def test_what_is_not_checked_is_refused():
    x = vector(autodiff)
    with pytest.raises(AssertionError, match="check_undefined_grad=True requires"):
        autodiff.autograd.gradgradcheck(lambda x: x, x, check_rev_over_rev=False, check_fwd_over_rev=True)
    with pytest.raises(AssertionError, match="at least one of"):
        autodiff.autograd.gradcheck(lambda x: x, x, check_backward_ad=False)
    with pytest.raises(TypeError, match="return Tensors, not int"):
        autodiff.autograd.gradcheck(lambda x: 3, x)
    assert autodiff.autograd.gradgradcheck(lambda x: x**3, x, gen_non_contig_grad_outputs=True)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("check", ["gradcheck", "gradgradcheck"])
@pytest.mark.parametrize("name", ["sin", "in place", "a view", "several", "an output of ints", "a constant beside", "a number"])
def test_forward_derivatives(check, name, fast, torch):
    """Their verdict, together with backward and alone."""
    forward, backward = (
        ("check_forward_ad", "check_backward_ad") if check == "gradcheck" else ("check_fwd_over_rev", "check_rev_over_rev")
    )

    def program(T, say):
        function = FUNCTIONS[name](T)
        function, x = function if isinstance(function, tuple) else (function, vector(T))
        for also in (True, False):
            say(getattr(T.autograd, check)(
                function, (x,), fast_mode=fast, check_undefined_grad=also, **{forward: True, backward: also}
            ))

    assert told(autodiff, program)[0] == told(torch, program)[0]


@pytest.mark.parametrize("fast", [False, True])
def test_a_forward_derivative_that_is_wrong(fast):
    """A backward whose own backward is wrong: by one walk right, by two walks not."""

    class Square(autodiff.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * x * g + 3 * (g.detach() - g)

    assert autodiff.autograd.gradcheck(Square.apply, vector(autodiff), fast_mode=fast)
    with pytest.raises(autodiff.autograd.GradcheckError, match="computed with forward mode mismatch"):
        autodiff.autograd.gradcheck(Square.apply, vector(autodiff), fast_mode=fast, check_forward_ad=True)


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("shape", [(3,), (2, 2), (), (1,)])
def test_the_random_stream_goes_on_as_pytorchs(shape, spread, torch):
    after = []
    for T in (autodiff, torch):
        T.manual_seed(0)
        x = T.ones(shape, dtype=T.float64, requires_grad=True)
        T.autograd.gradcheck(lambda x: x * x, x)
        T.autograd.gradgradcheck(lambda x: (x.exp(), x.sum()), x, gen_non_contig_grad_outputs=spread)
        after.append(T.rand(3).tolist())
    assert after[0] == after[1]


@pytest.mark.parametrize(("check", "wrong"), [
    ("gradcheck", 1.0), ("gradcheck", 50.0), ("gradcheck", float("nan")),
    ("gradgradcheck", 1.0), ("gradgradcheck", float("nan")),
])
def test_a_direction_is_enough_for_what_no_jacobian_would_hold(check, wrong, torch):
    """A Jacobian of 300,000 by 300,000 numbers would be 720 gigabytes; fast_mode asks for five calls."""

    def program(T, say):
        T.manual_seed(0)
        x = T.randn(3, 100, 1000, dtype=T.float64).requires_grad_()
        before, calls = x.detach().clone(), []

        def function(x):
            calls.append(1)
            y = x.sin()
            if y.requires_grad:
                y.register_hook(lambda g: g * wrong)
            return y

        try:
            say(getattr(T.autograd, check)(function, x, fast_mode=True, check_undefined_grad=False))
        except RuntimeError as error:
            say(type(error).__name__)
        say(len(calls) < 20, (x.detach() == before).all().item())

    found = told(autodiff, program)[0]
    if wrong == 1:
        assert found == told(torch, program)[0]
    else:  # for its message PyTorch would compute the whole Jacobian
        assert found == told(autodiff, lambda _, say: (say("GradcheckError"), say(True, True)))[0]


def test_a_direction_that_finds_a_difference_shows_the_element():
    def function(x):
        y = x * x
        y.register_hook(lambda g: g * autodiff.tensor([1.0, 2.0], dtype=autodiff.float64))
        return y

    with pytest.raises(autodiff.autograd.GradcheckError, match=r"The worst element is d\(output\[1\]\)/d\(input\[1\]\)"):
        autodiff.autograd.gradcheck(function, vector(autodiff), fast_mode=True, check_undefined_grad=False)


FLAT = {
    "floor": lambda T, x: x.floor(), "sign beside a slope": lambda T, x: (x.sign(), x * 2), "a constant": lambda T, x: x * 0,
    "not used": lambda T, x: (T.ones(2, dtype=T.float64), x * 3), "detached": lambda T, x: (x.floor().detach(), x.exp()),
}  # fmt: skip


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("function", FLAT)
def test_a_forward_derivative_of_0_is_one(function, fast, torch):
    """Along which there is nothing to walk: neither the gradient nor its own slope has a graph."""

    def program(T, say):
        x = T.tensor([1.25, -2.5], dtype=T.float64, requires_grad=True)
        say(T.autograd.gradcheck(lambda x: FLAT[function](T, x), (x,), check_forward_ad=True, fast_mode=fast))

    ours, theirs = told(autodiff, program), told(torch, program)
    assert ours[0] == [[True]]
    if function not in ("not used", "detached"):  # PyTorch takes the results apart in another order than it made them
        assert theirs[0] == [[True]]


@pytest.mark.parametrize("options", [{}, {"fast_mode": True}, {"check_forward_ad": True}], ids=str)
def test_a_backward_that_makes_nothing_of_what_comes_in_is_found(options, torch):
    """Its slope with respect to the incoming gradient leads nowhere, and is 0."""

    def program(T, say):
        class Square(T.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return x * 2

        T.autograd.gradcheck(Square.apply, (T.tensor([1.0, 2.0], dtype=T.float64, requires_grad=True),), **options)

    assert told(autodiff, program)[0] == ["GradcheckError"] == told(torch, program)[0]


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize(("off", "right"), [(0.0, True), (0.9e-3, True), (1.2e-3, False), (-0.9e-3, True), (-1.2e-3, False)])
def test_how_far_each_element_may_be_off(off, right, fast, torch):
    """atol is for one element of the Jacobian: along a direction all of them together may be off as far as they make it."""
    for T in (autodiff, torch):
        weight = T.arange(12.0, dtype=T.float64).reshape(4, 3)

        class Product(T.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return weight @ x  # noqa: B023

            @staticmethod
            def backward(ctx, g):
                return (weight + off).T @ g  # noqa: B023

        x = T.tensor([1.0, -2.0, 3.0], dtype=T.float64, requires_grad=True)
        options = {"fast_mode": fast, "atol": 1e-3, "rtol": 0.0, "raise_exception": False}
        assert T.autograd.gradcheck(Product.apply, (x,), **options) == right


@pytest.mark.parametrize("fast", [False, True])
def test_a_result_that_was_detached_is_looked_at_too(fast):
    """PyTorch passes it over. Here it is found: it changes with the input, and backward knows nothing of that."""
    x = autodiff.tensor([1.0, 2.0], dtype=autodiff.float64, requires_grad=True)
    with pytest.raises(autodiff.autograd.GradcheckError, match="output 1 with respect to input 0"):
        autodiff.autograd.gradcheck(lambda x: (x * 2, x.detach() * 3), (x,), fast_mode=fast)
