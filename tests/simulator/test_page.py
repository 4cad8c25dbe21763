"""docs/simulator.md tells what is so: its program runs, its control calls and faults exist."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from starlette.routing import Mount, Route

from simulator.app import create_app
from simulator.faults import CALL_KINDS, Faults
from simulator.simulation import Simulation
from tests.simulator.callers import config

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The page's fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


async def test_program_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """As it stands there, in a thread with a loop of its own."""
    (program,) = (text for text in blocks("python") if "asyncio.run" in text)

    await asyncio.to_thread(exec, compile(program, "docs/simulator.md", "exec"), {})

    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


def test_faults_of_the_page_are_taken() -> None:
    """And all kinds are among them."""
    simulation = Simulation(config())
    (asked,) = (json.loads(text) for text in blocks("json") if '"calls"' in text)

    faults = Faults(simulation.rng("page"))
    faults.ask(asked)

    assert {fault.kind for fault in faults.calls} == CALL_KINDS


def test_control_calls_of_the_page_exist() -> None:
    """None is missing in the module's own list, and the page names no other."""
    app = create_app(config())
    (control,) = (route for route in app.routes if isinstance(route, Mount))
    routes = {
        (method, re.sub(r"\{[^}]*\}", "{id}", route.path))
        for route in control.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    section = PAGE.split("## Steer it")[1].split("**Faults.**")[0]
    named = set(re.findall(r"`(GET|POST|DELETE) (/[a-z/{}]*[a-z}])", section))

    assert named <= routes
    assert {path for _, path in routes} - {path for _, path in named} <= {
        "/announcement",
        "/tenants/{id}/lock",
        "/tenants/{id}/offline",
        "/tenants/{id}/reset",
    }
