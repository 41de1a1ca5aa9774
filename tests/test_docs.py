"""What is said of the public names: all of them in the package's contents, with a docstring; functions with an example."""

import inspect
import re

import pytest

import fastgd

NAMES = sorted(set(fastgd.__all__) - {"gallery"})  # a dictionary: what is in it explains itself


def test_the_package_reads_like_a_table_of_contents():
    listed = set(re.findall(r"\w+", fastgd.__doc__))
    warned = {
        name for name in NAMES if isinstance(getattr(fastgd, name), type) and issubclass(getattr(fastgd, name), Exception)
    }
    parts = {"Cell", "History", "Minimum", "PathStatus", "Status"}  # of results that are listed
    assert set(NAMES) - listed == warned | parts
    assert "gallery" in listed
    assert not re.findall(r"[^\x00-\x7f]", fastgd.__doc__)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_explained(name):
    value = getattr(fastgd, name)
    text = inspect.getdoc(value)
    assert text
    assert text[0].isupper() or not text[0].isalpha() or "<-" in text or "^" in text, text.splitlines()[0]
    if inspect.isfunction(value):
        assert ">>>" in text, f"{name} has no example"
    if inspect.isclass(value):
        for method, function in vars(value).items():
            if not method.startswith("_") and (
                inspect.isfunction(function) or isinstance(function, (classmethod, property))
            ):
                assert inspect.getdoc(getattr(value, method)), f"{name}.{method} has no docstring"


def test_every_parameter_of_a_public_function_is_named_in_its_docstring():
    silent = []
    for name in NAMES:
        value = getattr(fastgd, name)
        if inspect.isfunction(value):
            text = inspect.getdoc(value)
            for parameter in inspect.signature(value).parameters:
                if not re.search(rf"\b{parameter}\b", text) and "as for `" not in text:
                    silent.append(f"{name}({parameter})")
    assert silent == []
