"""A user, employees of three APIs, a contact group and a budget, in the world of `records`. Raw
objects and records stand side by side, each by hand. Today is 22 November 2026."""

from tests.oracle import records as r
from tests.oracle.records import Json, common, ms, ref
from tests.oracle.world import World, agreeing

OWNER = "88888888-1111-4111-8111-00000000000a"
DRIVER = "88888888-2222-4222-8222-00000000000b"
BRITON = "88888888-2222-4222-8222-00000000000c"
OLD = "88888888-2222-4222-8222-00000000000d"
CLUB = "88888888-3333-4333-8333-00000000000e"
PLAN = "88888888-4444-4444-8444-00000000000f"
SALES = "88888888-5555-4555-8555-000000000010"
STAMPED = "2026-11-20T00:00:00.000Z"
_UNTOLD = ("is_email_verified", "is_2fa_enabled", "last_login_at", "title", "phones")


def _block(resource: str, remote_id: str, status: str, remote_status: str | None) -> Json:
    block = common(resource, remote_id, status, "")
    return {**block, "remote_status": remote_status, "updated_at": STAMPED}


RAW_OWNER: Json = {
    "UserID": OWNER.upper(),
    "GlobalUserID": "7f1c0f5e-3b8e-4b4e-9a55-6a1f0f6f2d10",
    "EmailAddress": "ana@kauri.example",
    "FirstName": "Ana",
    "LastName": "Tautoko ",
    "UpdatedDateUTC": ms("2026-11-20"),
    "IsSubscriber": True,
    "OrganisationRole": "FINANCIALADVISER",
}
OWNER_RECORD: Json = {
    **_block("user", OWNER, "active", "FINANCIALADVISER"),
    "first_name": "Ana",
    "last_name": "Tautoko ",
    "name": "Ana Tautoko",
    "emails": [{"type": "main", "email": "ana@kauri.example", "is_primary": True}],
    "roles": [{"key": "adviser", "name": "FINANCIALADVISER"}],
    "is_owner": True,
    "global_user_id": "7f1c0f5e-3b8e-4b4e-9a55-6a1f0f6f2d10",
    **dict.fromkeys(_UNTOLD),
}
RAW_DRIVER: Json = {
    "EmployeeID": DRIVER,
    "FirstName": "Dirk",
    "LastName": "Ito",
    "Status": "TERMINATED",
    "StartDate": ms("2019-01-11"),
    "TerminationDate": ms("2026-10-31"),
    "UpdatedDateUTC": ms("2026-11-20"),
}
DRIVER_RECORD: Json = {
    **_block("employee", DRIVER, "inactive", "TERMINATED"),
    "first_name": "Dirk",
    "last_name": "Ito",
    "name": "Dirk Ito",
    "email": None,
    "employee_number": None,
    "job_title": None,
    "start_date": "2019-01-11",
    "end_date": "2026-10-31",
    "external_link": None,
    "source_api": "payroll_au",
}
RAW_BRITON: Json = {
    "employeeID": BRITON,
    "firstName": "Bea",
    "lastName": "Evans",
    "email": "bea@kauri.example",
    "startDate": "2020-02-03T00:00:00",
    "endDate": "2026-11-22T00:00:00",
    "updatedDateUTC": "2026-11-20T00:00:00",
    "createdDateUTC": "2020-02-01T10:00:24",
    "isOffPayrollWorker": False,
    "employeeNumber": "E17",
}
BRITON_RECORD: Json = {
    **_block("employee", BRITON, "active", None),
    "created_at": "2020-02-01T10:00:24.000Z",
    "first_name": "Bea",
    "last_name": "Evans",
    "name": "Bea Evans",
    "email": "bea@kauri.example",
    "employee_number": "E17",
    "job_title": None,
    "start_date": "2020-02-03",
    "end_date": "2026-11-22",
    "external_link": None,
    "source_api": "payroll_uk",
}
RAW_OLD: Json = {
    "EmployeeID": OLD,
    "Status": "ARCHIVED",
    "FirstName": "",
    "LastName": "Mori",
    "ExternalLink": {"Url": "https://people.example/ono"},
    "UpdatedDateUTC": ms("2026-11-20"),
}
OLD_RECORD: Json = {
    **_block("employee", OLD, "inactive", "ARCHIVED"),
    "first_name": None,
    "last_name": "Mori",
    "name": "Mori",
    "email": None,
    "employee_number": None,
    "job_title": None,
    "start_date": None,
    "end_date": None,
    "external_link": "https://people.example/ono",
    "source_api": "accounting_legacy",
}
RAW_CLUB: Json = {
    "ContactGroupID": CLUB,
    "Name": "Club",
    "Status": "ACTIVE",
    "Contacts": [{"ContactID": r.VENDOR.upper(), "Name": "V"}, {"ContactID": r.CUSTOMER}],
}
CLUB_RECORD: Json = {
    **_block("contact_group", CLUB, "active", "ACTIVE"),
    "updated_at": None,
    "name": "Club",
    "members": [ref("contact", r.CUSTOMER, name="C"), ref("contact", r.VENDOR, name="V")],
    "member_count": 2,
}


def balance(period: str, amount: str, notes: str = "") -> Json:
    """What a raw budget plans for a month."""
    return {"Period": period, "Amount": amount, "Notes": notes}


def planned(period: str, amount: str, notes: str | None = None) -> Json:
    """The same in a record."""
    return {"period": period, "amount": amount, "unit_amount": None, "notes": notes}


RAW_PLAN: Json = {
    "BudgetID": PLAN,
    "Type": "TRACKING",
    "Description": "Plan",
    "UpdatedDateUTC": ms("2026-11-20"),
    "Tracking": [{"TrackingCategoryID": CLUB, "Name": "Region",
                  "TrackingOptionID": OLD, "Option": "North"}],
    "BudgetLines": [
        {"AccountID": SALES.upper(), "AccountCode": "200", "BudgetBalances": [
            balance("2025-11", "7"),  # eleven months back: a budget read last month has it
            balance("2026-10", "100.5", "As agreed"), balance("2026-11", "200"),
            balance("2027-11", "9")]},
    ],
}  # fmt: skip
PLAN_RECORD: Json = {
    **_block("budget", PLAN, "active", None),
    "name": "Plan",
    "type": "tracking",
    "remote_type": None,
    "tracking": [{"category": ref("tracking_category", CLUB, name="Region"),
                  "option": ref("tracking_option", OLD, name="North")}],
    "currency": "NZD",
    "period_start": "2026-10",
    "period_end": "2026-11",
    "lines": [{"account": ref("account", SALES, code="200"), "periods": [
        planned("2026-10", "100.50", "As agreed"), planned("2026-11", "200.00")]}],
}  # fmt: skip


def staffed() -> World:
    """The world without a difference, with people of all kinds and a plan."""
    world = agreeing()
    held: Json = world.books["tenants"][0]
    for key, raw, resource, record in (
        ("Users", RAW_OWNER, "user", OWNER_RECORD),
        ("PayrollAU/Employees", RAW_DRIVER, "employee", DRIVER_RECORD),
        ("PayrollUK/Employees", RAW_BRITON, "employee", BRITON_RECORD),
        ("Employees", RAW_OLD, "employee", OLD_RECORD),
        ("ContactGroups", RAW_CLUB, "contact_group", CLUB_RECORD),
        ("Budgets", RAW_PLAN, "budget", PLAN_RECORD),
    ):
        held[key] = [{**raw}]
        world.publish(record, ops="r", resource=resource)
    return world
