"""The schemas of what is asked and answered, in JSON Schema as OpenAPI 3.1 has it."""

from __future__ import annotations

from typing import Any

__all__ = ["SCHEMAS", "listed", "one_of", "ref", "text"]

Schema = dict[str, Any]


def text(description: str = "", **more: Any) -> Schema:
    """A text."""
    return {"type": "string", **_about(description), **more}


def listed(items: Schema, description: str = "", **more: Any) -> Schema:
    """A list."""
    return {"type": "array", "items": items, **_about(description), **more}


def ref(name: str) -> Schema:
    """One of `SCHEMAS`, by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def one_of(*some: Schema) -> Schema:
    """One of several."""
    return {"oneOf": list(some)}


def _about(description: str) -> Schema:
    return {"description": description} if description else {}


def _number(description: str = "", /, **more: Any) -> Schema:
    return {"type": "number", **_about(description), **more}


def _whole(description: str = "", **more: Any) -> Schema:
    return {"type": "integer", **_about(description), **more}


def _truth(description: str = "") -> Schema:
    return {"type": "boolean", **_about(description)}


def _object(
    description: str, required: dict[str, Schema], optional: dict[str, Schema] | None = None
) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


_SHARE: dict[str, Any] = {"minimum": 0, "maximum": 1.000001}  # scores are float32

_WORDS = {
    "labels": {
        "description": "Names of labels, or names with phrases for each. Left out, those of the "
        "service, with what it learnt.",
        "oneOf": [
            listed(text(), minItems=1),
            {"type": "object", "additionalProperties": listed(text(), minItems=1)},
        ],
    },
    "templates": listed(
        text(),
        "Texts with one `{}`, where a label goes. Left out, those of the labels.",
        minItems=1,
    ),
    "multi_label": _truth(
        "Whether each label is scored by itself, so that a picture may have several, or none. Left "
        "out, as the service does."
    ),
}
_TOP = {"top": _whole("How many labels an answer lists, best first.", minimum=1, default=5)}
_IMAGES = listed(
    ref("Image"), "Pictures: a `data:` URI, or an object with `base64` or `url`.", minItems=1
)
_FILES = listed(text(format="binary"), "Pictures, a part each.")

_SCORE = _object(
    "A label and its score.",
    {"label": text("Its name."), "id": text("Its id."), "score": _number(**_SHARE)},
)

_PREDICTION = _object(
    "The scores of one picture.",
    {
        "source": text("The picture: the name of its file, or its place in the request."),
        "label": text("The name of the best label."),
        "label_id": text("Its id."),
        "score": _number("Its score.", **_SHARE),
        "margin": _number("Its score less the second highest.", **_SHARE),
        "scores": listed(ref("Score"), "The best labels, best first."),
        "origin": ref("Origin"),
    },
    {
        "above": listed(
            text(), "The ids of labels above their fitted thresholds, where these were fitted."
        ),
        "accepted": _truth("Whether it is one of the labels, where the classifier rejects."),
        "answer": _or_null(text("The best label; null if it is none of them.")),
        "confidence": _or_null(_number("How sure one can be that it is one of the labels.")),
        "ranks": listed(
            ref("NodeScore"), "Where labels have groups: the best of each depth, from the top down."
        ),
    },
)

_ORIGIN = _object(
    "How a prediction came about.",
    {
        "model": {"type": "object", "description": "The model, its engine, device and precision."},
        "weights_sha256": _or_null(text("The SHA-256 of its tensors.")),
        "labelset": text("The name of the label set."),
        "provenance": listed({"type": "object"}, "The files that it was read from."),
        "templates": listed(text()),
        "zsclip": text("The version of zsclip."),
        "labels_precision": _or_null(text("In which precision the labels were embedded.")),
    },
    {
        "multi_label": _truth("Whether each label was scored by itself."),
        "null_prompts": listed(text(), "What labels were compared with then."),
        "learnt": text("What names what the classifier had learnt from pictures."),
    },
)

_SERVICE = _object(
    "What the service answers with where a request names no labels.",
    {
        "name": text("The name of the label set."),
        "title": text("What it is called in words."),
        "labels": listed(
            _object(
                "A label.",
                {
                    "id": text("Its id."),
                    "label": text("Its name."),
                    "aliases": listed(text(), "Other names."),
                    "prompts": listed(
                        text(), "Complete prompts of its own, in place of templates."
                    ),
                    "parent": _or_null(text("The id of the group or label that it belongs to.")),
                },
            )
        ),
        "groups": listed(
            _object(
                "A group above labels.",
                {
                    "id": text("Its id."),
                    "label": text("Its name."),
                    "parent": _or_null(text("The id of the group that it belongs to.")),
                },
            )
        ),
        "templates": listed(text(), "The templates in use."),
        "null_prompts": listed(text(), 'What the set has for "none of these", if anything.'),
        "multi_label": _truth("Whether each label is scored by itself."),
        "rejects": _truth("Whether pictures can be none of the labels."),
        "calibrated": _truth("Whether scores are calibrated."),
        "learnt": listed(text(), "What was learnt from pictures, by its names."),
        "by_name": _truth(
            "Whether the model's name is enough to have it again, reading pictures as by default."
        ),
        "origin": ref("Origin"),
    },
)

SCHEMAS: dict[str, Schema] = {
    "Classify": _object(
        "Pictures or embeddings of them, and words.",
        {},
        {
            "images": _IMAGES,
            "embeddings": listed(
                listed({"type": "number"}), "What `/embed` gave for pictures.", minItems=1
            ),
            **_WORDS,
            **_TOP,
        },
    ),
    "ClassifyForm": _object(
        "The same as a form; lists as JSON, or a part each.",
        {"image": _FILES},
        {**_WORDS, **_TOP},
    ),
    "Words": _object("Words.", {}, _WORDS),
    "Embed": _object(
        "Pictures or texts.", {}, {"images": _IMAGES, "texts": listed(text(), minItems=1)}
    ),
    "EmbedForm": _object(
        "The same as a form.", {}, {"image": _FILES, "texts": listed(text(), minItems=1)}
    ),
    "Image": one_of(
        text("A `data:` URI, or a URL where the service fetches those."),
        _object("", {"base64": text("Its bytes.")}, {"name": text("What answers call it.")}),
        _object("", {"url": text("Its address.")}, {"name": text("What answers call it.")}),
    ),
    "Prediction": _PREDICTION,
    "Score": _SCORE,
    "NodeScore": _object(
        "A group or label, and the scores of all labels at and below it together.",
        {
            "name": text("Its name."),
            "id": text("Its id."),
            "depth": _whole("How many groups or labels lie above it.", minimum=0),
            "score": _number(**_SHARE),
        },
    ),
    "Origin": _ORIGIN,
    "Failure": _object(
        "A picture that cannot be read, in the place of its prediction.",
        {
            "source": text("The picture, as in a prediction."),
            "error": text("Why, and what to do."),
            "error_type": text("The name of the error."),
        },
    ),
    "Results": _object(
        "Of several pictures.",
        {"results": listed(one_of(ref("Prediction"), ref("Failure")), "In their order.")},
    ),
    "Service": _SERVICE,
    "Embedding": listed(_number(), "Of one picture or text."),
    "Embeddings": _object(
        "Embeddings.",
        {
            "embeddings": listed(
                one_of(ref("Embedding"), ref("Failure")),
                "In the order of pictures or texts.",
            )
        },
    ),
    "Refusal": _object(
        "Why a request gets no result.",
        {"error": text("What was wrong, why, and what to do."), "error_type": text("Its name.")},
    ),
    "Health": _object(
        "How it is.",
        {"status": text("`ok`, `ready` or `not ready`.")},
        {"error": text("Why it is not ready.")},
    ),
}
