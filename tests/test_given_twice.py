"""Options of the command line that are given twice: lists go on, and of two single values neither wins in silence."""

import argparse
import json

import numpy as np
import pytest

from fastgd import cli
from fastgd.cli import main

N = 60
X = np.random.default_rng(0).normal(size=(N, 2))
Y = X @ [3.0, -2.0] + 1.0
LISTS = {"--x", "--w0", "--w-true"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("rows.npz", size=X[:, 0], age=X[:, 1], price=Y)
    return tmp_path


def fitted(capsys, *words):
    assert main(["fit", *words, "--json", "--standardize"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    "words",
    [
        ["rows.npz", "--x", "size", "--x", "age", "--y", "price"],
        ["--x", "size", "--x", "age", "--y", "price", "rows.npz"],
        ["rows.npz", "--x=size", "--y=price", "--x=age"],
    ],
)
def test_columns_given_one_by_one_are_all_used(folder, capsys, words):
    """`--x size --x age` fitted on age alone."""
    told = fitted(capsys, *words)
    assert told["names"] == ["size", "age"]
    right = np.linalg.lstsq(np.column_stack([X, np.ones(N)]), Y, rcond=None)[0]
    assert np.allclose([*told["w"], told["b"]], right, rtol=1e-6)


def test_the_same_column_twice_is_refused(folder, capsys):
    assert main(["fit", "rows.npz", "--x", "size", "--x", "size", "--y", "price"]) == 2
    assert "x names 'size' twice" in capsys.readouterr().err


def test_weights_given_one_by_one(folder, capsys):
    words = ["rows.npz", "--x", "size", "--x", "age", "--y", "price", "--epochs", "0", "--learning-rate", "1"]
    assert fitted(capsys, *words, "--w0", "3", "--w0", "-2")["w"] == pytest.approx([3.0, -2.0])
    told = fitted(capsys, "--synthetic", "500", "--w-true", "2", "--w-true", "-3", "4", "--noise", "0", "--epochs", "2000")
    assert np.allclose(told["w"], [2.0, -3.0, 4.0])


def actions():
    """Every option of every command, and a word for it."""
    commands = next(part for part in cli._parser()._actions if isinstance(part, argparse._SubParsersAction)).choices
    for name, parser in commands.items():
        for action in parser._actions:
            for option in action.option_strings:
                if option not in {"-h", "--help"}:
                    yield name, option, action.nargs == 0


WORDS = {
    "--optimizer": "adam", "--schedule": "step", "--plot": "a.png", "--record": "epoch", "--learning-rate": "0.1",
    "--w": "1", "--b": "auto", "--feature": "0",
}  # fmt: skip


@pytest.mark.parametrize(("command", "option", "flag"), list(actions()))
def test_every_option_is_a_list_or_refused(folder, capsys, command, option, flag):
    words = [option] if flag else [option, WORDS.get(option, "1")]
    code = main([command, *words, *words])
    out, error = capsys.readouterr()
    twice = f"argument {option}: given twice, and only one can hold: give it once; see fastgd {command} --help"
    if option in LISTS:
        assert "given twice" not in error
    else:
        assert (code, out) == (2, "")
        assert error == f"fastgd: {twice}\n"


@pytest.mark.parametrize("words", [["--epochs=1", "--epochs", "2"], ["--epochs", "2", "--seed", "1", "--epochs=2"]])
def test_in_any_form(capsys, words):
    assert main(["fit", "--synthetic", "50", *words]) == 2
    assert "argument --epochs: given twice" in capsys.readouterr().err


def test_nothing_is_remembered_from_one_command_to_the_next(capsys):
    for _ in range(2):
        assert main(["fit", "--synthetic", "50", "--epochs", "1", "--learning-rate", "0.1", "--no-bias"]) == 0
