"""Functions whose inputs or outputs share memory with another tensor: the histories of all of them, or an error.

And what forward and backward may be: outputs that are no tensors, `vjp` instead of `backward`, tensors that are marked.
"""

import itertools

import pytest
from alike import told

import autodiff

VIEWS = {
    "the tensor": lambda t: t,
    "a view of it": lambda t: t.view(3, 2).t(),
    "a row": lambda t: t.view(3, 2)[1],
    "a column": lambda t: t.view(2, 3)[:, 1:2],
    "one of several": lambda t: t.view(3, 2).unbind(0)[1],
    "detached": lambda t: t.detach(),
}
BASES = {
    "leaf": lambda x: x,
    "result": lambda x: x * 2,
    "constant": lambda x: x.detach().clone(),
}


def start(T):
    return T.tensor([1.0, -2.0, 3.0, 0.5, 4.0, -1.0], requires_grad=True)


def scaled_in_place(T):
    class Scale(T.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            a.mul_(3.0).add_(b)
            ctx.mark_dirty(a)
            return a

        @staticmethod
        def backward(ctx, g):
            return g * 3.0, g.sum().reshape(1)

    return Scale.apply


@pytest.mark.parametrize("quiet", ["recorded", "no_grad", "inference_mode"])
@pytest.mark.parametrize(("base", "view"), list(itertools.product(BASES, VIEWS)))
def test_an_input_changed_in_place(base, view, quiet, torch):
    """The view may have been made in a mode of its own; its base and another view of it are looked at too."""

    def program(T, say):
        x, b = start(T), T.tensor([10.0], requires_grad=True)
        t = BASES[base](x)
        other = t.view(-1)[2:5]
        with {"recorded": T.enable_grad, "no_grad": T.no_grad, "inference_mode": T.inference_mode}[quiet]():
            v = VIEWS[view](t)
        y = scaled_in_place(T)(v, b)
        say(y is v, t, y.requires_grad, y.is_leaf, t.requires_grad, other.requires_grad)
        weights = T.arange(1.0, 7.0)
        for result, w in ((y, weights[: y.numel()].reshape(y.shape)), (t, weights), (other, weights[:3])):
            if result.requires_grad:
                say(*T.autograd.grad((result * w).sum(), (x, b), allow_unused=True, retain_graph=True))

    ours, theirs = told(autodiff, program), told(torch, program)
    assert str(ours).replace("ViewBackward0", "AsStridedBackward0") == str(theirs) or ours == theirs


@pytest.mark.parametrize("view", ["the tensor", "a view of it", "a row"])
def test_a_gradient_that_is_retained_is_that_of_the_new_value(view, torch):
    def program(T, say):
        x, b = start(T), T.tensor([10.0], requires_grad=True)
        t = x * 2
        v = VIEWS[view](t)
        t.retain_grad()
        v.retain_grad()
        scaled_in_place(T)(v, b)
        ((t * t).sum() + v.sum()).backward()
        say(t.grad, v.grad, x.grad, b.grad)

    assert told(autodiff, program) == told(torch, program)


def test_a_view_and_a_second_output(torch):
    def program(T, say):
        class Both(T.autograd.Function):
            @staticmethod
            def forward(ctx, a, b):
                a.add_(b)
                ctx.mark_dirty(a)
                return a, b * 2

            @staticmethod
            def backward(ctx, g, h):
                return g, g + 2 * h

        x = start(T)
        a, b = Both.apply(x * 1, x * 2)  # no view: both may be returned
        say(*T.autograd.grad((a * b).sum(), x))
        Both.apply((x * 1)[:3], x[:3] * 2)

    assert told(autodiff, program) == told(torch, program)


RETURNED = {**VIEWS, "a view of a copy": lambda t: t.clone().view(2, 3), "a copy": lambda t: t.clone()}
CHANGES = {
    "nothing": lambda T, base, y: None,
    "the output": lambda T, base, y: y.mul_(2.0),
    "the base": lambda T, base, y: base.mul_(2.0),
    "the output, quietly": lambda T, base, y: T.no_grad()(lambda: y.mul_(2.0))(),
    "the base, quietly": lambda T, base, y: T.no_grad()(lambda: base.mul_(2.0))(),
}


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize(("returned", "change"), list(itertools.product(RETURNED, CHANGES)))
def test_an_output_that_shares_memory_with_an_input(returned, change, base, torch):
    def program(T, say):
        class Five(T.autograd.Function):
            @staticmethod
            def forward(ctx, a, b):
                ctx.shape = a.shape
                return RETURNED[returned](a)

            @staticmethod
            def backward(ctx, g):
                return 5 * T.ones(ctx.shape), g.sum().reshape(1)

        x, b = start(T), T.tensor([10.0], requires_grad=True)
        t = BASES[base](x)
        y = Five.apply(t, b)
        say(y is t, y.requires_grad, t.requires_grad)
        CHANGES[change](T, t, y)
        say(y.requires_grad, t.requires_grad)
        say(*T.autograd.grad((y * y).sum(), (x, b), allow_unused=True))

    assert told(autodiff, program) == told(torch, program)


def test_an_error_says_which_of_two_causes_it_has():
    """A view that a Function returned, and one whose base was detached: written to, neither can be used."""

    class Same(autodiff.autograd.Function):
        @staticmethod
        def forward(ctx, constant, w):
            return constant.view(-1)

        @staticmethod
        def backward(ctx, g):
            return g, g

    y = Same.apply(autodiff.zeros(2), autodiff.ones(2, requires_grad=True))
    base = autodiff.ones(2, requires_grad=True) * 1
    v = base[:1]
    base.detach_()
    with autodiff.no_grad():
        y.add_(1)
        base.add_(1)
    with pytest.raises(RuntimeError, match=r"Output 0 of Same is a view and its base.*Clone the output of the custom Function"):
        y * 2
    with pytest.raises(RuntimeError, match="its base was detached in place"):
        v * 2


def test_a_result_that_forward_recorded_itself_keeps_its_own_history():
    """PyTorch overwrites it, so that the gradient that backward asks for is lost."""

    class Inner(autodiff.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            with autodiff.enable_grad():
                ctx.inside = a.detach().requires_grad_()
                ctx.result = ctx.inside.exp()
            return ctx.result

        @staticmethod
        def backward(ctx, g):
            return autodiff.autograd.grad(ctx.result, ctx.inside, g)[0]

    x = autodiff.tensor([0.0, 1.0], requires_grad=True)
    y = Inner.apply(x)
    y.sum().backward()
    assert x.grad.tolist() == y.tolist()


# ---- what forward and backward are given and return ----


@pytest.mark.parametrize("materialize", [True, False])
@pytest.mark.parametrize("used", [0, 3, 5])
def test_gradients_of_outputs_of_every_kind(materialize, used, torch):
    def program(T, say):
        class Many(T.autograd.Function):
            @staticmethod
            def forward(ctx, a, n):
                ctx.set_materialize_grads(materialize)
                marked = a * 3
                ctx.mark_non_differentiable(marked)
                return a * 2, n, None, a * n, "text", a.double() * 4, a.long(), a > 0, marked, [a * 2]

            @staticmethod
            def backward(ctx, *gradients):
                say([g if g is None else (str(g.dtype), g) for g in gradients])
                return gradients[used].to(T.float32) * 2, None

        x = start(T)
        results = Many.apply(x, 5)
        say([getattr(y, "requires_grad", y) for y in results])
        results[used].sum().backward()
        say(x.grad)

    def without_names(found):
        return str(found).replace("torch.", "").replace("autodiff.", "")

    assert without_names(told(autodiff, program)) == without_names(told(torch, program))


METHODS = {
    "backward": lambda ctx, g: g * 2,
    "vjp": lambda ctx, g: g * 2,
    "jvp": lambda ctx, g: g * 2,
    "vmap": lambda info, dims, a: (a, 0),
}


@pytest.mark.parametrize("names", [c for n in range(4) for c in itertools.combinations(METHODS, n)], ids="+".join)
def test_backward_under_one_of_its_two_names(names, torch):
    def program(T, say):
        body = {name: staticmethod(METHODS[name]) for name in names} | {"forward": staticmethod(lambda ctx, a: a * 3)}
        F = type("F", (T.autograd.Function,), body)
        x = start(T)
        y = F.apply(x)
        say(y)
        y.sum().backward()
        say(x.grad, F.generate_vmap_rule)

    assert told(autodiff, program) == told(torch, program)


MARKS = {
    "a number": lambda ctx, a, y: ctx.mark_dirty(3),
    "a number without a derivative": lambda ctx, a, y: ctx.mark_non_differentiable(3),
    "a list": lambda ctx, a, y: ctx.mark_dirty([a]),
    "an output": lambda ctx, a, y: ctx.mark_dirty(y),
    "an input without a derivative": lambda ctx, a, y: ctx.mark_non_differentiable(a),
    "an input that is not returned": lambda ctx, a, y: ctx.mark_dirty(a),
    "an input, changed and without a derivative": lambda ctx, a, y: (
        a.add_(1),
        ctx.mark_dirty(a),
        ctx.mark_non_differentiable(a),
    ),
    "saved twice": lambda ctx, a, y: (ctx.save_for_backward(a, y), ctx.save_for_backward(y)),
    "saved numbers": lambda ctx, a, y: ctx.save_for_backward(a, 3),
    "saved for forward": lambda ctx, a, y: ctx.save_for_forward(a),
}


@pytest.mark.parametrize("returned", ["the input", "both", "the output"])
@pytest.mark.parametrize("mark", MARKS)
def test_what_is_marked(mark, returned, torch):
    def program(T, say):
        class F(T.autograd.Function):
            @staticmethod
            def forward(ctx, a):
                y = a * 2
                MARKS[mark](ctx, a, y)
                return {"the input": a, "both": (a, y), "the output": y}[returned]

            @staticmethod
            def backward(ctx, *gradients):
                say(len(ctx.saved_tensors), list(gradients))
                return gradients[-1]

        x = start(T)
        a = x * 1
        results = F.apply(a)
        results = results if isinstance(results, tuple) else (results,)
        say([y is a for y in results], [y.requires_grad for y in results], a.requires_grad)
        results[-1].sum().backward()
        say(x.grad)

    assert told(autodiff, program) == told(torch, program)


def test_a_tensor_of_inference_mode_cannot_be_saved(torch):
    def program(T, say):
        class Product(T.autograd.Function):
            @staticmethod
            def forward(ctx, a, b):
                ctx.save_for_backward(a, b)
                return a * b

            @staticmethod
            def backward(ctx, g):
                a, b = ctx.saved_tensors
                return g * b, g * a

        with T.inference_mode():
            t = T.ones(6)
            v = T.ones(6)[:6]
        say(Product.apply(t, T.ones(6)))
        say(Product.apply(v.clone(), start(T)))
        say(Product.apply(t, start(T)))

    assert told(autodiff, program) == told(torch, program)


def test_an_attribute_that_is_missing_is_missing_from_the_node(torch):
    for T in (autodiff, torch):
        F = type("F", (T.autograd.Function,), {"forward": staticmethod(lambda ctx, a: a * 1)})
        node = F.apply(T.ones(1, requires_grad=True)).grad_fn
        with pytest.raises(AttributeError, match="'FBackward' object has no attribute 'nope'"):
            node.nope  # noqa: B018
