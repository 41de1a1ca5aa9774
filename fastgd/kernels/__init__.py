"""Every compiled function of fastgd: arrays and scalars in, arrays and scalars out.

The modules of this folder are imported on first use, so that ``import fastgd`` loads no numba (0.3 s) and
compiles nothing.
"""

from importlib import import_module
from types import ModuleType

_MODULES = (
    "affine",
    "direct",
    "fourth",
    "landscape",
    "leaveout",
    "moments",
    "optimizers",
    "orders",
    "paths",
    "quotes",
    "runs",
    "sgd",
    "smoothing",
    "synthetic",
)


def __getattr__(name: str) -> ModuleType:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def cache_folder() -> str | None:
    """Return the folder that compiled kernels are kept in, or None if they cannot be."""
    kept = getattr(import_module(f"{__name__}.moments").line_sums, "stats", None)
    return None if kept is None else kept.cache_path
