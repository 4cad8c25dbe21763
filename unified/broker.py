"""How to reach Kafka, as frozen values: every program that speaks to it takes these.

No connection is made here, and no library of Kafka's is imported.
"""

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Security(StrEnum):
    """How a broker is spoken to, in Kafka's own words."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class SaslMechanism(StrEnum):
    """How a user proves itself to a broker, in Kafka's own words."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """Where Kafka is and what our topics look like there.

    Attributes:
        bootstrap: "host:port", several separated by commas.
        prefix: first part of every topic's name.
        partitions: of every topic; equal everywhere, so that topics can be joined.
        replication: of every topic; None leaves it to the broker.
        ca_file: certificates (PEM) to trust instead of the system's.
        embedded: the broker came with us: it is not durable, and its fetches never wait.
    """

    bootstrap: str
    prefix: str = "xero"
    partitions: int = 12
    replication: int | None = None
    security: Security = Security.PLAINTEXT
    sasl_mechanism: SaslMechanism | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    embedded: bool = False

    def __post_init__(self) -> None:
        """Refuse what a broker would only refuse later, and with a worse message.

        Raises:
            ValueError: the combination cannot work; the message says which value and why.
        """
        if not self.bootstrap.strip():
            raise ValueError("bootstrap: name at least one host:port")
        if self.partitions < 1:
            raise ValueError("partitions: at least 1")
        if self._uses_sasl and None in (
            self.sasl_mechanism,
            self.sasl_username,
            self.sasl_password,
        ):
            raise ValueError(f"{self.security}: needs a mechanism, a user name and a password")

    @property
    def _uses_sasl(self) -> bool:
        return self.security in {Security.SASL_PLAINTEXT, Security.SASL_SSL}

    @property
    def _uses_tls(self) -> bool:
        return self.security in {Security.SSL, Security.SASL_SSL}

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments for any aiokafka client; reads `ca_file` when there is one."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security.value,
        }
        if self._uses_tls:
            options["ssl_context"] = ssl.create_default_context(cafile=self.ca_file)
        if self._uses_sasl and self.sasl_mechanism is not None:
            options["sasl_mechanism"] = self.sasl_mechanism.value
            options["sasl_plain_username"] = self.sasl_username
            options["sasl_plain_password"] = self.sasl_password
        return options
