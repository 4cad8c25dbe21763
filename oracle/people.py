"""What the records of users, employees, contact groups and budgets should say.

Source in words: Xero's pages of each, and its descriptions of three countries' payrolls. A user
who was removed is still listed, by a role; so is an employee whose time is over, by a status in
Australia and by a date elsewhere. A budget is read for 24 months around the day of reading, which
the books do not know: of the months near its edges a record may have more or fewer.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from oracle.common import Setting, flag, identity, iso, ref, removed
from oracle.match import Bag, Within
from oracle.money import amount
from oracle.parties import known
from oracle.wire import day, guid, instant, text

_ROLES = {
    "READONLY": "read_only",
    "INVOICEONLY": "invoice_only",
    "STANDARD": "standard",
    "FINANCIALADVISER": "adviser",
    "MANAGEDCLIENT": "managed_client",
    "CASHBOOKCLIENT": "cashbook_client",
}
_EMPLOYED = {
    "ACTIVE": "active",
    "ARCHIVED": "inactive",
    "TERMINATED": "inactive",
    "GDPRREQUEST": "erasure_requested",
    "DELETED": "deleted",
}
_BUDGETS = {"OVERALL": "overall", "TRACKING": "tracking"}
_SURE_BACK, _SURE_AHEAD = 10, 11  #: months around today that a budget read last month holds, too

Raw = Mapping[str, Any]


def user(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of a user. Raises UnreadableBooks."""
    role, email = text(raw.get("OrganisationRole")), text(raw.get("EmailAddress"))
    gone = role == "REMOVED"
    roles = [] if gone or role is None else [{"key": known(_ROLES, role), "name": role}]
    return {
        **identity(setting, "user", str(guid(raw["UserID"]))),
        **removed("deleted" if gone else None),
        "merged_into": None,
        "extensions": {},
        "status": "removed" if gone else "active",
        "remote_status": role,
        **_named(text(raw.get("FirstName")), text(raw.get("LastName"))),
        "emails": [] if email is None else [{"type": "main", "email": email, "is_primary": True}],
        "roles": roles,
        "is_owner": flag(raw.get("IsSubscriber")),
        "global_user_id": text(raw.get("GlobalUserID")),
        **dict.fromkeys(
            ("is_email_verified", "is_2fa_enabled", "last_login_at", "title", "phones")
        ),
    }


def employee(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of an employee, from whichever API. Raises UnreadableBooks."""
    return _of_2_0(raw, setting) if "employeeID" in raw else _of_1_0(raw, setting)


def _of_1_0(raw: Raw, setting: Setting) -> dict[str, Any]:
    """Australia's, or the accounting API's of old, which says when nobody began."""
    status = known(_EMPLOYED, raw.get("Status"))
    in_payroll = "StartDate" in raw
    link = raw.get("ExternalLink") or {}
    return {
        **identity(setting, "employee", str(guid(raw["EmployeeID"]))),
        **removed("deleted" if status == "deleted" else None),
        "merged_into": None,
        "extensions": {},
        "status": status,
        "remote_status": text(raw.get("Status")),
        **_named(text(raw.get("FirstName")), text(raw.get("LastName"))),
        "email": text(raw.get("Email")),
        "employee_number": None,
        "job_title": text(raw.get("JobTitle")),
        "start_date": iso(day(raw.get("StartDate"))),
        "end_date": iso(day(raw.get("TerminationDate"))),
        "external_link": text(link.get("Url")),
        "source_api": "payroll_au" if in_payroll else "accounting_legacy",
    }


def _of_2_0(raw: Raw, setting: Setting) -> dict[str, Any]:
    """New Zealand's or the United Kingdom's, of which only the latter has off-payroll workers."""
    ends = day(raw.get("endDate"))
    return {
        **identity(setting, "employee", str(guid(raw["employeeID"]))),
        **removed(None),
        "merged_into": None,
        "extensions": {},
        "created_at": instant(raw.get("createdDateUTC")),
        "status": "inactive" if ends is not None and ends < setting.today else "active",
        "remote_status": None,
        **_named(text(raw.get("firstName")), text(raw.get("lastName"))),
        "email": text(raw.get("email")),
        "employee_number": text(raw.get("employeeNumber")),
        "job_title": text(raw.get("jobTitle")),
        "start_date": iso(day(raw.get("startDate"))),
        "end_date": iso(ends),
        "external_link": None,
        "source_api": "payroll_uk" if "isOffPayrollWorker" in raw else "payroll_nz",
    }


def contact_group(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of a contact group. Raises UnreadableBooks."""
    members = [
        ref(setting.tenant, "contact", guid(held["ContactID"])) or {}
        for held in raw.get("Contacts") or ()
    ]
    return {
        **identity(setting, "contact_group", str(guid(raw["ContactGroupID"]))),
        **removed(None),
        "merged_into": None,
        "extensions": {},
        "status": "active",
        "remote_status": text(raw.get("Status")),
        "name": text(raw.get("Name")),
        "members": Bag(members, lambda held: str(held.get("remote_id"))),
        "member_count": len(members),
    }


def budget(raw: Raw, setting: Setting) -> dict[str, Any]:
    """The expected record of a budget. Raises UnreadableBooks."""
    planned = {
        f"{guid(line['AccountID'])} {held['Period']}": {
            "account": ref(setting.tenant, "account", guid(line["AccountID"])),
            "period": held["Period"],
            "amount": amount(held.get("Amount"), setting.base_currency),
            "unit_amount": amount(held.get("UnitAmount"), setting.base_currency),
            "notes": text(held.get("Notes")),
        }
        for line in raw.get("BudgetLines") or ()
        for held in line["BudgetBalances"]
    }
    first, last = (_month(setting.today, by) for by in (-_SURE_BACK, _SURE_AHEAD))
    sure = frozenset(key for key, held in planned.items() if first <= held["period"] <= last)
    return {
        **identity(setting, "budget", str(guid(raw["BudgetID"]))),
        **removed(None),
        "merged_into": None,
        "extensions": {},
        "status": "active",
        "remote_status": None,
        "name": text(raw.get("Description")),
        "type": known(_BUDGETS, raw.get("Type")),
        "tracking": [
            {
                "category": ref(
                    setting.tenant, "tracking_category", guid(held["TrackingCategoryID"])
                ),
                "option": ref(setting.tenant, "tracking_option", guid(held["TrackingOptionID"])),
            }
            for held in raw.get("Tracking") or ()
        ],
        "currency": setting.base_currency,
        "lines": Within(planned, sure, _spread),
    }


def _spread(found: Any) -> dict[str, Any]:
    """A record's lines as the months of accounts, each by itself. Raises KeyError or TypeError."""
    return {
        f"{line['account']['remote_id']} {held['period']}": {"account": line["account"], **held}
        for line in found
        for held in line["periods"]
    }


def _month(today: date, by: int) -> str:
    whole = today.year * 12 + today.month - 1 + by
    return f"{whole // 12:04d}-{whole % 12 + 1:02d}"


def _named(first: str | None, last: str | None) -> dict[str, str | None]:
    whole = " ".join(part.strip() for part in (first, last) if part)
    return {"first_name": first, "last_name": last, "name": whole or None}
