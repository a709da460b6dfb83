"""Hooks on everything: when the last one is taken away, calls are as quick and as plain as before it came."""

import pytest

import autodiff
from autodiff import nn, optim
from autodiff.nn._everywhere import EVERYWHERE
from autodiff.optim.optimizer import _of_all


def refusal(call):
    with pytest.raises(Exception) as caught:
        call()
    return len(caught.traceback)


KINDS = ["forward_pre_hook", "forward_hook", "full_backward_pre_hook", "full_backward_hook", "backward_hook"]


@pytest.mark.parametrize("kind", KINDS)
def test_modules(kind):
    layer, register = nn.Linear(2, 3), getattr(nn.modules.module, f"register_module_{kind}")
    before = refusal(lambda: layer(autodiff.ones(4, 5)))
    handles = [register(lambda *args: None) for _ in range(2)]
    handles[0].remove()
    assert [*map(len, EVERYWHERE.values())] == [1]
    handles[1].remove()
    handles[1].remove()
    assert not EVERYWHERE
    assert refusal(lambda: layer(autodiff.ones(4, 5))) == before
    with register(lambda *args: None):
        assert EVERYWHERE
    assert not EVERYWHERE


@pytest.mark.parametrize("kind", ["pre", "post"])
def test_optimizers(kind):
    optimizer = optim.LBFGS([autodiff.ones(2, requires_grad=True)])
    before = refusal(optimizer.step)
    handle = getattr(optim.optimizer, f"register_optimizer_step_{kind}_hook")(lambda *args: None)
    assert _of_all
    handle.remove()
    assert not _of_all
    assert refusal(optimizer.step) == before
