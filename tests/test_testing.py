"""`zsclip.testing`: the rules as test cases, and the engine without a model."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zsclip import Encoder, ZeroShotClassifier
from zsclip.authoring import RULES
from zsclip.encoders.contract import require_embeddings, require_encoder
from zsclip.errors import PromptTooLongError
from zsclip.testing import FakeEncoder, parametrize_with_labelset_checks

GOOD = 'schema = 1\nname = "x"\nlicense = "MIT"\nsource = "own"\nlabels = ["robin", "wren"]\n'
SATELLITE = Path(__file__).parents[1] / "labelsets" / "satellite"


def cases(target: str | Path) -> dict[str, Callable[[], None]]:
    """The cases of the decorator, by their ids."""
    mark = parametrize_with_labelset_checks(target).mark
    names, checks = mark.args
    assert names == "check"
    return dict(zip(mark.kwargs["ids"], checks, strict=True))


def failing(target: str | Path) -> dict[str, str]:
    """The rules whose cases fail, each with its message."""
    failures = {}
    for name, check in cases(target).items():
        try:
            check()
        except AssertionError as error:
            failures[name.partition("-")[0]] = str(error)
    return failures


def test_an_installed_set_and_a_source_tree() -> None:
    assert failing("cartoon-animals") == {}
    assert [name.partition("-")[0] for name in cases("cartoon-animals")] == [
        rule for rule in RULES if rule.startswith("R")
    ]
    if SATELLITE.is_dir():  # beside the tests in the source tree
        assert failing(SATELLITE) == {}
        assert [name.partition("-")[0] for name in cases(SATELLITE)] == list(RULES)


def test_the_ids_are_words() -> None:
    assert "R6-no-text-belongs-to-two-labels" in cases("cartoon-animals")


def test_each_breach_fails_the_case_of_its_rule(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    text = GOOD.replace("MIT", "").replace('"wren"', '"Robin", "ruby " , "' + "very " * 80 + '"')
    path.write_text(text)
    failures = failing(path)
    assert set(failures) == {"R6", "R8", "R9"}
    assert failures["R9"].startswith("R9 (license and source are said) is broken:\n  - ")
    assert f"{path}: R8 labels[2]: starts or ends with white space" in failures["R8"]
    path.write_text(GOOD.replace("wren", "very " * 80 + "small bird"))
    assert set(failing(path)) == {"R10"}


def test_a_set_that_is_not_there_fails_the_tests_and_not_their_collection() -> None:
    failures = failing("no-such-set")
    assert len(failures) == 11
    assert "No installed label set is named 'no-such-set'" in failures["R1"]


def test_a_suite_of_three_lines_runs(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(GOOD.replace("wren", "Robin"))
    suite = tmp_path / "test_labelset.py"
    suite.write_text(
        "from zsclip.testing import parametrize_with_labelset_checks\n"
        '@parametrize_with_labelset_checks("./x.toml")\n'
        "def test_labelset(check): check()\n"
    )
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(suite)]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed, 10 passed" in run.stdout, run.stdout
    assert "test_labelset[R6-no-text-belongs-to-two-labels]" in run.stdout


def test_importing_loads_neither_torch_nor_pytest() -> None:
    code = "import sys, zsclip.testing; assert not {'torch', 'pytest', 'PIL'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# ------------------------------------------------------------------------------------------ engine


def test_it_keeps_to_the_protocol() -> None:
    encoder: Encoder = FakeEncoder(embedding_dim=5, score_function="sigmoid", logit_bias=-1.0)
    assert require_encoder(encoder, "it") is encoder
    pictures = [Image.new("RGB", (3, 2), "red"), Image.new("L", (3, 2))]
    for vectors in (encoder.encode_images(pictures), encoder.encode_texts(["a cat", ""])):
        require_embeddings(vectors, 2, encoder, str)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)


def test_vectors_depend_on_the_content_alone() -> None:
    encoder = FakeEncoder(embedding_dim=4)
    red, dot = Image.new("RGB", (3, 2), "red"), Image.new("RGB", (3, 2), "red")
    dot.putpixel((1, 1), (254, 0, 0))
    wide = red.resize((2, 3))
    vectors = encoder.encode_images([red, dot, wide, red.copy()])
    assert (vectors[0] == vectors[3]).all()
    assert len(np.unique(vectors, axis=0)) == 3
    assert (encoder.encode_images([red])[0] == vectors[0]).all()
    assert (FakeEncoder(embedding_dim=4).encode_texts(["b"]) == encoder.encode_texts(["b"])).all()
    other = FakeEncoder(embedding_dim=4, name="other")
    assert (other.encode_texts(["b"]) != encoder.encode_texts(["b"])).all()
    # What it gives is the same on every machine and with every version of numpy.
    expected = [-0.467448, 0.664521, 0.486984, 0.320547]
    np.testing.assert_allclose(encoder.encode_texts(["a cat"])[0], expected, atol=1e-6)


def test_different_texts_are_as_good_as_independent() -> None:
    texts = [f"text {i}" for i in range(200)]
    vectors = FakeEncoder().encode_texts(texts)
    cosines = (vectors @ vectors.T)[~np.eye(200, dtype=bool)]
    assert abs(cosines.mean()) < 0.01
    assert 0.1 < cosines.std() < 0.15  # 1/8 for 64 dimensions


def test_texts_that_are_too_long() -> None:
    encoder = FakeEncoder(context_length=5)
    with pytest.raises(PromptTooLongError) as caught:
        encoder.encode_texts(["a b c", "a b c d"])
    assert (caught.value.n_tokens, caught.value.cut) == (6, "d")
    cut, short = encoder.encode_texts(["a b c d", "a b c"], too_long="cut")
    assert (cut == short).all()
    assert encoder.count_tokens(["a b", ""]) == [4, 2]


def test_it_keeps_a_record_of_its_calls() -> None:
    encoder = FakeEncoder()
    clf = ZeroShotClassifier(["cat", "dog"], templates=["a {}."], encoder=encoder, batch_size=2)
    pictures = [np.full((2, 2, 3), i, np.uint8) for i in range(3)]
    first = clf.classify_many(pictures)
    assert encoder.image_calls == [2, 1]
    assert encoder.text_calls == [("a cat.", "a dog.")]
    assert clf.classify_many(pictures) == first
    threads = [threading.Thread(target=encoder.encode_texts, args=(["x"],)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(encoder.text_calls) == 21
