"""Xero's SDK reads the employees of all three payrolls from the simulator."""

from typing import Any

import pytest
from xero_python.exceptions import HTTPStatusException
from xero_python.payrollau import PayrollAuApi
from xero_python.payrollnz import PayrollNzApi
from xero_python.payrolluk import PayrollUkApi

from tests.simulator.sdk.world import World, running

# The SDK asks urllib3 for headers in a way that urllib3 has given up since.
pytestmark = pytest.mark.filterwarnings(r"ignore:HTTPResponse\.getheaders?\(\):DeprecationWarning")


@pytest.mark.behaviour("Official SDK", "each country's payroll client reads its employees")
@pytest.mark.parametrize(
    ("currency", "client", "version"),
    [("AUD", PayrollAuApi, "1.0"), ("NZD", PayrollNzApi, "2.0"), ("GBP", PayrollUkApi, "2.0")],
)
def test_employees_are_read_by_the_sdk(currency: str, client: Any, version: str) -> None:
    """A list, and one alone by its id; another country's client is refused."""
    with running(currency) as simulator:
        world = World(simulator)
        api = client(world.client, base_url=f"{world.base_url}/payroll.xro/{version}")
        other = "2.0" if version == "1.0" else "1.0"
        wrong = client(world.client, base_url=f"{world.base_url}/payroll.xro/{other}")

        listed = api.get_employees(world.tenant).employees
        single = api.get_employee(world.tenant, listed[0].employee_id)
        alone = single.employees[0] if currency == "AUD" else single.employee
        with pytest.raises(HTTPStatusException) as caught:
            wrong.get_employees(world.tenant)

    assert len(listed) >= 4
    assert (alone.employee_id, alone.last_name) == (listed[0].employee_id, listed[0].last_name)
    assert listed[0].start_date is not None
    assert caught.value.status == 405
