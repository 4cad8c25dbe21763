"""`ledgerwire setup`: asks for what is needed, tries it out, and writes the settings file.

What an answer must look like stands in ledgerwire/answers.py, how it is tried out in
ledgerwire/trying.py; here is the conversation alone.
"""

import sys
import textwrap
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledgerwire.cli.options import run_async

if TYPE_CHECKING:
    from ledgerwire.answers import Rule
    from ledgerwire.doctor.finding import Finding

PORTAL = "https://developer.xero.com/app/manage"
ROTATE = "(Enter keeps the one there is)"
_WIDTH = 88
_KAFKA_PROOFS = ("LEDGERWIRE_KAFKA_SECURITY", "LEDGERWIRE_KAFKA_SASL_MECHANISM",
                 "LEDGERWIRE_KAFKA_SASL_USERNAME", "LEDGERWIRE_KAFKA_SASL_PASSWORD",
                 "LEDGERWIRE_KAFKA_CA_FILE")  # fmt: skip


@click.command()
@click.option("--file", "path", type=click.Path(path_type=Path, dir_okay=False),
              default=Path("ledgerwire.env"), show_default=True,
              help="Where the settings go; what is there already is offered again.")  # fmt: skip
@click.option("--xero-url", metavar="ADDRESS",
              help="A simulator or emulator to use in Xero's place.")  # fmt: skip
def setup(*, path: Path, xero_url: str | None) -> None:
    """Ask for what Ledgerwire needs, check it, and write the settings file.

    Explains where each value is found in Xero's portal, tries out what can be tried, writes the
    file so that only you may read it, and says what to paste where. Nothing is written before the
    last answer.

    \b
    Example:
      ledgerwire setup --file /etc/ledgerwire/ledgerwire.env
    """
    from ledgerwire.env_file import checked, variables_of, write_variables
    from ledgerwire.logs import configure_logging
    from ledgerwire.settings import Settings

    # What was tried is told in sentences here.
    configure_logging(Settings(log_level="error"), terminal=sys.stderr.isatty())
    old = variables_of(path)
    conversation = Conversation(old)
    if xero_url is not None:
        for name in ("API", "IDENTITY", "LOGIN"):
            conversation.given[f"LEDGERWIRE_XERO_{name}_URL"] = xero_url.rstrip("/")
    _say(
        f"This asks for what Ledgerwire needs and writes it to {path}. Enter takes what stands in "
        "brackets, Ctrl-C ends it and leaves everything as it was."
    )
    if old:
        _say(f"{path} is there already: its answers are offered again.")
    try:
        for step in (_address, _app, _webhook, _tier, _database, _kafka):
            step(conversation)
    except click.Abort:
        click.echo(f"\n{path} is as it was before.", err=True)
        raise
    variables = {**old, **conversation.given}
    write_variables(path, variables)
    checked(path)
    _what_next(path.absolute(), variables)


class Conversation:
    """Questions to a person, and the answers as variables."""

    def __init__(self, old: Mapping[str, str]) -> None:
        self._old = dict(old)
        self.given: dict[str, str] = {}

    def ask(
        self, name: str, question: str, rule: "Rule", *, default: str | None = None,
        hidden: bool = False,
    ) -> str:  # fmt: skip
        """Ask until the answer keeps the rule, and keep it under the variable of this name."""
        known = self.given.get(name, self._old.get(name, default))
        shown = f"{question} {ROTATE}" if hidden and known else question
        while True:
            answer: str = click.prompt(
                shown, default=known, hide_input=hidden, show_default=not hidden and bool(known)
            )
            try:
                self.given[name] = rule(answer)
            except ValueError as error:
                _say(f"{error}.", indent="  ! ")
                continue
            return self.given[name]

    def tried(self, trial: Callable[[Mapping[str, str]], Coroutine[Any, Any, "Finding"]]) -> bool:
        """Try out what was answered so far; False if it is to be asked for again."""
        from ledgerwire.doctor.finding import Verdict

        found = run_async(trial({**self._old, **self.given}))
        mark = "  ! " if found.verdict in (Verdict.BAD, Verdict.AWAY) else "  "
        _say(f"{found.what}.", indent=mark)
        if found.remedy and found.verdict in (Verdict.BAD, Verdict.AWAY):
            _say(f"{found.remedy}.", indent="    ")
        return found.verdict is not Verdict.BAD

    def old(self, name: str) -> str | None:
        """What the file says so far."""
        return self._old.get(name)

    def forget(self, *names: str) -> None:
        """Offer these no more: they were refused."""
        for known in (self._old, self.given):
            for name in names:
                known.pop(name, None)


def _address(conversation: Conversation) -> None:
    from ledgerwire import answers

    _head("1. Where browsers reach Ledgerwire")
    _say(
        "To try it on this machine, http://localhost:8000 is fine. On a server it is the https "
        "address that leads to Ledgerwire."
    )
    address = conversation.ask(
        "LEDGERWIRE_PUBLIC_URL", "Address", answers.public_url, default="http://localhost:8000"
    )
    port = answers.local_port(address)
    if port is not None:
        conversation.given["LEDGERWIRE_PORT"] = port


def _app(conversation: Conversation) -> None:
    from ledgerwire import answers
    from ledgerwire.trying import try_app

    redirect = f"{conversation.given['LEDGERWIRE_PUBLIC_URL']}/connect/callback"
    _head("2. Your app at Xero")
    _say(
        f"Everybody who runs Ledgerwire brings an app of their own. Open {PORTAL} and press New "
        "app: kind Web app, any name, your company's address, and as redirect URI, letter by "
        f"letter, {redirect}. An app is free and may be linked to a limited number of "
        "organisations. A custom connection is another kind: one organisation, paid by the month."
    )
    kind = ""

    def take(answer: str) -> str:
        nonlocal kind
        kind = answers.kind(answer)
        return "client_credentials" if kind == answers.CUSTOM else "authorization_code"

    custom = conversation.old("LEDGERWIRE_XERO_GRANT") == "client_credentials"
    conversation.forget("LEDGERWIRE_XERO_GRANT")
    conversation.ask("LEDGERWIRE_XERO_GRANT", "Kind of app (web, custom)", take,
                     default=answers.CUSTOM if custom else answers.WEB)  # fmt: skip
    _say("On the app's page Configuration stands the client id; Generate a secret makes a secret.")
    while True:
        conversation.ask("LEDGERWIRE_XERO_CLIENT_ID", "Client id", answers.client_id)
        conversation.ask("LEDGERWIRE_XERO_CLIENT_SECRET", "Client secret", answers.client_secret,
                         hidden=True)  # fmt: skip
        if conversation.tried(try_app):
            break
        conversation.forget("LEDGERWIRE_XERO_CLIENT_SECRET")
    if kind == answers.WEB:
        _say("Apps made before 2 March 2026 may ask for the old, broad scopes; newer ones may not.")
        broad = click.confirm(
            "Was the app made before 2 March 2026, and should it ask for broad scopes?",
            default=conversation.old("LEDGERWIRE_XERO_SCOPES") == "broad",
        )
        scopes = conversation.old("LEDGERWIRE_XERO_SCOPES") or "granular"
        conversation.given["LEDGERWIRE_XERO_SCOPES"] = (
            "broad" if broad else ("granular" if scopes == "broad" else scopes)
        )


def _webhook(conversation: Conversation) -> None:
    from ledgerwire import answers

    _head("3. Webhooks")
    _say(
        "With webhooks a change arrives within about a second; for that Xero must reach this "
        "machine by https on port 443, through a server or a tunnel. Without, leave this empty: "
        "Ledgerwire looks for changes by itself, within minutes (sweeps alone). You can add a key "
        "later by `ledgerwire setup`, and take it out by answering -."
    )
    _say(
        "On the app's page Webhooks tick every category that is offered, enter the delivery URL "
        f"{_delivery_url(conversation.given['LEDGERWIRE_PUBLIC_URL'])}, save, and copy the "
        "webhooks key."
    )
    known = conversation.old("LEDGERWIRE_XERO_WEBHOOK_KEYS")
    conversation.ask("LEDGERWIRE_XERO_WEBHOOK_KEYS", "Webhook key", answers.webhook_keys,
                     default=known or "", hidden=True)  # fmt: skip


def _tier(conversation: Conversation) -> None:
    from ledgerwire import answers

    _head("4. Your app's tier")
    _say(
        "Xero's price tiers differ in calls a day and in how many organisations may be linked. "
        "The app's page in the portal names yours; a new app begins as starter."
    )
    conversation.ask("LEDGERWIRE_XERO_TIER", f"Tier ({', '.join(answers.TIERS)})", answers.tier,
                     default="starter")  # fmt: skip


def _database(conversation: Conversation) -> None:
    from ledgerwire import answers
    from ledgerwire.settings_rules import EMBEDDED
    from ledgerwire.trying import try_database
    from storage.secrets import new_key

    _head("5. PostgreSQL")
    _say(
        "`embedded` runs a real PostgreSQL of its own, with its data below this folder. For "
        "several machines name a server."
    )
    while True:
        url = conversation.ask("LEDGERWIRE_DATABASE_URL", "Database", answers.database_url,
                               default=EMBEDDED)  # fmt: skip
        if url == EMBEDDED:
            folder = Path(conversation.old("LEDGERWIRE_DATA_DIR") or "ledgerwire-data")
            conversation.given["LEDGERWIRE_DATA_DIR"] = str(folder.absolute())
            return
        if conversation.tried(try_database):
            break
        conversation.forget("LEDGERWIRE_DATABASE_URL")
    if not conversation.old("LEDGERWIRE_SECRET_KEYS"):
        conversation.given["LEDGERWIRE_SECRET_KEYS"] = new_key()
        _say("A key that encrypts Xero's tokens was made: it is in the file, keep it safe.")


def _kafka(conversation: Conversation) -> None:
    from ledgerwire import answers
    from ledgerwire.settings_rules import EMBEDDED
    from ledgerwire.trying import try_kafka

    _head("6. Kafka")
    _say("`embedded` is for trying out: it is not durable. Otherwise host:port of your brokers.")
    while True:
        address = conversation.ask("LEDGERWIRE_KAFKA", "Kafka", answers.kafka, default=EMBEDDED)
        if address == EMBEDDED:
            conversation.given |= dict.fromkeys(_KAFKA_PROOFS, "")
            return
        security = conversation.ask(
            "LEDGERWIRE_KAFKA_SECURITY", "Security (PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL)",
            answers.kafka_security, default="PLAINTEXT",
        )  # fmt: skip
        if security.startswith("SASL"):
            conversation.ask("LEDGERWIRE_KAFKA_SASL_MECHANISM",
                             "Mechanism (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512)",
                             answers.sasl_mechanism, default="SCRAM-SHA-512")  # fmt: skip
            conversation.ask("LEDGERWIRE_KAFKA_SASL_USERNAME", "User name", answers.word)
            conversation.ask("LEDGERWIRE_KAFKA_SASL_PASSWORD", "Password", answers.word,
                             hidden=True)  # fmt: skip
        if conversation.tried(try_kafka):
            return
        conversation.forget("LEDGERWIRE_KAFKA_SASL_PASSWORD")


def _what_next(path: Path, variables: Mapping[str, str]) -> None:
    public = variables["LEDGERWIRE_PUBLIC_URL"]
    _head("Written")
    _say(f"{path} holds your settings, secrets included; only you may read it.")
    click.echo("\nPaste at Xero, on your app's pages:")
    if variables["LEDGERWIRE_XERO_GRANT"] == "authorization_code":
        click.echo(f"  Configuration, redirect URI:  {public}/connect/callback")
    if variables.get("LEDGERWIRE_XERO_WEBHOOK_KEYS"):
        click.echo(f"  Webhooks, delivery URL:       {_delivery_url(public)}")
    else:
        click.echo("  Webhooks:                     nothing, it runs on sweeps alone")
    click.echo("\nThen:")
    click.echo(f"  export LEDGERWIRE_ENV_FILE={path}")
    for command, why in (
        ("ledgerwire doctor", "checks it all"),
        ("ledgerwire up", "runs it"),
        ("ledgerwire link", "in another terminal: the address at which you link an organisation"),
        ("ledgerwire tail --from beginning", "shows the events"),
    ):
        click.echo(f"  {command:<34}{why}")


def _delivery_url(public: str) -> str:
    """Where Xero is to send webhooks; a machine that is reached by itself alone needs a tunnel."""
    return f"{'https://YOUR-TUNNEL' if public.startswith('http://') else public}/webhooks/xero"


def _head(text: str) -> None:
    click.echo()
    click.secho(text, bold=True)


def _say(text: str, *, indent: str = "") -> None:
    blank = " " * len(indent)
    click.echo(textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=blank,
                             break_long_words=False, break_on_hyphens=False))  # fmt: skip
