"""The table of models."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest

from zsclip.errors import ForeignModelError, ModelNotFoundError
from zsclip.weights.models import MODELS, ModelTable, get_model_spec, is_known, list_models
from zsclip.weights.published import ARCHITECTURES, published_models, published_rows
from zsclip.weights.spec import license_notice

PLAIN = [row for row in published_rows() if row["plain CLIP"] == "yes"]
FOREIGN = [row for row in published_rows() if row["plain CLIP"] == "no"]


def test_names_are_unique_and_addresses_hold_the_hash() -> None:
    assert list_models() == [spec.name for spec in MODELS]
    names = [name for spec in MODELS for name in (spec.name, *spec.aliases)]
    assert len(set(names)) == len(names)
    assert len(MODELS) == 10 + 61 + 3
    for spec in MODELS:
        assert get_model_spec(spec.name) is spec
        assert spec.bundled is (spec.name == "tiny-cartoon")
        if spec.url is not None:
            assert spec.url.startswith("https://")
            assert spec.url.endswith(f"/{spec.sha256}/{spec.file}")
            assert len(spec.sha256) == 64
        elif not spec.bundled:
            assert (spec.file, spec.sha256, spec.size) == ("", "", 4 * spec.parameters)
        assert spec.license
    hub = [repository for spec in MODELS for repository in spec.hub]
    assert len(set(hub)) == len(hub) == 13 + 61 + 3  # no two models of one repository
    with pytest.raises(dataclasses.FrozenInstanceError):
        MODELS[0].name = "other"  # type: ignore[misc]


def test_a_model_is_found_by_any_of_its_names_and_by_its_place() -> None:
    assert MODELS[5] is MODELS["ViT-B/32"] is MODELS["ViT-B-32/openai"]
    assert MODELS["ViT-L-14-336-quickgelu/openai"].name == "ViT-L/14@336px"
    assert MODELS[-1] is MODELS[len(MODELS) - 1] is [*MODELS][-1]
    assert MODELS[4:6] == (MODELS["RN50x64"], MODELS["ViT-B/32"])
    assert [*reversed(MODELS)][-1] is MODELS[0]
    assert "ViT-B-32/openai" in MODELS
    assert MODELS[0] in MODELS
    assert "ViT-B-16-SigLIP/webli" not in MODELS
    assert dataclasses.replace(MODELS[0], size=1) not in MODELS
    assert None not in MODELS
    assert repr(MODELS) == "<74 models, by name and by place>"
    with pytest.raises(IndexError):
        MODELS[len(MODELS)]
    with pytest.raises(ModelNotFoundError, match="Did you mean 'ViT-B/32'"):
        MODELS["vit-b/32"]
    assert is_known("RN50/cc12m")
    assert not is_known(MODELS[0])


def test_the_table_is_not_read_for_one_of_the_ten() -> None:
    asked = []
    table = ModelTable(MODELS[:10], lambda: asked.append(1) or MODELS[10:])  # type: ignore[func-returns-value]
    assert table["ViT-B-32/openai"] is table[5]
    assert "RN50" in table
    assert not asked
    assert len(table) == len(MODELS)
    assert asked


def test_a_start_with_one_of_the_ten_reads_no_table() -> None:
    code = (
        "import sys, zsclip; from PIL import Image;"
        "clf = zsclip.ZeroShotClassifier(['a', 'b'], model='tiny-cartoon', device='cpu');"
        "clf.classify(Image.new('RGB', (9, 9)));"
        "assert zsclip.MODELS['ViT-B-32/openai'].name == 'ViT-B/32';"
        "assert 'zsclip.weights.published' not in sys.modules, 'read';"
        "zsclip.MODELS['ViT-B-32/datacomp_xl_s13b_b90k']"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr


def test_openais_nine_are_the_rows_of_the_table() -> None:
    rows = {f"{row['architecture']}/openai": row for row in PLAIN if row["tag"] == "openai"}
    assert len(rows) == 9
    for name, row in rows.items():
        spec = MODELS[name]
        assert spec.url
        assert spec.hub[0] == row["hub repository"]
        assert (spec.license, spec.commercial) == (row["license"], row["commercial use"])
        assert spec.image_gflop == float(row["image GFLOP"])
        assert spec.imagenet == float(row["ImageNet 1k"])
        assert spec.resolution == int(row["image size"])
        assert (spec.embed_dim, 64, spec.parameters) == ARCHITECTURES[row["architecture"]]


@pytest.mark.parametrize("row", PLAIN, ids=lambda row: f"{row['architecture']}/{row['tag']}")
def test_each_row_is_a_model_and_its_recipe_follows_the_weights(row: dict[str, str]) -> None:
    spec = MODELS[f"{row['architecture']}/{row['tag']}"]
    assert spec.recipe.activation == row["activation"]
    assert row["hub repository"] in spec.hub
    assert spec.license == row["license"]
    assert abs(spec.parameters / 1e6 - float(row["parameters (M)"])) < 0.006
    quickgelu = f"{row['architecture']}-quickgelu/{row['tag']}"
    if row["activation"] == "quickgelu":
        assert MODELS[quickgelu] is spec
    else:
        with pytest.raises(ModelNotFoundError, match="trained with GELU"):
            get_model_spec(quickgelu)


def test_what_differs_between_them_is_part_of_each() -> None:
    squashed = [s.name for s in MODELS if s.recipe.preprocessing.resize == "squash"]  # type: ignore[union-attr]
    assert squashed == ["ViT-H-14-378/dfn5b", "ViT-H-14/dfn5b"]
    half = MODELS["ViT-L-14/laion2b_s32b_b82k"].recipe.preprocessing
    assert half is not None
    assert half.mean == half.std == (0.5, 0.5, 0.5)
    widths = {s.name.split("/")[0]: s.recipe.image_head_width for s in published_models()}
    assert {w for w in widths.values() if w != 64} == {80, 88, 104}
    assert widths["ViT-g-14"] == 88


def test_the_right_repository_is_used_where_open_clip_names_another() -> None:
    spec = MODELS["ViT-B-16-plus-240/laion400m_e32"]
    assert spec.hub == ("timm/vit_base_patch16_plus_clip_240.laion400m_e32",)
    assert "laion400m_e31" in spec.note


@pytest.mark.parametrize("row", FOREIGN, ids=lambda row: f"{row['architecture']}/{row['tag']}")
def test_what_is_no_plain_clip_is_told_by_name(row: dict[str, str]) -> None:
    with pytest.raises(ForeignModelError, match=r"is no plain CLIP but an? \w+.*open-clip"):
        get_model_spec(f"{row['architecture']}/{row['tag']}")


def test_names_that_are_no_plain_clip_are_suggested_too() -> None:
    with pytest.raises(ModelNotFoundError, match="Did you mean 'ViT-B-16-SigLIP2-256/webli'"):
        get_model_spec("vit-b-16-siglip2-256/webli")


def test_a_siglip_is_called_one() -> None:
    with pytest.raises(ForeignModelError) as caught:
        get_model_spec("ViT-B-16-SigLIP2-256/webli")
    assert str(caught.value) == (
        "'ViT-B-16-SigLIP2-256/webli' is no plain CLIP but a SigLIP 2, which zsclip's own engine "
        'does not compute. The engine open-clip does, where pip install "zsclip[open-clip]" was '
        "said and no other encoder is asked for."
    )


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(ModelNotFoundError, match="Did you mean 'ViT-B-32/laion2b_e16'") as caught:
        get_model_spec("ViT-B-32/laion2b_e15")
    assert "It has datacomp_xl_s13b_b90k, " in str(caught.value)
    with pytest.raises(ModelNotFoundError, match=r"Add a tag .*'ViT-H-14/dfn5b'"):
        get_model_spec("ViT-H-14")
    with pytest.raises(ModelNotFoundError, match="Did you mean 'ViT-B-32/datacomp_xl_s13b_b90k'"):
        get_model_spec("ViT-B-32:datacomp_xl_s13b_b90k")
    with pytest.raises(ModelNotFoundError, match=r"Known: 'RN50', 'RN101', .* more"):
        get_model_spec("x")


def test_only_what_may_not_be_used_commercially_has_a_notice() -> None:
    notices = {spec.name: license_notice(spec) for spec in MODELS}
    assert notices["ViT-H-14/dfn5b"] == (
        "ViT-H-14/dfn5b is under apple-amlr, which does not allow commercial use."
    )
    assert {MODELS[name].commercial for name, text in notices.items() if text} == {"no"}
    assert {MODELS[name].commercial for name, text in notices.items() if not text} == {
        "yes",
        "unclear",
    }
