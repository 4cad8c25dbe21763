"""JSON bodies of a fixed shape, read into structs: what does not fit is told by its place."""

from typing import TypeVar

import msgspec

from api.operation import Asked
from api.problems import bad_request

Shape = TypeVar("Shape", bound=msgspec.Struct)


async def read_body(asked: Asked, shape: type[Shape]) -> Shape:
    """The body as this struct.

    Raises:
        Problem: `bad_request` with the JSON Pointer of what does not fit, and those of `json`.
    """
    content = await asked.json()
    try:
        return msgspec.convert(content, shape)
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at ")
        path = where.strip("`").removeprefix("$").replace(".", "/").replace("[", "/")
        raise bad_request(path.replace("]", ""), said) from None
