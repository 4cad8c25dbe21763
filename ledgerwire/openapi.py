"""The OpenAPI document of this version, made without a server: operations are listed, not asked."""

from dataclasses import fields
from functools import cache
from typing import Any

from api.catalogue import catalogue
from api.here import Api
from api.openapi.document import openapi_document
from api.operation import Operation


@cache
def operations() -> tuple[Operation, ...]:
    """Every operation of the api, to be read only: none of them can be carried out."""
    nowhere: dict[str, Any] = dict.fromkeys(each.name for each in fields(Api))
    return tuple(catalogue(Api(**nowhere)))


@cache
def openapi() -> dict[str, Any]:
    """The whole document."""
    return openapi_document(operations())
