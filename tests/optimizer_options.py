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
    "Adamax": {"lr": RATE, "betas": BETAS, "eps": EPS, "weight_decay": DECAY, "maximize": YES},
    "NAdam": {
        "lr": RATE, "betas": BETAS, "eps": EPS, "weight_decay": DECAY, "momentum_decay": st.sampled_from([0.004, 0.5]),
        "decoupled_weight_decay": YES, "maximize": YES,
    },
    "RAdam": {
        "lr": RATE, "betas": BETAS, "eps": EPS, "weight_decay": DECAY, "decoupled_weight_decay": YES, "maximize": YES,
    },
    "Adagrad": {
        "lr": RATE, "lr_decay": DECAY, "weight_decay": DECAY, "initial_accumulator_value": DECAY, "eps": EPS, "maximize": YES,
    },
    "Adadelta": {
        "lr": st.sampled_from([0.1, 1.0]), "rho": st.sampled_from([0.9, 0.5, 1.0]), "eps": st.sampled_from([1e-6, 1e-2]),
        "weight_decay": DECAY, "maximize": YES,
    },
    "RMSprop": {
        "lr": RATE, "alpha": st.sampled_from([0.99, 0.5]), "eps": st.sampled_from([1e-2, 0.1]), "weight_decay": DECAY,
        "momentum": st.sampled_from([0, 0.9]), "centered": YES, "maximize": YES,
    },
    "Rprop": {
        "lr": RATE, "etas": st.sampled_from([(0.5, 1.2), (0.1, 3.0)]),
        "step_sizes": st.sampled_from([(1e-6, 50), (0.01, 0.03)]), "maximize": YES,
    },
    "ASGD": {
        "lr": RATE, "lambd": st.sampled_from([1e-4, 0.3]), "alpha": st.sampled_from([0.75, 1.0]),
        "t0": st.sampled_from([1e6, 2, 0]), "weight_decay": DECAY, "maximize": YES,
    },
    "Adafactor": {
        "lr": RATE, "beta2_decay": st.sampled_from([-0.8, 0, -2.0]), "eps": st.sampled_from([(None, 1e-3), (1e-3, 0.5)]),
        "d": st.sampled_from([1.0, 2.0]), "weight_decay": DECAY, "maximize": YES,
    },
    "Muon": {
        "lr": RATE, "weight_decay": DECAY, "momentum": st.sampled_from([0, 0.5, 0.95]), "nesterov": YES,
        "ns_steps": st.integers(1, 5),
        "ns_coefficients": st.sampled_from([(3.4445, -4.775, 2.0315), (1.5, -0.5, 0.0)]),
        "adjust_lr_fn": st.sampled_from([None, "original", "match_rms_adamw"]),
    },
    "AdamW": {"lr": RATE, "betas": BETAS, "eps": EPS, "weight_decay": DECAY, "amsgrad": YES, "maximize": YES},
}  # fmt: skip


def options_of(name):
    """A dict of some of the optimiser's options."""
    return st.fixed_dictionaries({}, optional=OPTIONS[name])


names_and_options = st.sampled_from(sorted(OPTIONS)).flatmap(lambda name: st.tuples(st.just(name), options_of(name)))
