"""The api as one ASGI application: a list of routes and nothing else."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.routing import BaseRoute

MOST_BODY_BYTES = 64 * 1024  #: no route of the api takes a body yet


def create_app(*route_lists: Sequence[BaseRoute]) -> Starlette:
    """Put routes together: those of `linking`, of `health`, or of other roles of one process."""
    routes = [route for routes in route_lists for route in routes]
    return Starlette(routes=routes, max_body_size=MOST_BODY_BYTES)
