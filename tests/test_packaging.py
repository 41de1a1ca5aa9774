"""What is built and installed: the package, the whole package, and nothing else."""

import email
import pathlib
import subprocess
import sys
import tarfile
import venv
import zipfile

import pytest

import fastgd

ROOT = pathlib.Path(__file__).parent.parent
PACKAGE = pathlib.Path(fastgd.__file__).parent


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The source distribution, and the wheel built from it."""
    out = tmp_path_factory.mktemp("dist")
    copy = tmp_path_factory.mktemp("tree")
    # A copy, so that building leaves nothing in the tree.
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in listed.rstrip("\0").split("\0"):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(copy)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return sdist, wheel


def test_a_wheel_holds_the_package_and_nothing_else(built):
    names = set(zipfile.ZipFile(built[1]).namelist())
    version = fastgd.__version__
    information = {name for name in names if name.startswith(f"fastgd-{version}.dist-info/")}
    ours = {
        f"fastgd/{path.relative_to(PACKAGE)}"
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names - information == ours
    assert f"fastgd-{version}.dist-info/licenses/LICENSE" in information
    assert {"fastgd/py.typed", "fastgd/data/penguins.csv"} <= names


def test_its_metadata_are_complete(built):
    archive = zipfile.ZipFile(built[1])
    told = email.message_from_bytes(archive.read(f"fastgd-{fastgd.__version__}.dist-info/METADATA"))
    assert (told["Name"], told["Version"], told["License-Expression"]) == ("fastgd", fastgd.__version__, "BSD-3-Clause")
    assert told["Requires-Python"] == ">=3.11"
    assert "Typing :: Typed" in told.get_all("Classifier")
    plain = {line.split(">")[0] for line in told.get_all("Requires-Dist") if "extra" not in line}
    assert plain == {"numba", "numpy", "matplotlib"}
    assert told["Description-Content-Type"] == "text/markdown"
    assert told.get_payload().startswith("# fastgd")


def test_the_wheel_made_from_the_source_distribution_installs_in_a_clean_environment(built, tmp_path):
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "fastgd/__init__.py", "fastgd/kernels/_jit.py"} <= names
    venv.create(tmp_path / "clean", with_pip=False)
    site = next((tmp_path / "clean").rglob("site-packages"))
    before = {path.name for path in site.iterdir()}
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(tmp_path / "clean"), "install", "-q", "--no-deps",
         "--no-build-isolation", "--no-index", str(built[1])],
        check=True,
    )  # fmt: skip
    installed = {path.name for path in site.iterdir()} - before
    assert installed == {"fastgd", f"fastgd-{fastgd.__version__}.dist-info"}
    # What fastgd needs is taken from here, so that nothing is fetched.
    (site / "needs.pth").write_text(next(path for path in sys.path if path.endswith("site-packages")))
    python = next((tmp_path / "clean").glob("bin/python")) if sys.platform != "win32" else None
    code = "import fastgd; print(fastgd.__file__); print(fastgd.mse([1, 2, 3], [2, 4, 6], 3.0), len(fastgd.penguins().x))"
    done = subprocess.run([str(python), "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    place, numbers = done.stdout.splitlines()
    assert pathlib.Path(place).is_relative_to(site)
    assert numbers == "4.666666666666667 342"
