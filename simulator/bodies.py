"""Request bodies: JSON or XML in, plain values out. What they mean stands with the endpoints.

Source: Xero's "Requests and responses": both are taken. In XML everything is text, which
elements.py reads as what it stands for; an empty element is an empty text.
"""

from typing import Any
from xml.etree.ElementTree import Element as Node
from xml.etree.ElementTree import ParseError

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from simulator.refusals import PostUnreadable
from simulator.wire import LISTS, decode

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def readable(media_type: str) -> bool:
    """Whether a Content-Type names a form that is taken."""
    return "json" in media_type.lower() or "xml" in media_type.lower()


def read(body: bytes, media_type: str) -> Any:
    """The values of a body. Raises PostUnreadable."""
    if "json" in media_type.lower():
        try:
            return decode(body)
        except msgspec.DecodeError as error:
            raise PostUnreadable(f"The request body is not valid JSON: {error}") from None
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise PostUnreadable(f"The request body is not valid XML: {error}") from None
    return _value(root)


def _value(node: Node) -> Any:
    """A list under a known name, an object where there are children, else text."""
    name = _name(node)
    if name in LISTS:
        return [_value(child) for child in node]
    if node.get(_NIL) == "true":
        return None
    if len(node):
        return {_name(child): _value(child) for child in node}
    return node.text or ""


def _name(node: Node) -> str:
    return node.tag.rpartition("}")[2]
