"""Xero's scopes: which exist, which an app may ask for, and which a call needs.

Source: Xero's "Scopes" page: granular ones, and the broad ones they replace (both work for
apps made before 2 March 2026; the ready app counts as one of those).
"""

_READ_WRITE = (
    "accounting.invoices",
    "accounting.payments",
    "accounting.banktransactions",
    "accounting.manualjournals",
    "accounting.classicexpenses",
    "accounting.settings",
    "accounting.contacts",
    "accounting.attachments",
    "accounting.transactions",
    "payroll.employees",
    "payroll.payruns",
    "payroll.payslip",
    "payroll.settings",
    "payroll.timesheets",
)
_REPORTS = ("aged", "balancesheet", "banksummary", "budgetsummary", "executivesummary",
            "profitandloss", "trialbalance", "taxreports", "tenninetynine")  # fmt: skip
_OTHERS = ("openid", "profile", "email", "offline_access", "app.connections",
           "paymentservices", "accounting.budgets.read", "accounting.reports.read")  # fmt: skip

KNOWN = frozenset(
    (
        *_READ_WRITE,
        *(f"{scope}.read" for scope in _READ_WRITE),
        *(f"accounting.reports.{report}.read" for report in _REPORTS),
        *_OTHERS,
    )
)
JOURNALS = "accounting.journals.read"
_JOURNAL_TIERS = frozenset({"advanced", "enterprise"})

_BROAD = {
    "accounting.invoices": "accounting.transactions",
    "accounting.payments": "accounting.transactions",
    "accounting.banktransactions": "accounting.transactions",
    "accounting.manualjournals": "accounting.transactions",
}
_ENDPOINTS = {
    "organisation": "accounting.settings",
    "contacts": "accounting.contacts",
    "invoices": "accounting.invoices",
    "payments": "accounting.payments",
    "creditnotes": "accounting.invoices",
    "purchaseorders": "accounting.invoices",
    "quotes": "accounting.invoices",
    "repeatinginvoices": "accounting.invoices",
    "prepayments": "accounting.payments",
    "overpayments": "accounting.payments",
    "banktransactions": "accounting.banktransactions",
    "banktransfers": "accounting.banktransactions",
    "batchpayments": "accounting.payments",
    "manualjournals": "accounting.manualjournals",
    "attachments": "accounting.attachments",
    "invoicereminders": "accounting.settings",
    "accounts": "accounting.settings",
    "taxrates": "accounting.settings",
    "items": "accounting.settings",
    "trackingcategories": "accounting.settings",
    "currencies": "accounting.settings",
    "brandingthemes": "accounting.settings",
    "paymentservices": "paymentservices",
    "journals": "accounting.journals",
    "reports": "accounting.reports.taxreports",
    "reports/tenninetynine": "accounting.reports.tenninetynine",
    "reports/profitandloss": "accounting.reports.profitandloss",
    "reports/balancesheet": "accounting.reports.balancesheet",
    "reports/trialbalance": "accounting.reports.trialbalance",
    "reports/banksummary": "accounting.reports.banksummary",
    "reports/budgetsummary": "accounting.reports.budgetsummary",
    "reports/executivesummary": "accounting.reports.executivesummary",
    "reports/agedreceivablesbycontact": "accounting.reports.aged",
    "reports/agedpayablesbycontact": "accounting.reports.aged",
    "users": "accounting.settings",
    "contactgroups": "accounting.contacts",
    "budgets": "accounting.budgets",
    "employees": "accounting.settings",
    "payroll": "payroll.employees",
}
#: What also opens an endpoint.
_OTHERWISE = {"items": ("accounting.invoices", "accounting.transactions")}


def refused(asked: frozenset[str], tier: str) -> frozenset[str]:
    """Those of the asked scopes that make consent fail."""
    allowed = KNOWN | ({JOURNALS} if tier.lower() in _JOURNAL_TIERS else frozenset())
    return asked - allowed


def enough(held: frozenset[str], endpoint: str, *, writing: bool) -> bool:
    """Whether these scopes allow a call; `endpoint` is the path's first part in lower case, of a
    report its first two."""
    granular = _ENDPOINTS[endpoint]
    broad = "accounting.reports" if endpoint.startswith("reports") else granular
    names = {granular, _BROAD.get(granular, broad), *_OTHERWISE.get(endpoint, ())}
    if not writing:
        names |= {f"{name}.read" for name in names}
    return bool(held & names)
