"""`Form`: multipart/form-data as it arrives, nothing of it on a disk, and within the limits."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Any

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from zsclip.files import size_in_words
from zsclip.serve.asked import Upload
from zsclip.serve.limits import Limits
from zsclip.serve.refusals import Refusal
from zsclip.wording import brief

__all__ = ["Form", "each_once", "fields_of"]

_FIELDS = 2000  # parts that are no pictures: a thousand labels, a hundred templates, and some
_HEAD = 8192  # bytes of the headers of a part
_PICTURES = ("image", "images")
_QUIET = logging.Logger("zsclip.serve.forms", logging.ERROR)  # strangers fill no log with warnings


class Form:
    """The parts of a form: pictures in parts named `image`, all else in parts of text.

    Args:
        content_type: The header, which names the boundary.
        limits: How much is taken.

    Raises:
        Refusal: There is no boundary.
    """

    def __init__(self, content_type: bytes, limits: Limits) -> None:
        self._limits = limits
        self._pictures: list[Upload] = []
        self._texts: list[tuple[str, str]] = []
        self._count = 0
        self._is_whole = False
        self._header, self._value = bytearray(), bytearray()
        self._disposition = b""
        self._head = 0
        self._name, self._file = "", ""
        self._data = bytearray()
        self._parser = self._parsing(content_type)

    def write(self, chunk: bytes) -> None:
        """Take what has arrived.

        Raises:
            Refusal: It is malformed or beyond the limits.
        """
        try:
            self._parser.write(chunk)
        except MultipartParseError as error:
            raise Refusal(400, f"The form is malformed: {error}.") from None

    def pictures(self) -> list[Upload]:
        """The pictures, in their order.

        Raises:
            Refusal: The form does not end.
        """
        if not self._is_whole:
            raise Refusal(400, "The form is malformed: it has no closing boundary.")
        return self._pictures

    def fields(self) -> dict[str, Any]:
        """All else, as a body of JSON would hold it."""
        return fields_of(self._texts)

    # ------------------------------------------------------------- what the parser tells, in order

    def _part_begin(self) -> None:
        self._count += 1
        if self._count > _FIELDS + self._limits.pictures:
            raise Refusal(413, f"A form may hold {_FIELDS + self._limits.pictures:,} parts.")
        self._name = self._file = ""
        self._head = 0
        self._disposition = b""
        self._data = bytearray()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._grow(self._header, data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._grow(self._value, data[start:end])

    def _grow(self, header: bytearray, more: bytes) -> None:
        header += more
        self._head += len(more)
        if self._head > _HEAD:
            raise Refusal(
                400, f"Part {self._count} of the form has more than {_HEAD} B of headers."
            )

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        kind, options = parse_options_header(self._disposition)
        if kind != b"form-data" or not options.get(b"name"):
            raise Refusal(400, f"Part {self._count} of the form has no name.")
        self._name = options[b"name"].decode("utf-8", "replace")
        self._file = options.get(b"filename", b"").decode("utf-8", "replace")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]
        if self._name in _PICTURES and len(self._data) > self._limits.picture_bytes:
            most = size_in_words(self._limits.picture_bytes)
            raise Refusal(413, f"Part {self._count} of the form is larger than {most}.")

    def _part_end(self) -> None:
        if self._name in _PICTURES:
            n = len(self._pictures)
            if n == self._limits.pictures:
                raise Refusal(413, f"A request may hold {n} pictures. Send them in several.")
            name = self._file[-self._limits.text_length :] or f"<images[{n}]>"
            self._pictures.append(Upload(bytes(self._data), name))
        else:
            try:
                self._texts.append((self._name, self._data.decode("utf-8")))
            except UnicodeDecodeError:
                raise Refusal(
                    400,
                    f"The part {brief(self._name)} of the form is no text in UTF-8. Pictures are "
                    "parts named `image`.",
                ) from None
        self._data = bytearray()

    def _end(self) -> None:
        self._is_whole = True

    def _parsing(self, content_type: bytes) -> MultipartParser:
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if not 0 < len(boundary) <= 70:  # RFC 2046, 5.1.1
            raise Refusal(
                400, "The content type multipart/form-data must name a boundary of up to 70 bytes."
            )
        try:
            parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._part_begin,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_part_data": self._part_data,
                    "on_part_end": self._part_end,
                    "on_end": self._end,
                },
            )
        except ValueError as error:
            raise Refusal(400, f"The form is malformed: {error}.") from None
        parser.logger = _QUIET
        return parser


def fields_of(items: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """What texts of a form or a query stand for, as a body of JSON would hold it.

    Raises:
        Refusal: One of them cannot be what it has to be.

    Examples:
        >>> fields_of([("labels", "cat,dog"), ("top", "2")])
        {'labels': ['cat', 'dog'], 'top': 2}
    """
    texts: dict[str, list[str]] = {}
    for name, text in items:
        texts.setdefault(name, []).append(text)
    return {name: _value_of(name, some) for name, some in texts.items()}


def _value_of(name: str, texts: list[str]) -> Any:
    """What texts of a form stand for: lists in JSON or repeated, one number, one truth value."""
    if name in ("labels", "templates", "texts"):
        if len(texts) > 1:
            return texts
        starts = texts[0].lstrip()[:1]
        if starts == "[" or (starts == "{" and name == "labels"):  # "{}" is a template
            return _in_json(name, texts[0])
        names = texts[0].split(",") if name == "labels" else texts
        return [text.strip() for text in names]
    if len(texts) > 1:
        raise Refusal(422, f"`{name}` is given {len(texts)} times. Give it once.")
    return texts[0] if name not in ("top", "multi_label") else _in_json(name, texts[0].lower())


def _in_json(name: str, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=each_once)
    except (ValueError, RecursionError):
        raise Refusal(422, f"`{name}` holds no JSON: {brief(text)}.") from None


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Of a key that stands there twice, the first would be lost without a word.

    Raises:
        Refusal: There is such a key.
    """
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise Refusal(422, f"{brief(name)} stands twice in one object of JSON. Give it once.")
        made[name] = value
    return made
