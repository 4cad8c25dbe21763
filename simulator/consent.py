"""The consent page: a plain HTML form that works without JavaScript.

Programs may skip reading it: POST its fields to the same address. They are `client_id`,
`redirect_uri`, `scope`, `state`, `response_type`, `nonce`, `code_challenge`,
`code_challenge_method`, `acr_values` (as in the query), `tenant` (repeated, or `all`),
`user` (an e-mail address, optional) and `decision` (`allow` or `deny`).
"""

from collections.abc import Iterable, Mapping
from html import escape

CARRIED = ("response_type", "client_id", "redirect_uri", "scope", "state", "nonce",
           "code_challenge", "code_challenge_method", "acr_values")  # fmt: skip

_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}
fieldset{border:1px solid #ccc;border-radius:6px;margin:1rem 0}label{display:block;padding:.3rem}
button{font:inherit;padding:.5rem 1.2rem;margin-right:.5rem;border-radius:6px;border:1px solid #888}
button[value=allow]{background:#0b5fa5;color:#fff;border-color:#0b5fa5}ul{color:#555}"""


def page(
    sent: Mapping[str, str], tenants: Iterable[tuple[str, str]], *, many: bool, user: str
) -> str:
    """The form: one choice of organisation, or several where bulk consent is allowed."""
    kind = "checkbox" if many else "radio"
    choices = "".join(
        f'<label><input type="{kind}" name="tenant" value="{escape(tenant_id)}"'
        f"{' checked' if index == 0 else ''}> {escape(name)}</label>"
        for index, (tenant_id, name) in enumerate(tenants)
    )
    hidden = "".join(
        f'<input type="hidden" name="{key}" value="{escape(sent[key])}">'
        for key in CARRIED
        if key in sent
    )
    asked = "".join(f"<li>{escape(scope)}</li>" for scope in sent.get("scope", "").split())
    legend = "Choose organisations" if many else "Choose one organisation"
    return _document(
        "Connect an organisation",
        f"""<h1>Local Xero</h1><p>The app <code>{escape(sent.get("client_id", ""))}</code> asks for
access to your organisation's data:</p><ul>{asked}</ul>
<form method="post" action="/identity/connect/authorize">{hidden}
<label>Signed in as <input name="user" type="email" value="{escape(user)}"></label>
<fieldset><legend>{legend}</legend>{choices}</fieldset>
<button name="decision" value="allow">Allow access</button>
<button name="decision" value="deny">Cancel</button></form>""",
    )


def failure(error: str, why: str) -> str:
    """The error page: shown when there is no safe place to redirect to."""
    return _document(
        "Error", f"<h1>Sorry, something went wrong</h1><p>{escape(error)}</p><p>{escape(why)}</p>"
    )


def _document(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )
