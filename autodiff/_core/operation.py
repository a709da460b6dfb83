"""What is known of an operation before it is ever called: its forward, its partial derivatives, and what these need.

After this module a reader knows how much is read off a rule such as `lambda g, other: g * other`. The names of its arguments
decide what is kept for backward. Its code, run with every operation's name standing for that operation's forward, is what a
first order walk runs on arrays. Both are worked out once per operation and choice of inputs that need a gradient: a *plan*.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from types import CodeType, FunctionType
from typing import Any, NamedTuple, Protocol

from numpy import ndarray

from autodiff._core import errors
from autodiff._core.tensor import Tensor, wrap

__all__ = [
    "ALL", "INPUT", "NUMBER", "NUMPYS", "OUTPUT", "PARAM", "SHAPE", "SHAPES",
    "Operation", "Plan", "Promotion", "Recorded", "on_arrays", "source_of",
]

Rule = Callable[..., Any]

# Where a kept value comes from: an input, an output, a parameter, an input's shape, the input's own number; all
# inputs, all their shapes.
INPUT, OUTPUT, PARAM, SHAPE, NUMBER, ALL, SHAPES = range(7)

# Suffixes of a forward that is one of several behind a single public name: sum_all and sum_over for sum.
_VARIANTS = ("_all", "_over", "_along", "_rows")


class Promotion(NamedTuple):
    """How the inputs of an operation are brought to one dtype."""

    bring: Callable[[Operation, Sequence[Any]], list[Any]]
    floating: bool = False  # is that dtype a floating one in any case?
    of: tuple[str, ...] = ()  # the inputs it concerns; all, where none is named
    numbers: bool = True  # may one of them be a number?


class Recorded(Protocol):
    """An operation as it is called: with Tensors, and the parameters by keyword."""

    operation: Operation
    __name__: str
    __qualname__: str

    def __call__(self, *inputs: Any, **params: Any) -> Tensor:
        """The result, recorded where an input requires a gradient."""


@dataclass(slots=True, eq=False)
class Operation:
    """One operation. `primitive` makes it; every recorded node of it leads back to it."""

    forward: Callable[..., Any]  # on arrays
    partials: tuple[Rule | None, ...]  # one per input; None where there is no derivative
    name: str = ""  # what grad_fn prints, without "Backward0" unless it holds "Backward"; whole where it ends in "!"
    public: str = ""  # what users call it, for messages
    promote: Promotion | None = None
    view: bool | str = False  # the output is a view of the first input; "maybe" where NumPy decides
    constants: int = 0  # so many outputs at the end have no slope of their own: they are there for the rules
    variadic: bool = False  # any number of tensors, with one rule that is told its input's position as `i`
    numbers: bool = False  # numbers alone are taken too, as in PyTorch's torch.add(1, 2)
    walked_once: bool = False  # a second walk is refused, although no tensor is kept
    silent: bool = True  # NumPy's floating point warnings are held back; False where none can come, as none does from a view
    check: Callable[[list[Any], Any], None] | None = None  # sees inputs and common dtype before they are brought to it
    says: str = ""  # the one sentence about its derivative that a learner keeps
    together: Rule | None = None  # one rule for all inputs, on arrays; then there are no partials, see together.py
    composed: Callable[..., Any] | None = None  # with it: the same in ordinary operations
    base: type | None = None  # of its class of nodes, where that is not Node itself
    inputs: tuple[str, ...] = field(init=False)  # the names of its tensors
    defaults: dict[str, Any] = field(init=False)  # its parameters
    words: dict[Rule, tuple[str, ...]] = field(init=False)  # what each rule asks for besides g
    plans: dict[int, Plan] = field(init=False, default_factory=dict)
    node_class: Any = field(init=False, default=None)  # its own subclass of Node, made when it is first recorded

    def __post_init__(self) -> None:
        if not isinstance(self.forward, FunctionType):
            raise TypeError(
                f"primitive: the forward must be a function written with def or lambda, not {type(self.forward).__name__}: "
                "partials ask for its arguments by their names, and it has none; write `def name(input): return ...` around it"
            )
        code, title = self.forward.__code__, self.forward.__name__
        tensors, parameters = code.co_argcount, code.co_kwonlyargcount
        names = code.co_varnames
        self.inputs = (names[tensors + parameters],) if self.variadic else names[:tensors]
        defaults = self.forward.__kwdefaults__ or {}
        self.defaults = {k: defaults.get(k) for k in names[tensors : tensors + parameters]}
        self.words = {rule: _words(rule, title) for rule in (*self.partials, self.together) if rule is not None}
        known = {"i", "needs", *self.inputs, *self.defaults, *(f"{name}_shape" for name in self.inputs)}
        for name in (name for words in self.words.values() for name in words):
            if name not in known and not re.fullmatch(r"y\d*", name):
                raise TypeError(
                    f"{title}: a partial asks for '{name}', which is neither an argument of the forward, nor y, the output; "
                    f"known are {', '.join(sorted(known))}"
                )
        if {"g", "y"} & set(self.inputs) and not title.endswith("_grad"):
            raise TypeError(f"{title}: g and y mean the gradient and the output; rename the argument")
        self.name = self.name or "".join(word.capitalize() for word in title.split("_"))
        if self.name.endswith("!"):
            self.name = self.name[:-1]
        elif "Backward" not in self.name:
            self.name += "Backward0"
        self.public = self.public or _without_variant(title)
        self.silent = self.silent and not self.view  # nothing is computed in a view

    def rule_of(self, i: int) -> Rule | None:
        """The partial derivative with respect to input number i."""
        if self.variadic:
            return self.partials[0] if self.partials else None
        return self.partials[i] if i < len(self.partials) else None

    def plan(self, needs: int, inputs: int) -> Plan:
        """What to keep and which rules to run, where the bits of `needs` say which inputs need a gradient."""
        plan = Plan(self, needs, inputs)
        if not self.variadic:  # there it depends on their number, too
            self.plans[needs] = plan
        return plan

    def input_name(self, i: int) -> str:
        """What input number i is called."""
        return self.inputs[min(i, len(self.inputs) - 1)]

    def placed(self, xs: tuple[Any, ...], params: dict[str, Any]) -> tuple[Any, ...]:
        """The inputs in their order, those given by name too, as in mul(x, other=y); TypeError for one that is missing."""
        given = {name: params.pop(name) for name in self.inputs if name in params}
        for numpys, ours in NUMPYS.items():
            if numpys in params and ours in self.inputs and ours not in given:
                given[ours] = params.pop(numpys)
        for name in params:
            if name not in self.defaults and name != "out":  # whether that is taken is known where it is called
                raise errors.unexpected_keyword(self.public, name)
        for name in given:
            if self.inputs.index(name) < len(xs):
                raise errors.given_twice(self.public, name)
        rest = self.inputs[len(xs) :]
        missing = [name for name in rest if name not in given]
        if missing or len(xs) > len(self.inputs):
            raise errors.wrong_count(self.public, self.inputs, len(xs), missing)
        return (*xs, *(given[name] for name in rest))


# NumPy's names for tensor arguments, mapped to PyTorch's.
NUMPYS: dict[str, str] = {"x": "input", "a": "input", "x1": "input", "x2": "other"}


def _words(rule: Rule, title: str) -> tuple[str, ...]:
    names = rule.__code__.co_varnames[: rule.__code__.co_argcount]
    if not names or names[0] != "g":
        raise TypeError(f"{title}: the first argument of a partial is g, not {names[0] if names else 'nothing'}")
    return names[1:]


def _without_variant(title: str) -> str:
    for ending in _VARIANTS:
        title = title.removesuffix(ending)
    return title.strip("_")


# One partial of a plan: which input it belongs to, its rule on Tensors (under create_graph) and on arrays (in a first order
# walk), where its only argument stands among what is kept (-1: it has none, or several), and how to pick its arguments there.
Pull = tuple[int, Rule, Rule, int, Callable[[Sequence[Any]], Sequence[Any]]]


class Plan:
    """For one operation and one choice of inputs that need a gradient: what to keep, and which rules to run."""

    __slots__ = ("inputs", "keep", "names", "others", "outputs", "pulls", "saves")

    def __init__(self, operation: Operation, needs: int, inputs: int) -> None:
        sources: dict[tuple[int, Any, str], None] = {}  # (kind of source, key, name), each once, in their order
        chosen: list[tuple[int, Rule, list[tuple[int, Any, str]]]] = []
        if operation.together is not None:  # one rule for all of them, and all that `composed` starts from
            chosen = [(-1, operation.together, [source_of(operation, n, 0) for n in operation.words[operation.together][1:]])]
            every = [*operation.inputs, *operation.defaults]
            sources |= dict.fromkeys([*(source_of(operation, name, 0) for name in every), *chosen[0][2]])
            needs = 0
        for i in range(inputs):
            if not needs >> i & 1:
                continue
            rule = operation.rule_of(i)
            if rule is None:
                raise errors.no_derivative(operation.public, operation.input_name(i))
            named = [source_of(operation, name, i) for name in operation.words[rule]]
            chosen.append((i, rule, named))
            sources |= dict.fromkeys(named)
        keep = sorted(sources, key=itemgetter(0))  # stable: inputs first, then outputs, then the others
        self.keep = [(source, key) for source, key, _ in keep]
        self.names = [name for _, _, name in keep]
        self.inputs = [key for source, key in self.keep if source == INPUT]
        self.outputs = [key for source, key in self.keep if source == OUTPUT]
        self.others = [(source, key) for source, key in self.keep if source > OUTPUT]
        places = {name: k for k, name in enumerate(self.names)}
        made: dict[Rule, Rule] = {}
        self.pulls = [_pull(i, rule, named, places, made) for i, rule, named in chosen]
        # A node that keeps no tensor may be walked twice without retain_graph; not so a write into a part, as in PyTorch.
        # What names places is a tensor that PyTorch keeps.
        self.saves = operation.walked_once or any(
            source in (INPUT, OUTPUT, ALL) or key in ("mask", "places") for source, key in self.keep
        )

    @classmethod
    def empty(cls, saves: bool) -> Plan:
        """The plan of a node that runs no rules: a Function of the user's, which saves something of its own or nothing."""
        plan = cls.__new__(cls)
        plan.inputs, plan.keep, plan.names, plan.others, plan.outputs, plan.pulls = [], [], [], [], [], []
        plan.saves = saves
        return plan


def _pull(
    i: int, rule: Rule, sources: list[tuple[int, Any, str]], places: dict[str, int], made: dict[Rule, Rule]
) -> Pull:
    """What runs the rule of input i. `made` holds the rules as they run on arrays: the inputs of a `cat` share one."""
    at = [places[name] for _, _, name in sources]
    if rule not in made and rule.__globals__.get("__name__", "").startswith("autodiff."):
        made[rule] = on_arrays(rule)
    elif rule not in made:
        made[rule] = _on_tensors(rule, [source in (INPUT, OUTPUT, ALL) for source, _, _ in sources])
    return i, rule, made[rule], at[0] if len(at) == 1 else -1, _picker(at)


def source_of(operation: Operation, name: str, i: int) -> tuple[int, Any, str]:
    """Where the value that a rule of input i names comes from: (kind of source, key, name)."""
    if name == "i":
        return NUMBER, i, f"i={i}"
    if name in operation.defaults:
        return PARAM, name, name
    if operation.variadic and name == operation.inputs[0]:
        return ALL, None, name
    if operation.variadic and name == operation.inputs[0] + "_shape":
        return SHAPES, None, name
    if name in operation.inputs:
        return INPUT, operation.inputs.index(name), name
    if name.endswith("_shape"):
        return SHAPE, operation.inputs.index(name[:-6]), name
    return OUTPUT, int(name[1:] or 0), name  # y, or y0, y1, ... of an operation with several outputs


def _picker(places: list[int]) -> Callable[[Sequence[Any]], Any]:
    """A function that takes the kept values and returns those at `places`."""
    first = places[0] if places else 0
    if places == list(range(first, first + len(places))):
        return itemgetter(slice(first, first + len(places)))
    return itemgetter(*places)


def on_arrays(rule: Rule) -> Rule:
    """A rule made of operations, to be run on arrays: the same code, where an operation's name means its forward function.

    On arrays an operation would only find out that there is nothing to record, which costs more than many products do. The
    names are looked up once, when the first node of its kind is made.
    """
    names = rule.__globals__
    world = {name: _forward_of(names[name]) for name in _names_read(rule.__code__) if name in names}
    world["__builtins__"] = names["__builtins__"]
    made = FunctionType(rule.__code__, world, rule.__name__, rule.__defaults__, rule.__closure__)
    made.__kwdefaults__ = rule.__kwdefaults__
    return made


def _on_tensors(rule: Rule, boxed: list[bool]) -> Rule:
    """A rule of the user's as a first order walk runs it: on tensors, as under create_graph, where nothing is recorded.

    It may call whatever takes tensors, and an array's methods do not all mean the same: `x.max(0)`, `x.repeat(2)`, `x.std()`.
    """

    def on_tensors(g: Any, *kept: Any) -> Any:
        gradient = _boxed(g)
        given = [_boxed(k) if box else k for k, box in zip(kept, boxed, strict=True)]
        reply = rule(gradient, *given)
        for name, x in zip(rule.__code__.co_varnames, (gradient, *given), strict=False):
            if isinstance(x, Tensor) and x._cell[0]:
                raise errors.rule_changed(name, x._cell[1])
        if not isinstance(reply, Tensor):
            return reply
        return reply._array if reply is gradient else reply._array.copy()  # it may be a tensor that others see

    return on_tensors


def _boxed(kept: Any) -> Any:
    if isinstance(kept, ndarray):
        return wrap(kept)
    return [_boxed(k) for k in kept] if isinstance(kept, (list, tuple)) else kept


def _forward_of(value: Any) -> Any:
    operation = getattr(value, "operation", None)
    return operation.forward if isinstance(operation, Operation) else value


def _names_read(code: CodeType) -> set[str]:
    """The global names that a function's code reads, those of the comprehensions in it too."""
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return {*code.co_names, *(name for each in inner for name in _names_read(each))}
