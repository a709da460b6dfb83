"""The optimisers of this package that PyTorch has too: options that Hypothesis may draw for each."""

from hypothesis import strategies as st

RATE = st.sampled_from([0.001, 0.02, 0.5])
DECAY = st.sampled_from([0, 0.01, 0.3])
EPS = st.sampled_from([1e-8, 1e-3])
BETAS = st.sampled_from([(0.9, 0.999), (0.5, 0.9), (0.0, 0.5), (0.8, 0.0)])
YES = st.booleans()

OPTIONS = {
    "Adam": {
        "lr": RATE, "betas": BETAS, "eps": EPS, "weight_decay": DECAY, "amsgrad": YES, "maximize": YES,
        "decoupled_weight_decay": YES,
    },
    "AdamW": {"lr": RATE, "betas": BETAS, "eps": EPS, "weight_decay": DECAY, "amsgrad": YES, "maximize": YES},
}  # fmt: skip


def options_of(name):
    """A dict of some of the optimiser's options."""
    return st.fixed_dictionaries({}, optional=OPTIONS[name])


names_and_options = st.sampled_from(sorted(OPTIONS)).flatmap(lambda name: st.tuples(st.just(name), options_of(name)))
