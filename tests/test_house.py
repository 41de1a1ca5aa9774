"""The house: which way its arrows point, where compiled code lives, and a kernel cache that never breaks a call."""

import ast
import os
import pathlib
import shutil
import subprocess
import sys

import numba
import numpy as np
import pytest

import fastgd
from fastgd import kernels

PACKAGE = pathlib.Path(fastgd.__file__).parent

# From the top of the house to its foundation; an arrow may only point to a later floor.
FLOORS = [
    {"__main__"},
    {"cli"},
    {"clireport"},
    {"clioptions"},
    {"tour"},
    {"sklearn"},
    {"judgement"},
    {"pitfalls"},
    {"report"},
    {"environment"},
    {"explorer"},
    {"rangetest"},
    {"learning"},
    {"selection"},
    {"validation"},
    {"leaveout"},
    {"judging"},
    {"folds"},
    {"many"},
    {"resuming"},
    {"grids"},
    {"tables"},
    {"onward"},
    {"descent"},
    {"verdicts"},
    {"walks"},
    {"epochs"},
    {"limits"},
    {"rates"},
    {"orders"},
    {"affine"},
    {"options"},
    {"surface"},
    {"landscape"},
    {"downhill"},
    {"journeys"},
    {"kinds"},
    {"differences"},
    {"results"},
    {"smoothing"},
    {"schedules"},
    {"optimizers"},
    {"datasets"},
    {"objective"},
    {"ends"},
    {"quadratic"},
    {"spectrum"},
    {"leastsquares"},
    {"pilot"},
    {"linalg"},
    {"daskdoor"},
    {"distributed"},
    {"cluster"},
    {"mapreduce"},
    {"functions"},
    {"evaluation"},
    {"returned"},
    {"roundoff"},
    {"files"},
    {"arrayfiles"},
    {"arrowfiles"},
    {"readers"},
    {"streams"},
    {"quotes"},
    {"sources"},
    {"door"},
    {"blocks"},
    {"runs"},
    {"saving"},
    {"names"},
    {"checks"},
    {"containers"},
    {"decimals"},
    {"cells"},
    {"kernels"},
]
OUTSIDE = {"animation", "notebook", "plotting", "tableplots", "landscapeplots", "validationplots", "reference", "__init__"}


def imports(path, *, lazily=False):
    """Names of the fastgd modules that a module imports at its top, or anywhere."""
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if lazily else tree.body
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            yield from [node.module] if node.module else [alias.name for alias in node.names]


def test_arrows_point_down():
    floor = {name: level for level, names in enumerate(FLOORS) for name in names}
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    assert modules - OUTSIDE == set(floor) - {"kernels"}
    for module in modules - OUTSIDE:
        for target in imports(PACKAGE / f"{module}.py"):
            if target not in OUTSIDE | {"__version__"}:
                assert floor[target] > floor[module], f"{module} imports {target}"


def test_only_the_tour_looks_at_the_reference_and_it_does_so_lazily():
    for path in PACKAGE.glob("**/*.py"):
        assert "reference" not in list(imports(path)), path
        assert path.stem == "tour" or "reference" not in list(imports(path, lazily=True)), path


def test_numba_is_imported_in_kernels_only():
    foundations = {PACKAGE / "kernels" / name for name in ("_jit.py", "_vectors.py")}
    for path in PACKAGE.glob("**/*.py"):
        imported = {
            name.split(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        }
        assert ("numba" in imported) == (path in foundations), path


def test_no_module_bears_the_name_of_a_public_function():
    for path in PACKAGE.glob("*.py"):
        assert path.stem not in fastgd.__all__


def fresh(code, **environment):
    """Run code in a new interpreter; return the finished process."""
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip


def test_import_loads_neither_numba_nor_matplotlib():
    done = fresh(
        "import fastgd, sys; print({'numba', 'matplotlib', 'pandas', 'scipy', 'pyarrow', 'sklearn'} & set(sys.modules))"
    )
    assert done.stdout == "set()\n"


compiled = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled or cached when the JIT is off")

CALL = "import fastgd; print(fastgd.mse([1, 2, 3], [2, 4, 6], 3.0))"


@compiled
def test_kernels_are_stamped_with_the_whole_folder():
    from fastgd.kernels import _jit

    modules = (
        "direct", "leaveout", "moments", "optimizers", "orders", "paths", "quotes", "runs", "sgd", "smoothing", "synthetic",
    )  # fmt: skip
    for module in modules:
        functions = vars(getattr(kernels, module)).values()
        cached = [f for f in functions if isinstance(f, numba.core.dispatcher.Dispatcher) and f._cache.cache_path]
        assert cached
        assert all(f._cache._cache_file._source_stamp == _jit._STAMP for f in cached)
    assert kernels.affine.lanes(2)._cache._cache_file._source_stamp == _jit._STAMP


@compiled
def test_kernels_made_for_a_number_of_features_are_cached_apart(tmp_path):
    code = """
import numpy as np, fastgd
from fastgd import kernels
for d in (1, 2):
    x = np.arange(6.0 * d).reshape(6, d)
    print(fastgd.AffineMap.of(x, x[:, 0], 0.001).offset[0], sum(kernels.affine.lanes(d).stats.cache_hits.values()))
"""
    first, second = (fresh(code, NUMBA_CACHE_DIR=str(tmp_path)).stdout.split() for _ in range(2))
    assert first[1::2] == ["0", "0"]
    assert second[1::2] == ["1", "1"]
    assert first[::2] == second[::2]


@compiled
def test_an_edit_of_a_callee_in_another_file_is_noticed(tmp_path):
    code = f"""
import sys; sys.path.insert(0, {str(tmp_path)!r})
import shutil, pathlib
import fastgd
from fastgd.kernels import direct, sgd
import numpy as np
state = np.zeros(2)
one = np.ones(1)
one.flags.writeable = False
sgd.line_steps(one, one, np.empty(0), 0.5, 1, 1.0, 0.0, True, 0, 1.0, state)
print(fastgd.__file__.startswith({str(tmp_path)!r}), state[0], sum(sgd.line_steps.stats.cache_hits.values()))
"""
    shutil.copytree(PACKAGE, tmp_path / "fastgd", ignore=shutil.ignore_patterns("__pycache__"))
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert fresh(code, **cache).stdout == "True 1.0 0\n"
    assert fresh(code, **cache).stdout == "True 1.0 1\n"
    direct = tmp_path / "fastgd" / "kernels" / "direct.py"
    before = direct.read_text()
    edited = before.replace("return 2.0 * e\n", "return 4.0 * e\n")
    assert edited != before
    direct.write_text(edited)
    assert fresh(code, **cache).stdout == "True 2.0 0\n"


@compiled
@pytest.mark.parametrize("damage", ["truncated index", "garbage index", "truncated data", "missing data"])
def test_a_damaged_cache_costs_a_compilation_and_not_the_call(tmp_path, damage):
    cache = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert fresh(CALL, **cache).stdout == "4.666666666666667\n"
    what, kind = damage.split()
    files = list(tmp_path.glob("**/*.nbi" if kind == "index" else "**/*.nbc"))
    assert files
    for path in files:
        if what == "missing":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:40] if what == "truncated" else b"garbage")
    done = fresh(CALL, **cache)
    assert (done.stdout, done.returncode) == ("4.666666666666667\n", 0)
    assert done.stderr.count("kernel cache") <= 1
    again = fresh(CALL, **cache)
    assert (again.stdout, again.stderr) == ("4.666666666666667\n", "")


@compiled
def test_a_cache_that_cannot_be_written_is_said_once(tmp_path):
    # Numba tries three folders; each of them is made a file here, which even root cannot write into.
    shutil.copytree(PACKAGE, tmp_path / "fastgd", ignore=shutil.ignore_patterns("__pycache__"))
    occupied = tmp_path / "fastgd" / "kernels" / "__pycache__"
    occupied.write_text("not a folder")
    places = dict.fromkeys(("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"), str(occupied / "cache"))
    done = fresh(f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{CALL}", **places)
    assert (done.stdout, done.returncode) == ("4.666666666666667\n", 0)
    assert done.stderr.count("cannot use its kernel cache") == 1


@compiled
def test_a_long_compilation_says_so_once(tmp_path):
    done = fresh("import fastgd; fastgd.fit([[1, 2], [2, 1], [3, 5]], [1, 2, 3], learning_rate=0.01, via='data')\n"
                 "fastgd.fit([[1, 2], [2, 1], [3, 5]], [1, 2, 3], learning_rate=0.01, batch_size=1)",
                 NUMBA_CACHE_DIR=str(tmp_path))  # fmt: skip
    assert done.stderr.count("compiling kernels, once per machine") == 1


@compiled
def test_sums_over_rows_are_packed_arithmetic():
    from fastgd.kernels import direct, moments

    x = np.zeros(8)
    for function, arguments in ((moments._tile, (x, x, 0.0, 0.0, 0.0)), (direct._square_tile, (x, x, 0.0, 0.0))):
        fresh_copy = numba.njit(nogil=True, error_model="numpy", fastmath=function.targetoptions["fastmath"])(
            function.py_func
        )
        fresh_copy(*arguments)
        assembly = "".join(fresh_copy.inspect_asm().values())
        if "ymm" in assembly or "xmm" in assembly:  # x86
            assert "mulpd" in assembly or "vfmadd" in assembly
            assert "ymm" in assembly


def test_warmup_leaves_nothing_to_compile():
    code = """
import numpy as np, fastgd, pathlib, sys, tempfile, threading
fastgd.warmup()
from numba.core import event
seen = []
class Listener(event.Listener):
    def on_start(self, event): seen.append(str(event.data["dispatcher"]))
    def on_end(self, event): pass
event.register("numba:compile", Listener())
x, y = fastgd.make_linear(300_000 if THOUSANDS else 300)
plane = np.column_stack([x, y[::-1]])
fastgd.mse(x, y, 1.0); fastgd.mse(x[:5], y[:5], 1.0); fastgd.gradient(x[:5].tolist(), y[:5], 1.0)
fastgd.fit(plane, y, learning_rate=0.01, epochs=2, batch_size=7); fastgd.fit(x, y); fastgd.sweep(x, y, loss="absolute")
fastgd.fit(x, y, via="data", epochs=1, learning_rate=0.1, sample_weight=y * y, standardize=True)
fastgd.fit(x, y, batch_size=1, learning_rate=0.01, epochs=2, shuffle="once"); fastgd.fit(x, y, batch_size=8, epochs=1)
four = np.column_stack([x, x[::-1], y[::-1], x * x])
fastgd.fit(four, y, batch_size=1, learning_rate=0.01, epochs=1, sample_weight=y * y); fastgd.AffineMap.of(four, y, 0.01)
fastgd.fit_many(x, y, {"learning_rate": [0.01, 0.1], "batch_size": [None, 1, 9]}, epochs=2)
fastgd.fit_many(plane, y, {"learning_rate": [0.01, 0.1], "batch_size": [None, 1, 9]}, epochs=2)
fastgd.fit(plane, y, optimizer=fastgd.Implicit(), batch_size=3, learning_rate=0.1, epochs=1, record=10, average=0.5)
for rows in (x, plane):
    fastgd.cross_validate(rows, y, learning_rate=0.01); fastgd.cross_validate(rows[:50], y[:50], folds="loo").curves
    fastgd.cross_validate(rows[:50], y[:50], folds="loo", standardize=True, sample_weight=y[:50] ** 2).at_minimum
    fastgd.cross_validate(rows, y, folds=fastgd.k_fold(len(y), 3, shuffle=True), learning_rate=0.01, epochs=1).mae
    fastgd.select(rows, y, {"learning_rate": [0.01, 0.1], "l2": [0.0, 1.0]}, epochs=2, test=(rows, y))
fastgd.split(x, y); fastgd.hold_out(len(y)); fastgd.explore(x, y); fastgd.explore(plane, y, feature=1, sample_weight=y * y)
path = pathlib.Path(tempfile.mkdtemp(), "a.csv"); path.write_text('x,t,y\\n1,"a",2\\n')
fastgd.mse(fastgd.scan(path, "x", "y"), None, 1.0)
fastgd.predict(plane, [1.0, 2.0]); fastgd.losses(plane, y, [1.0, 2.0]); fastgd.smooth(y, 0.1)
print(seen)
"""
    done = fresh(code.replace("THOUSANDS", str(not numba.config.DISABLE_JIT)))
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_show_versions(capsys):
    fastgd.show_versions()
    shown = capsys.readouterr().out
    for name in ("fastgd", "numba", "numpy", "processor", "threads", "kernel cache"):
        assert f"\n{name} " in f"\n{shown}"
    if not numba.config.DISABLE_JIT:
        assert os.path.isdir(shown.rsplit("kernel cache", 1)[1].strip())


@compiled
def test_a_process_that_compiles_has_the_bits_of_one_that_loads(tmp_path):
    # A helper that stayed a function was there twice, with sums in other orders, and which one ran depended on what had
    # been compiled or loaded before.
    code = """
import numpy as np, fastgd
x, y = fastgd.make_linear(5000, noise=0.5)
plane, _ = fastgd.make_linear(5000, [1.0] * 5)
for loss in ("squared", "huber", "absolute"):
    for weight in (None, np.abs(y)):
        g = fastgd.gradient(x, y, 1.5, 0.25, loss=loss, sample_weight=weight)
        print(g.w.hex(), g.b.hex(), fastgd.cost(x, y, 1.5, 0.25, loss=loss, sample_weight=weight).hex())
print(fastgd.QuadraticCost.of(plane, y).mse(np.ones(5)).hex(), fastgd.sweep(x, y, [1.0, 2.0], loss="huber").cost[1].hex())
"""
    first, second = (fresh(code, NUMBA_CACHE_DIR=str(tmp_path)).stdout for _ in range(2))
    assert first == second
    assert first.count("\n") == 7
