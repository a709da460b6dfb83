"""torch.autograd.graph: edges instead of tensors, one hook for several tensors, what nodes keep; against PyTorch."""

import pytest

import autodiff

torch = pytest.importorskip("torch")


def outcome(T, program):
    """What the program says, and the class of the error that ends it."""
    said = []
    T.manual_seed(0)
    try:
        program(T, T.autograd.graph, lambda *found: said.append(repr(found).replace("<built-in method ", "")))
    except Exception as error:
        said.append(type(error).__name__)
    return said


PROGRAMS = []


def program(function):
    PROGRAMS.append(function)
    return function


def products(T):
    a, b = T.tensor([1.0, 2.0], requires_grad=True), T.tensor([3.0, 4.0], requires_grad=True)
    return a, b, a * b, (a * b).exp()


@program
def one_hook_for_all(T, graph, say):
    a, b, c, d = products(T)
    e = d.split(1)[1]
    handle = graph.register_multi_grad_hook((a, b, c, d, e), lambda gs: say([None if g is None else g.tolist() for g in gs]))
    c.sum().backward(retain_graph=True)
    c.sum().backward(inputs=(a,), retain_graph=True)
    (c + d).sum().backward(retain_graph=True)
    (e.sum() + c.sum()).backward(retain_graph=True)
    T.autograd.grad(c.sum(), [c], retain_graph=True)
    handle.remove()
    c.sum().backward()


@program
def one_hook_in_a_walk_inside_a_walk(T, graph, say):
    a, _b, c, d = products(T)
    graph.register_multi_grad_hook((c, a), lambda gs: say("outer", [g is not None for g in gs]))
    d.register_hook(lambda g: c.sum().backward(retain_graph=True))
    (d + c).sum().backward()
    say(a.grad.tolist())


@program
def one_hook_for_the_first(T, graph, say):
    _a, _b, c, d = products(T)
    with graph.register_multi_grad_hook((c, d, T.ones(2)), lambda g: say(g.tolist()), mode="any"):
        (c + 2 * d).sum().backward(retain_graph=True)
        d.sum().backward(retain_graph=True)
    d.sum().backward()


@program
def one_hook_with_another_mode(T, graph, say):
    graph.register_multi_grad_hook((T.ones(1, requires_grad=True),), say, mode="some")


@program
def an_error_in_the_hook_for_all_does_not_disturb_the_next_walk(T, graph, say):
    _a, _b, c, d = products(T)
    handles = [graph.register_multi_grad_hook((c, d), lambda gs: say(len(gs)))]
    broken = c.register_hook(lambda g: 1 / 0)
    try:
        (c + d).sum().backward(retain_graph=True)
    except ZeroDivisionError:
        say("failed")
    broken.remove()
    (c + d).sum().backward()
    say(len(handles))


@program
def edges_as_targets_and_roots(T, graph, say):
    a, b, c, d = products(T)
    edge = graph.get_gradient_edge(d)
    say(edge.output_nr, edge.node.name(), [g.tolist() for g in T.autograd.grad((d * d).sum(), edge)])
    leaf = graph.get_gradient_edge(a)
    say(leaf.node.name(), leaf.node.variable is a, [g.tolist() for g in T.autograd.grad(c.sum(), [leaf, b], retain_graph=True)])
    made = graph.GradientEdge(c.grad_fn, 0)
    say([g.tolist() for g in T.autograd.grad(made, a, T.ones(2), retain_graph=True)])
    T.autograd.backward(made, T.ones(2), inputs=[leaf], retain_graph=True)
    say(a.grad.tolist(), b.grad)
    T.autograd.backward([graph.get_gradient_edge(c.sum()), c.sum()])
    say(a.grad.tolist(), b.grad.tolist())


@program
def edges_of_an_operation_with_several_outputs(T, graph, say):
    x = T.tensor([[3.0, 1.0], [0.0, 2.0]], requires_grad=True)
    values, _places = T.sort(x, dim=1)
    first, second = values.unbind(1)
    edge = graph.get_gradient_edge(second)
    say(edge.output_nr, [g.tolist() for g in T.autograd.grad((first + 2 * second).sum(), edge, retain_graph=True)])
    T.autograd.backward(edge, T.ones(2))
    say(x.grad.tolist())


@program
def an_unused_edge(T, graph, say):
    _a, _b, c, d = products(T)
    say(T.autograd.grad(c.sum(), graph.get_gradient_edge(d), allow_unused=True, retain_graph=True))
    T.autograd.grad(c.sum(), graph.get_gradient_edge(d))


@program
def an_edge_that_needs_a_gradient(T, graph, say):
    T.autograd.backward(graph.get_gradient_edge(products(T)[2]))


@program
def an_edge_with_a_gradient_of_another_shape(T, graph, say):
    T.autograd.backward(graph.get_gradient_edge(products(T)[2]), T.ones(3))


@program
def no_edge_without_a_graph(T, graph, say):
    graph.get_gradient_edge(T.ones(1))


@program
def what_nodes_keep(T, graph, say):
    x = T.randn(5, requires_grad=True)
    y = x.pow(2)
    say(x.equal(y.grad_fn._saved_self), x is y.grad_fn._saved_self)
    y = x.exp()
    say(y.equal(y.grad_fn._saved_result), y is y.grad_fn._saved_result, y.grad_fn._saved_result.grad_fn is y.grad_fn)
    z = (x * 2) * y
    say(z.grad_fn._saved_other.equal(y), hasattr(z.grad_fn, "_saved_result"), hasattr((x + 1).grad_fn, "_saved_self"))
    with graph.saved_tensors_hooks(lambda t: t * 4, lambda t: t / 4):
        w = x.exp()
    say(w.equal(w.grad_fn._saved_result))
    y.sum().backward()
    say(y.grad_fn._saved_result)


@program
def nodes(T, graph, say):
    _a, _b, c, d = products(T)
    nodes = [d.grad_fn, c.grad_fn, c.grad_fn.next_functions[0][0]]
    say([(isinstance(n, graph.Node), issubclass(type(n), graph.Node), n.name(), n.metadata) for n in nodes])
    nodes[2].metadata["of"] = "a"
    say(c.grad_fn.next_functions[0][0].metadata)


@program
def hooks_of_saved_tensors_forbidden(T, graph, say):
    with graph.disable_saved_tensors_hooks("outer"):
        with graph.disable_saved_tensors_hooks("inner"):
            try:
                graph.save_on_cpu().__enter__()
            except RuntimeError as error:
                say(str(error))
        try:
            graph.saved_tensors_hooks(abs, abs).__enter__()
        except RuntimeError as error:
            say(str(error))
    with graph.save_on_cpu():
        say(products(T)[3].tolist())
        with graph.disable_saved_tensors_hooks("too late"):
            say("not here")


@program
def what_is_kept_may_be_changed(T, graph, say):
    with graph.allow_mutation_on_saved_tensors():
        a, b, c, d = products(T)
        e = (c**2).sum() + d.sum()
        c.sin_()
        d.mul_(3)
        with T.no_grad():
            b.zero_()
        e.backward(retain_graph=True)
        say(a.grad.tolist(), b.grad.tolist())
        (d + c).sum().backward(retain_graph=True)
        say([round(v, 4) for v in a.grad.tolist()])
    e.backward()


@program
def blocks_that_allow_changes_are_not_nested(T, graph, say):
    with graph.allow_mutation_on_saved_tensors(), graph.allow_mutation_on_saved_tensors():
        say("not here")


@pytest.mark.parametrize("each", PROGRAMS, ids=lambda each: each.__name__)
@pytest.mark.filterwarnings("error")
def test_program(each):
    with autodiff.lenient():
        assert outcome(autodiff, each) == outcome(torch, each)


def test_gradients_that_pytorch_refuses():
    """PyTorch has no hook of several tensors in `grad` with a leaf among them."""
    found = []
    with autodiff.lenient():
        a, b, c, _ = products(autodiff)
        autodiff.autograd.graph.register_multi_grad_hook((a, b, c), lambda gs: found.append([g is not None for g in gs]))
        autodiff.autograd.grad(c.sum(), [b], retain_graph=True)
        assert found == [[False, True, True]]


def test_old_paths_lead_to_the_same():
    from autodiff.autograd import anomaly_mode, grad_mode

    assert grad_mode.no_grad is autodiff.no_grad
    assert anomaly_mode.detect_anomaly is autodiff.autograd.detect_anomaly
