"""`why`, `summary` and `backward_steps`: answers about a program as it stands, which change nothing of it."""

import numpy as np
import pytest
from drawn_programs import programs, run_program
from hypothesis import given, settings

import autodiff as torch
from autodiff import nn

# ---- why ----


def test_a_leaf_before_after_and_at_zero():
    w = torch.ones(2, requires_grad=True)
    assert ".grad is None: no backward() has reached it yet" in torch.why(w)
    (w * 3).sum().backward()
    assert "Its .grad is [3 3]" in torch.why(w)
    w.grad = None
    (torch.relu(w - 5)).sum().backward()
    assert ".grad is all zeros" in torch.why(w)


def test_where_the_graph_was_cut_and_by_what():
    w = torch.ones(2, requires_grad=True)
    h = w * 2
    d = h.detach()
    k = h.argmax()
    n = torch.tensor([1.0])
    assert "detach at test_questions.py:" in torch.why(d)
    assert "argmax at test_questions.py:" in torch.why(k)
    assert "Only floating point numbers" in torch.why(k)
    assert "If it is to learn: n.requires_grad_()" in torch.why(n)
    with torch.inference_mode():
        i = w * 2
    assert "inference_mode()" in torch.why(i)


def test_a_result_and_what_became_of_its_graph():
    w = torch.ones(2, requires_grad=True)
    h = w * 2
    told = torch.why(h)
    assert told.startswith("h: (2,) float32, the result of mul at test_questions.py:")
    assert "h.retain_grad() before backward()" in told
    s = h + 1
    s.sum().backward()
    assert "can't be walked again" in torch.why(h)
    assert "can't be walked again" not in torch.why(s)  # a sum keeps nothing


def test_the_way_to_the_loss_or_that_there_is_none():
    w, v = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    loss = (w * 2).exp().sum()
    assert torch.why(w, loss).splitlines()[-1].startswith("The way back: loss ← SumBackward0 (")
    assert "v is on no way to loss" in torch.why(v, loss)
    cut = loss.detach()
    assert "cut has no graph: it was cut by detach" in torch.why(w, cut)
    model = nn.Linear(2, 1)
    assert torch.why(model.weight).startswith("model.weight: (1, 2)")


def test_a_parameter_is_asked_about_losses_and_optimizers():
    body, head = nn.Linear(2, 2), nn.Linear(2, 1)
    x = torch.ones(3, 2)
    optimizer = torch.optim.SGD(body.parameters(), lr=0.1)
    loss = head(body(x)).sum()
    told = torch.why(body.weight)
    assert "It is on a way to loss, made at test_questions.py:" in told
    assert "loss.backward() would give it a gradient" in told
    assert told.endswith("In an optimizer: yes, optimizer. (AD020)")
    other = nn.Linear(2, 1)
    assert "loss, made at test_questions.py:" in torch.why(other.weight)
    assert "was computed without it" in torch.why(other.weight)
    assert "In an optimizer: no, so no step() will change it." in torch.why(head.weight)
    loss.backward()
    optimizer.zero_grad()
    told = torch.why(body.weight)
    assert "cleared by zero_grad() at test_questions.py:" in told
    assert "backward() has come by: its .grad was cleared since" in told
    assert "AD020" not in torch.why(head.weight)


def test_detach_no_grad_and_eval_are_told_apart():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    x = torch.ones(3, 2)
    cut = model(x).detach()
    assert "cut here: detach at test_questions.py:" in torch.why(cut)
    with torch.no_grad():
        unrecorded = model(x)
    assert "in the no_grad() block at test_questions.py:" in torch.why(unrecorded)
    assert torch.why(cut).endswith("(AD021)")
    assert torch.why(unrecorded).endswith("(AD021)")


def edges(node):
    return [] if node is None else [node.name(), *(edges(to) for to, _ in node.next_functions)]


def test_eval_changes_no_edge():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.0), nn.Linear(2, 1))
    x = torch.ones(3, 2)
    training = edges(model(x).sum().grad_fn)
    loss = model.eval()(x).sum()
    assert edges(loss.grad_fn) == training
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())


def test_asking_changes_nothing():
    w = torch.ones(2, requires_grad=True)
    h = w * w
    d = h.detach()
    torch.why(w), torch.why(h), torch.why(d), torch.why(w, h.sum())
    d.requires_grad_()
    (d * h).sum().backward()
    assert w.grad.tolist() == [2, 2]
    with pytest.raises(TypeError, match="argument 'tensor' must be a Tensor, not int"):
        torch.why(3)
    with pytest.raises(TypeError, match="argument 'loss' must be a Tensor, not str"):
        torch.why(w, "loss")


# ---- summary ----


def test_the_layers_their_shapes_and_their_counts():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Sequential(nn.Linear(8, 3)))
    model[0].bias.requires_grad_(False)
    before = [p.clone() for p in model.parameters()]
    found = torch.summary(model, torch.ones(5, 4))
    assert [(layer.path, layer.kind, layer.outputs) for layer in found.layers] == [
        ("", "Sequential", [(5, 3)]), ("0", "Linear", [(5, 8)]), ("1", "ReLU", [(5, 8)]), ("2", "Sequential", [(5, 3)]),
        ("2.0", "Linear", [(5, 3)]),
    ]
    assert found.multiplications == 5 * 4 * 8 + 5 * 8 * 3
    assert (found.parameters, found.trained) == (4 * 8 + 8 + 8 * 3 + 3, 4 * 8 + 8 * 3 + 3)
    assert found.kept == 5 * 8 * 4  # what relu computed: for itself, and as the input of the layer behind it
    assert "8 of them fixed" in str(found)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_convolutions_are_counted():
    found = torch.summary(nn.Conv2d(3, 8, 3, padding=1), torch.ones(2, 3, 6, 6))
    assert found.multiplications == 2 * 8 * 36 * 27
    assert torch.summary(nn.ConvTranspose2d(3, 8, 3), torch.ones(2, 3, 6, 6)).multiplications == 2 * 3 * 36 * 8 * 9


def test_the_layer_that_fails_is_named():
    model = nn.Sequential(nn.Linear(4, 8), nn.Sequential(nn.ReLU(), nn.Linear(7, 3)))
    text = str(torch.summary(model, torch.ones(5, 4)))
    assert "failed on (5, 8)" in text
    assert text.splitlines()[-1].startswith("1.1 failed: RuntimeError: mat1 and mat2 shapes cannot be multiplied")


def test_a_summary_leaves_buffers_and_random_numbers_alone():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5))
    torch.manual_seed(0)
    torch.summary(model, torch.randn(4, 3))
    assert model[0].running_mean.tolist() == [0, 0, 0]
    assert model[0].num_batches_tracked.item() == 0
    torch.manual_seed(0)
    torch.randn(4, 3)
    expected = torch.rand(1).item()
    torch.manual_seed(0)
    torch.summary(model, torch.randn(4, 3))
    assert torch.rand(1).item() == expected
    with pytest.raises(TypeError, match="argument 'model' must be a Module, not int"):
        torch.summary(3)


# ---- backward_steps ----


@settings(max_examples=60)
@given(programs())
def test_the_steps_of_drawn_programs_add_up_to_grad(program):
    class Stop(Exception):
        pass

    count, steps, seed, _ = program
    found = {}
    real = torch.Tensor.backward

    def spy(loss, **options):
        for step in torch.backward_steps(loss):
            for to, g in step.sent:
                if isinstance(to, torch.Tensor):
                    found[to] = g if to not in found else found[to] + g
        assert all(to.grad is None for to in found)
        real(loss, **options)

    torch.Tensor.backward = spy
    try:
        leaves = run_program((count, steps, seed, False), False)
    finally:
        torch.Tensor.backward = real
    for leaf in leaves:
        assert (leaf.grad is None) == (leaf not in found)
        assert leaf.grad is None or np.array_equal(leaf.grad.numpy(), found[leaf].numpy(), equal_nan=True)


def test_a_step_says_what_it_is():
    w = torch.tensor(3.0, requires_grad=True)
    y = w * w
    first, second = torch.backward_steps(y.exp())
    assert (first.name, first.rules, first.g.item()) == ("ExpBackward0", ["g · y"], 1.0)
    assert second.node is y.grad_fn
    assert [to is w for to, _ in second.sent] == [True, True]
    assert second.line.startswith("test_questions.py:")
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        list(torch.backward_steps(y * 2))
    with pytest.raises(RuntimeError, match=r"has shape \[2\]: it must be a single number"):
        next(torch.backward_steps(torch.ones(2, requires_grad=True) * 2))
    with pytest.raises(TypeError, match="argument 'loss' must be a Tensor, not int"):
        torch.backward_steps(3)
    with pytest.raises(RuntimeError, match="has no graph"):
        next(torch.backward_steps(torch.ones(1)))
