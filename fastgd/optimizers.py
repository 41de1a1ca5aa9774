"""Update rules by name or as frozen instances: what is subtracted from the parameters, given the gradient g.

g is the gradient of (mean loss + l2 w.w) over the batch. Formulas and defaults are those of PyTorch's `torch.optim`, save
that the bias is never penalised and that a factor 1/2 is nowhere: their weight_decay is 2 l2.
"""

from dataclasses import astuple, dataclass
from typing import Any, ClassVar

from .checks import nearest, number


@dataclass(frozen=True)
class Optimizer:
    """An update rule: its code in the kernels, and its constants in the order the kernels take them."""

    code: ClassVar[int] = 0
    name: ClassVar[str] = "plain"
    auto: ClassVar[float | None] = None
    """The rate that "auto" stands for, where curvature says nothing of it."""

    @property
    def constants(self) -> tuple[float, ...]:
        """The rule's numbers, three of them."""
        return (*astuple(self), 0.0, 0.0, 0.0)[:3]

    def limit(self) -> float:
        """The largest stable rate of full batches on a quadratic, in units of 2 / h_max."""
        return 1.0

    def _check(self, **bounds: tuple[float, float]) -> None:
        for name, (low, high) in bounds.items():
            value = number(getattr(self, name), name)
            if not low <= value < high:
                bounds_said = f"{low:g} or above" if high == float("inf") else f"at least {low:g} and below {high:g}"
                raise ValueError(f"{name} is {value:g}: it must be {bounds_said}")
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Plain(Optimizer):
    """theta <- theta - rate g.

    >>> import fastgd
    >>> round(fastgd.fit([1, 2, 4], [3, 5, 9], optimizer=fastgd.Plain(), learning_rate=0.1, epochs=300).w, 4)
    2.0
    """


@dataclass(frozen=True)
class Momentum(Optimizer):
    """v <- momentum v + g; theta <- theta - rate v. Polyak, "Some methods of speeding up the convergence ...", 1964.

    >>> import fastgd
    >>> round(fastgd.fit([1, 2, 4], [3, 5, 9], optimizer=fastgd.Momentum(0.8), learning_rate=0.1, epochs=300).w, 4)
    2.0
    """

    momentum: float = 0.9
    code = 1
    name = "momentum"

    def __post_init__(self) -> None:
        self._check(momentum=(0.0, 1.0))

    def limit(self) -> float:
        """1 + momentum."""
        return 1.0 + self.momentum


@dataclass(frozen=True)
class Nesterov(Optimizer):
    """v <- momentum v + g; theta <- theta - rate (g + momentum v). Sutskever, Martens, Dahl and Hinton, ICML 2013.

    >>> import fastgd
    >>> round(fastgd.fit([1, 2, 4], [3, 5, 9], optimizer=fastgd.Nesterov(0.8), learning_rate=0.05, epochs=300).w, 4)
    2.0
    """

    momentum: float = 0.9
    code = 2
    name = "nesterov"

    def __post_init__(self) -> None:
        self._check(momentum=(0.0, 1.0))

    def limit(self) -> float:
        """(1 + momentum) / (1 + 2 momentum)."""
        return (1.0 + self.momentum) / (1.0 + 2.0 * self.momentum)


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """s <- s + g^2; theta <- theta - rate g / (sqrt s + epsilon). Duchi, Hazan and Singer, JMLR 12, 2011.

    >>> import fastgd
    >>> round(fastgd.fit([1, 2, 4], [3, 5, 9], optimizer=fastgd.Adagrad(), learning_rate=1.0, epochs=1000).w, 4)
    2.0
    """

    epsilon: float = 1e-10
    code = 3
    name = "adagrad"
    auto = 0.01

    def __post_init__(self) -> None:
        self._check(epsilon=(0.0, float("inf")))

    def limit(self) -> float:
        """Not known: steps depend on the gradients' history."""
        return float("nan")


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """s <- decay s + (1 - decay) g^2; theta <- theta - rate g / (sqrt s + epsilon). Tieleman and Hinton, 2012.

    PyTorch calls the decay alpha.

    >>> import fastgd
    >>> round(fastgd.fit([1, 2, 4], [3, 5, 9], optimizer=fastgd.RMSProp(decay=0.9), learning_rate=0.01, epochs=1000).w, 1)
    2.0
    """

    decay: float = 0.99
    epsilon: float = 1e-8
    code = 4
    name = "rmsprop"
    auto = 0.01

    def __post_init__(self) -> None:
        self._check(decay=(0.0, 1.0), epsilon=(0.0, float("inf")))

    def limit(self) -> float:
        """Not known: steps depend on the gradients' history."""
        return float("nan")


@dataclass(frozen=True)
class Adam(Optimizer):
    """m <- beta1 m + (1 - beta1) g; s <- beta2 s + (1 - beta2) g^2; after t updates, with m' = m / (1 - beta1^t) and s'
    alike, theta <- theta - rate m' / (sqrt s' + epsilon). The betas weigh the old value. Kingma and Ba, ICLR 2015.

    >>> import fastgd
    >>> round(fastgd.fit([1, 2, 4], [3, 5, 9], optimizer=fastgd.Adam(beta1=0.8), learning_rate=0.1, epochs=1000).w, 6)
    2.0
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    code = 5
    name = "adam"
    auto = 0.001

    def __post_init__(self) -> None:
        self._check(beta1=(0.0, 1.0), beta2=(0.0, 1.0), epsilon=(0.0, float("inf")))

    def limit(self) -> float:
        """Not known: steps depend on the gradients' history."""
        return float("nan")


@dataclass(frozen=True)
class Implicit(Optimizer):
    """theta <- argmin of (the batch's mean loss + l2 w.w) + |theta' - theta|^2 / (2 rate): stable at every rate.

    On one sample of any loss, and on batches of the squared loss. PyTorch has no such rule. Toulis and Airoldi,
    "Asymptotic and finite-sample properties of estimators based on stochastic gradients", Annals of Statistics 45, 2017.

    >>> import fastgd
    >>> round(fastgd.fit([1, 2, 4], [3, 5, 9], optimizer=fastgd.Implicit(), learning_rate=1e6, epochs=5).w, 4)
    2.0
    """

    code = 6
    name = "implicit"

    def limit(self) -> float:
        """None: a proximal step never overshoots."""
        return float("inf")


RULES = {rule.name: rule for rule in (Plain, Momentum, Nesterov, Adagrad, RMSProp, Adam, Implicit)}


def optimizer_of(given: Any) -> Optimizer:
    """Return the rule of a name, or the instance given."""
    if isinstance(given, Optimizer):
        return given
    if isinstance(given, str) and given in RULES:
        return RULES[given]()
    raise ValueError(f"optimizer is {given!r}: it must be one of {', '.join(map(repr, RULES))}{nearest(given, RULES)}, "
                     "or an instance such as Momentum(0.9)")  # fmt: skip
