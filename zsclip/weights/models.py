"""The models that zsclip knows by name: OpenAI's nine, the embedded tiny-cartoon, and all others.

The ten are here, so that a start with one of them reads no table; the others are read from data
when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import overload

from zsclip.errors import ModelNotFoundError
from zsclip.weights.spec import ModelSpec

__all__ = [
    "MODELS",
    "ModelTable",
    "get_model_spec",
    "is_known",
    "list_models",
]

_ROOT = "https://openaipublic.azureedge.net/clip/models"


def _openai(
    name: str,
    file: str,
    sha256: str,
    size: int,
    resolution: int,
    embed_dim: int,
    parameters: int,
    *,
    timm: str,
    transformers: str = "",
    gflop: float,
    imagenet: float,
) -> ModelSpec:
    open_clip = file.removesuffix(".pt").removesuffix("px")
    copies = (f"timm/{timm}.openai", f"openai/{transformers}" if transformers else "")
    return ModelSpec(
        name,
        file,
        sha256,
        size,
        resolution,
        embed_dim,
        parameters,
        url=f"{_ROOT}/{sha256}/{file}",
        hub=tuple(filter(None, copies)),
        aliases=(f"{open_clip}/openai", f"{open_clip}-quickgelu/openai"),
        license="MIT" if open_clip.startswith("RN") else "Apache-2.0",  # as their copies state it
        image_gflop=gflop,
        imagenet=imagenet,
    )


# fmt: off
_OWN = (
    _openai("RN50", "RN50.pt", "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762", 255_827_503, 224, 1024, 102_007_137, timm="resnet50_clip", gflop=12.22, imagenet=0.5982),  # noqa: E501
    _openai("RN101", "RN101.pt", "8fa8567bab74a42d41c5915025a8e4538c3bdbe8804a470a72f30b0d94fab599", 291_791_292, 224, 512, 119_688_033, timm="resnet101_clip", gflop=19.54, imagenet=0.6228),  # noqa: E501
    _openai("RN50x4", "RN50x4.pt", "7e526bd135e493cef0776de27d5f42653e6b4c8bf9e0f653bb11773263205fdd", 421_854_225, 288, 640, 178_300_601, timm="resnet50x4_clip", gflop=42.56, imagenet=0.6627),  # noqa: E501
    _openai("RN50x16", "RN50x16.pt", "52378b407f34354e150460fe41077663dd5b39c54cd0bfd2b27167a4a06ec9aa", 661_125_706, 384, 768, 290_979_217, timm="resnet50x16_clip", gflop=149.39, imagenet=0.7072),  # noqa: E501
    _openai("RN50x64", "RN50x64.pt", "be1cfb55d75a9666199fb2206c106743da0f6468c9d327f3e0d0a543a9919d9c", 1_353_500_174, 448, 1024, 623_258_305, timm="resnet50x64_clip", gflop=529.11, imagenet=0.7391),  # noqa: E501
    _openai("ViT-B/32", "ViT-B-32.pt", "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af", 353_976_522, 224, 512, 151_277_313, timm="vit_base_patch32_clip_224", transformers="clip-vit-base-patch32", gflop=8.82, imagenet=0.6332),  # noqa: E501
    _openai("ViT-B/16", "ViT-B-16.pt", "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f", 350_837_078, 224, 512, 149_620_737, timm="vit_base_patch16_clip_224", transformers="clip-vit-base-patch16", gflop=35.13, imagenet=0.6834),  # noqa: E501
    _openai("ViT-L/14", "ViT-L-14.pt", "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836", 932_768_134, 224, 768, 427_616_513, timm="vit_large_patch14_clip_224", transformers="clip-vit-large-patch14", gflop=162.03, imagenet=0.7554),  # noqa: E501
    _openai("ViT-L/14@336px", "ViT-L-14-336px.pt", "3035c92b350959924f9f00213499208652fc7ea050643e8b385c2dac08641f02", 934_088_680, 336, 768, 427_944_193, timm="vit_large_patch14_clip_336", transformers="clip-vit-large-patch14-336", gflop=381.92, imagenet=0.7656),  # noqa: E501
    ModelSpec("tiny-cartoon", "tiny-cartoon.safetensors", "f69220a222f59f85d93ebb81b0ad93ab050b22f43f3be01df79bce46faa3e807", 27_809_858, 64, 256, 13_877_553, None, "drawn animals and things only, not photographs", license="CC-BY-4.0", commercial="yes"),  # noqa: E501
)
# fmt: on


class ModelTable:
    """Models in their order, found by place and by name; some are read when first asked for.

    Args:
        first: Those that are there at once.
        rest: Gives the others.

    Examples:
        >>> MODELS["ViT-B/32"] is MODELS["ViT-B-32/openai"] is MODELS[5]
        True
        >>> "ViT-B-32/datacomp_xl_s13b_b90k" in MODELS
        True
    """

    def __init__(
        self, first: tuple[ModelSpec, ...], rest: Callable[[], tuple[ModelSpec, ...]]
    ) -> None:
        self._first = first
        self._rest = rest

    def __repr__(self) -> str:
        return f"<{len(self)} models, by name and by place>"

    def __len__(self) -> int:
        return len(self._first) + len(self._rest())

    def __iter__(self) -> Iterator[ModelSpec]:
        yield from self._first
        yield from self._rest()

    def __contains__(self, what: object) -> bool:
        """Whether a model is here, given as itself or by any of its names."""
        if isinstance(what, str):
            return any(map(_named(what), self))
        return any(spec == what for spec in self)

    @overload
    def __getitem__(self, which: int | str) -> ModelSpec: ...

    @overload
    def __getitem__(self, which: slice) -> tuple[ModelSpec, ...]: ...

    def __getitem__(self, which: int | str | slice) -> ModelSpec | tuple[ModelSpec, ...]:
        """A model by its place or by any of its names, or several by their places.

        Raises:
            IndexError: There are not so many.
            ModelNotFoundError: None has this name.
            ForeignModelError: It is no plain CLIP.
        """
        if isinstance(which, str):
            return _find(which, self)
        if isinstance(which, int) and 0 <= which < len(self._first):
            return self._first[which]
        return (*self._first, *self._rest())[which]


def _others() -> tuple[ModelSpec, ...]:
    from zsclip.weights.published import published_models

    return published_models()


MODELS = ModelTable(_OWN, _others)
"""All models that have a name: OpenAI's nine and the embedded one, then the others by accuracy.

Found by place (``MODELS[0]``) and by any name (``MODELS["ViT-B-32/openai"]``); it has a length, is
iterated and sliced, and ``in`` asks for a name or a `ModelSpec`.
"""


def list_models() -> list[str]:
    """The names that ``model=`` takes, OpenAI's first, then the others by published accuracy.

    Each model is here once, by its own name: `MODELS` knows the other names of it.

    Examples:
        >>> list_models()[5]
        'ViT-B/32'
        >>> "ViT-B-16/datacomp_xl_s13b_b90k" in list_models()
        True
    """
    return [spec.name for spec in MODELS]


def is_known(name: object) -> bool:
    """Whether this is the name of a model, its own or another one of it.

    Examples:
        >>> is_known("ViT-B-32/openai"), is_known("my-clip.pt")
        (True, False)
    """
    return isinstance(name, str) and any(map(_named(name), MODELS))


def get_model_spec(name: str) -> ModelSpec:
    """What is known of a model by its name.

    Raises:
        ModelNotFoundError: No model has this name.
        ForeignModelError: It is no plain CLIP, which the message names.

    Examples:
        >>> get_model_spec("ViT-B/32").parameters
        151277313
    """
    return _find(name, MODELS)


def _find(name: str, models: Iterable[ModelSpec]) -> ModelSpec:
    is_it = _named(name)
    for spec in models:
        if is_it(spec):
            return spec
    from zsclip.weights.published import explain_unknown, name_of, published_rows

    explain_unknown(name)
    from zsclip.wording import brief, did_you_mean

    known = [spec.name for spec in models] + [alias for spec in models for alias in spec.aliases]
    known += [name_of(row) for row in published_rows() if row["plain CLIP"] == "no"]
    raise ModelNotFoundError(
        f"`model` must be the name of a model or the path of a checkpoint, got {brief(name)}. "
        f"{did_you_mean(name, known)}"
    )


def _named(name: str) -> Callable[[ModelSpec], bool]:
    return lambda spec: spec.name == name or name in spec.aliases
