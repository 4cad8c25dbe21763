"""The api as one ASGI application: a list of routes and nothing else."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.routing import BaseRoute


def create_app(*route_lists: Sequence[BaseRoute]) -> Starlette:
    """Put routes together: those of `linking`, of `health`, or of other roles of one process.

    Each operation bounds its body itself: files are larger than records.
    """
    routes = [route for routes in route_lists for route in routes]
    return Starlette(routes=routes)
