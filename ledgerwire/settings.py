"""Every setting: read once, at the edge, from the environment or one file, into frozen values.

`*_FILE` names a file that holds the value, so that secrets need not stand in the environment.
A wrong or missing setting ends the start with one line that names it, says why and shows an
example. Nothing else in Ledgerwire looks at the environment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo

from ledgerwire.settings_rules import (
    EMBEDDED,
    database_address,
    kafka_addresses,
    nearest,
    port_number,
    why,
    without_password,
)

PREFIX = "LEDGERWIRE_"
ENV_FILE = "LEDGERWIRE_ENV_FILE"
COMMENT = "# "  #: a value that begins so was none: Compose reads `NAME=  # text` that way


class SettingsError(Exception):
    """One setting is wrong or missing; the message is one line for a person."""


def _setting(default: Any, *, about: str, example: str) -> Any:
    return Field(default=default, description=about, examples=[example])


class Settings(BaseModel):
    """All settings with their defaults. Field names are the variables' names without the prefix,
    in lower case."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: str = _setting(
        "embedded",
        about="`embedded`: a PostgreSQL from a wheel, data in LEDGERWIRE_DATA_DIR; or a server",
        example="postgresql://ledgerwire:secret@db.example:5432/ledgerwire",
    )
    data_dir: Path = _setting(
        Path("ledgerwire-data"), about="Where embedded servers keep their data",
        example="/var/lib/ledgerwire",
    )  # fmt: skip
    kafka: str = _setting(
        "embedded", about="`embedded` (for trying out, not durable), or bootstrap servers",
        example="kafka-1.example:9092,kafka-2.example:9092",
    )  # fmt: skip
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = _setting(
        "PLAINTEXT", about="How Kafka is spoken to", example="SASL_SSL"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = _setting(
        None, about="How we prove to Kafka who we are", example="SCRAM-SHA-512"
    )
    kafka_sasl_username: str | None = _setting(
        None, about="User name at Kafka", example="ledgerwire"
    )
    kafka_sasl_password: SecretStr | None = _setting(
        None, about="Password at Kafka", example="a long password"
    )
    kafka_ca_file: Path | None = _setting(
        None, about="Certificates (PEM) to trust for Kafka instead of the system's",
        example="/etc/ssl/kafka-ca.pem",
    )  # fmt: skip
    topic_prefix: str = _setting("xero", about="First part of every topic", example="xero")
    kafka_partitions: int = _setting(12, about="Partitions of every topic we make", example="12")
    kafka_replication: int | None = _setting(
        None, about="Replication of every topic we make; the broker's default unless given",
        example="3",
    )  # fmt: skip
    event_days: int = _setting(
        30, about="Days for which committed events are kept for replay", example="30"
    )
    host: str = _setting("127.0.0.1", about="Address on which HTTP listens", example="0.0.0.0")  # noqa: S104  # an example in the docs
    port: int = _setting(8000, about="Port on which HTTP listens", example="8000")
    public_url: str = _setting(
        "http://localhost:8000", about="How browsers reach us: OAuth redirect and links",
        example="https://ledgerwire.example",
    )  # fmt: skip
    return_origins: tuple[str, ...] = _setting(
        (), about="Origins of pages that may link in a window and be returned to, comma separated",
        example="https://app.example",
    )  # fmt: skip
    linking: Literal["open", "sessions"] = _setting(
        "open",
        about="`open`: anybody may open /connect, and an external id given there is unverified; "
        "`sessions`: only at addresses that an API key or `ledgerwire link` made",
        example="sessions",
    )
    xero_client_id: str | None = _setting(
        None, about="Client id of your Xero app", example="0123456789ABCDEF0123456789ABCDEF"
    )
    xero_client_secret: SecretStr | None = _setting(
        None, about="Client secret of your Xero app", example="the secret from Xero's portal"
    )
    xero_grant: Literal["authorization_code", "client_credentials"] = _setting(
        "authorization_code",
        about="`client_credentials` for a custom connection",
        example="client_credentials",
    )
    xero_webhook_keys: tuple[SecretStr, ...] = _setting(
        (), about="Webhook keys, comma separated; without any, Ledgerwire runs on sweeps alone",
        example="the key from Xero's portal",
    )  # fmt: skip
    xero_scopes: str = _setting(
        "granular",
        about="`granular` or `broad` (apps made before 2 March 2026), `write` to ask for what the "
        "api needs to write, and scopes to add",
        example="granular,write,accounting.journals.read",
    )
    xero_api_url: str = _setting(
        "https://api.xero.com", about="Xero's API, or a simulator",
        example="http://127.0.0.1:8400",
    )  # fmt: skip
    xero_identity_url: str = _setting(
        "https://identity.xero.com", about="Xero's token server", example="http://127.0.0.1:8400"
    )
    xero_login_url: str = _setting(
        "https://login.xero.com", about="Xero's consent page", example="http://127.0.0.1:8400"
    )
    xero_tier: Literal["starter", "core", "plus", "advanced", "enterprise"] = _setting(
        "core", about="Your app's tier at Xero: day limit and bill forecast", example="plus"
    )
    secret_keys: tuple[SecretStr, ...] = _setting(
        (), about="Keys (Fernet) that encrypt tokens: the first encrypts, all decrypt; made and "
        "kept in the data folder when the database is embedded, required otherwise",
        example="python -c 'from cryptography.fernet import Fernet; "
        "print(Fernet.generate_key().decode())'",
    )  # fmt: skip
    store_raw: bool = _setting(True, about="Keep Xero's raw JSON beside records", example="false")
    event_raw: bool = _setting(False, about="Put Xero's raw JSON into events", example="true")
    log_format: Literal["auto", "console", "json"] = _setting(
        "auto", about="`console` on a terminal, else `json`", example="json"
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", about="Least level that is logged", example="warning"
    )
    clock_file: Path | None = _setting(
        None,
        about="File with an offset in seconds that shifts business time (tests, demos)",
        example="/tmp/offset",  # noqa: S108  # an example in the docs
    )

    @field_validator("return_origins", "xero_webhook_keys", "secret_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("public_url", "xero_api_url", "xero_identity_url", "xero_login_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        return database_address(value)

    @field_validator("kafka")
    @classmethod
    def _kafka(cls, value: str) -> str:
        return kafka_addresses(value)

    @field_validator("port")
    @classmethod
    def _port(cls, value: int) -> int:
        return port_number(value)

    @field_validator("kafka_partitions", "kafka_replication", "event_days")
    @classmethod
    def _positive(cls, value: int | None) -> int | None:
        if value is not None and value < 1:
            raise ValueError("must be at least 1")
        return value


@dataclass(frozen=True, slots=True)
class Source:
    """Where a setting's value came from."""

    variable: str
    origin: str  #: default, environment, file, or secret file


def variable(name: str) -> str:
    """The environment variable of a field."""
    return PREFIX + name.upper()


def load(
    environment: Mapping[str, str],
    *,
    read_text: Callable[[Path], str] = Path.read_text,
) -> tuple[Settings, dict[str, Source]]:
    """Read all settings.

    Raises:
        SettingsError: one is unknown, unreadable or wrong.
    """
    values: dict[str, str] = {}
    sources: dict[str, Source] = {}
    given = _from_file(environment, read_text), _ours(environment)
    for origin, variables in zip(("file", "environment"), given, strict=True):
        for key, text in variables.items():
            name, value, how = _value(key, text, read_text)
            if value.startswith(COMMENT):
                raise SettingsError(
                    f"{key} holds a comment: where a file of settings leaves a value out, nothing "
                    "may follow the =. Put the comment on a line of its own"
                )
            values[name] = value
            sources[name] = Source(key, how or origin)
    fields = Settings.model_fields
    for name in values:
        if name not in fields:
            meant = nearest(name, fields)
            hint = f": did you mean {variable(meant)}?" if meant else ""
            raise SettingsError(f"{variable(name)} is no setting{hint}")
    for name in fields:
        sources.setdefault(name, Source(variable(name), "default"))
    try:
        settings = Settings.model_validate({k: v for k, v in values.items() if v != ""})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise SettingsError(_complaint(name, why(dict(first)), fields[name])) from None
    if settings.kafka_security.startswith("SASL"):
        require(settings, "kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password")
    return settings, sources


def _complaint(name: str, reason: str, field: FieldInfo) -> str:
    example = (field.examples or [""])[0]
    return f"{variable(name)} is wrong: {reason}. Example: {variable(name)}={example}"


def _ours(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        key: value
        for key, value in environment.items()
        if key.startswith(PREFIX) and key != ENV_FILE
    }


def _from_file(environment: Mapping[str, str], read_text: Callable[[Path], str]) -> dict[str, str]:
    """`NAME=value` lines of the file that LEDGERWIRE_ENV_FILE names."""
    path = environment.get(ENV_FILE)
    if not path:
        return {}
    try:
        text = read_text(Path(path))
    except OSError as error:
        raise SettingsError(f"{ENV_FILE}: {path} can't be read ({error.strerror})") from None
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip().removeprefix("export ")
        if not stripped or stripped.startswith("#"):
            continue
        key, equals, value = stripped.partition("=")
        if not equals or not key.startswith(PREFIX):
            raise SettingsError(f"{ENV_FILE}: line {number} of {path} is no {PREFIX}NAME=value")
        values[key.strip()] = value.strip().strip("\"'")
    return values


def _value(key: str, text: str, read_text: Callable[[Path], str]) -> tuple[str, str, str | None]:
    name = key.removeprefix(PREFIX).lower()
    if name in Settings.model_fields or not name.endswith("_file"):
        return name, text, None
    try:
        return name.removesuffix("_file"), read_text(Path(text)).strip(), "secret file"
    except OSError as error:
        raise SettingsError(f"{key}: {text} can't be read ({error.strerror})") from None


def require(settings: Settings, *names: str) -> None:
    """Insist on settings that have no usable default.

    Raises:
        SettingsError: one of them is missing.
    """
    for name in names:
        if not getattr(settings, name):
            field = Settings.model_fields[name]
            example = (field.examples or [""])[0]
            raise SettingsError(
                f"{variable(name)} is missing: {field.description}. "
                f"Example: {variable(name)}={example}"
            )


def require_for_work(settings: Settings) -> None:
    """Insist on what every role that speaks to Xero needs.

    Raises:
        SettingsError: one of them is missing.
    """
    require(settings, "xero_client_id", "xero_client_secret")
    if settings.database_url != EMBEDDED:
        require(settings, "secret_keys")


def shown(settings: Settings, name: str) -> str:
    """One setting as text, secrets masked."""
    value = getattr(settings, name)
    if name == "database_url":
        return without_password(str(value))
    if isinstance(value, SecretStr):
        return "********"
    if isinstance(value, tuple):
        return ",".join("********" if isinstance(v, SecretStr) else str(v) for v in value)
    return "" if value is None else _plain(value)


def settings_table() -> str:
    """The settings as a Markdown table, for the README."""
    lines = ["| Name | Default | Meaning | Example |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        text = ",".join(default) if isinstance(default, tuple) else default
        shown_default = "none" if text in (None, "", ()) else f"`{_plain(text)}`"
        example = (field.examples or [""])[0]
        lines.append(
            f"| `{variable(name)}` | {shown_default} | {field.description} | `{example}` |"
        )
    return "\n".join(lines)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment that says nothing of ours, for children that have settings of their own."""
    return {key: value for key, value in environment.items() if not key.startswith(PREFIX)}


def as_environment(settings: Settings) -> dict[str, str]:
    """The variables that give a child process the settings that differ from their defaults.

    A child that inherits others beside them has those, too: see `without_settings`. Holds secrets
    in plain: hand it to a child's environment and nowhere else.
    """
    variables: dict[str, str] = {}
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if value == field.default:
            continue
        parts = value if isinstance(value, tuple) else (value,)
        plain = [p.get_secret_value() if isinstance(p, SecretStr) else _plain(p) for p in parts]
        variables[variable(name)] = ",".join(plain)
    return variables
