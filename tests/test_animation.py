"""Moving pictures of descents, and how results look in a notebook."""

import html.parser
import os

import numpy as np
import pytest
from PIL import Image

import fastgd

pytestmark = pytest.mark.compiled("pictures of sizes that compiled kernels are for")


def frames(path):
    """The pictures of a GIF as arrays."""
    found = []
    with Image.open(path) as image:
        for k in range(image.n_frames):
            image.seek(k)
            found.append(np.asarray(image.convert("RGB")).astype(int))
    return found


def test_a_picture_moves_from_the_start_to_the_end_and_rests(tmp_path):
    x, y = fastgd.textbook(3)
    fit = fastgd.fit(x, y, learning_rate=0.1, epochs=12)
    path = fit.animate(tmp_path / "descent.gif")
    assert path == tmp_path / "descent.gif"
    assert os.listdir(tmp_path) == ["descent.gif"]
    pictures = frames(path)
    assert 12 <= len(pictures) <= 30
    assert all((a != b).any() for a, b in zip(pictures[:12], pictures[1:13], strict=True))


def test_a_long_or_diverged_descent_is_shortened_and_drawn(tmp_path):
    x, y = fastgd.penguins()
    fit = fastgd.fit(x, y, learning_rate=1e-5, epochs=3000)
    assert len(frames(fit.animate(str(tmp_path / "long.gif")))) <= 110
    with pytest.warns(fastgd.DivergenceWarning):
        lost = fastgd.fit(*fastgd.textbook(3), learning_rate=1.0, epochs=100)
    assert len(frames(lost.animate(tmp_path / "lost.gif"))) > 3


def test_other_losses_and_several_features_bring_their_surface(tmp_path):
    x, y = fastgd.make_linear(50, [1.0, 2.0], noise=0.1)
    fit = fastgd.fit(x, y, learning_rate=0.1, epochs=5)
    with pytest.raises(ValueError, match="more than one feature is not known to the fit; give one, as sweep"):
        fit.animate(tmp_path / "two.gif")
    fit.animate(tmp_path / "two.gif", fastgd.sweep(x, y, None, None, feature=1))
    huber = fastgd.fit(x[:, 0], y, loss="huber", learning_rate=0.1, epochs=5)
    with pytest.raises(ValueError, match="the huber loss is not known to the fit"):
        huber.animate(tmp_path / "huber.gif")
    huber.animate(tmp_path / "huber.gif", fastgd.sweep(x[:, 0], y, None, None, loss="huber"))


def test_a_picture_is_whole_or_not_there(tmp_path):
    fit = fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=0.1, epochs=3)
    with pytest.raises(ValueError, match=r"a moving picture is written as \.gif"):
        fit.animate(tmp_path / "descent.mp4")
    with pytest.raises(FileNotFoundError):
        fit.animate(tmp_path / "nowhere" / "descent.gif")
    target = tmp_path / "taken.gif"
    target.mkdir()
    with pytest.raises(OSError, match=r"taken\.gif"):
        fit.animate(target)
    assert os.listdir(tmp_path) == ["taken.gif"]
    with pytest.raises(ValueError, match="no history to animate"):
        fastgd.fit([1, 2, 3], [2, 4, 6], learning_rate=0.1, record=None).animate(tmp_path / "none.gif")


def test_names_are_escaped_in_a_notebook():
    pandas = pytest.importorskip("pandas", reason="pandas brings the names")
    name = "<script>alert('x')</script>&\""
    frame = pandas.DataFrame({name: [1.0, 2.0, 3.0], "y": [2.0, 4.0, 6.0]})
    fit = fastgd.fit(frame[[name]], frame["y"], learning_rate=0.1, epochs=3)
    shown = fit._repr_html_()
    assert "<script" not in shown

    class Texts(html.parser.HTMLParser):
        found = ""

        def handle_data(self, data):
            self.found += data

    texts = Texts()
    texts.feed(shown)
    assert name in texts.found
    assert fit.sentences()[0] in texts.found
