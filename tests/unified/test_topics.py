"""Names of topics, their settings, and how a broker is reached."""

import ssl
from pathlib import Path
from typing import Any

import certifi
import pytest

from unified.broker import BrokerSettings, SaslMechanism, Security
from unified.resources import KINDS
from unified.resources.company_info import COMPANY_INFO
from unified.resources.invoice import INVOICE
from unified.topics import (
    MAX_RECORD_BYTES,
    all_topics,
    contact_status_topic,
    control_topic,
    dead_topic,
    events_topic,
    invoice_status_topic,
    key,
    state_topic,
)


def test_topics_are_named_as_promised() -> None:
    """Consumers subscribe to these names."""
    assert events_topic("xero", INVOICE) == "xero.accounting.invoices.events.v1"
    assert state_topic("xero", COMPANY_INFO) == "xero.accounting.company-info.state.v1"
    assert control_topic("p") == "p.control.v1"
    assert dead_topic("p") == "p.dead.v1"
    assert invoice_status_topic("p") == "p.crm.invoice-payment-status.v1"
    assert contact_status_topic("p") == "p.crm.contact-payment-status.v1"
    assert key("t", "invoice", "i") == b"t:invoice:i"


def test_every_resource_has_its_two_topics() -> None:
    """Events are kept for a month, states for good."""
    topics = {topic.name: topic.config for topic in all_topics("xero")}

    assert len(topics) == 2 * len(KINDS) + 4
    for resource in KINDS:
        events = topics[events_topic("xero", resource)]
        state = topics[state_topic("xero", resource)]
        assert events["cleanup.policy"] == "delete"
        assert events["retention.ms"] == str(30 * 86_400_000)
        assert state["cleanup.policy"] == "compact"
        assert state["retention.ms"] == "-1"
        assert events["max.message.bytes"] == str(MAX_RECORD_BYTES)
    assert topics[dead_topic("xero")]["cleanup.policy"] == "delete"
    assert topics[contact_status_topic("xero")]["cleanup.policy"] == "compact"
    assert len(all_topics("xero", [INVOICE])) == 6


def test_plain_broker_needs_its_address_only() -> None:
    """The default is a broker on this machine."""
    settings = BrokerSettings(bootstrap="127.0.0.1:9092")

    assert settings.client_options() == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "PLAINTEXT",
    }


@pytest.mark.parametrize("ca_file", [None, Path(certifi.where())])
def test_secured_broker_gets_certificates_and_credentials(ca_file: Path | None) -> None:
    """And the password stands in no representation."""
    settings = BrokerSettings(
        bootstrap="kafka.example:9093",
        security=Security.SASL_SSL,
        sasl_mechanism=SaslMechanism.SCRAM_SHA_512,
        sasl_username="ledgerwire",
        sasl_password="hunter2",
        ca_file=ca_file,
    )
    options = settings.client_options()

    assert isinstance(options.pop("ssl_context"), ssl.SSLContext)
    assert options == {
        "bootstrap_servers": "kafka.example:9093",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "ledgerwire",
        "sasl_plain_password": "hunter2",
    }
    assert "hunter2" not in repr(settings)


def test_settings_that_cannot_work_are_refused() -> None:
    """At the start, with the value's name, rather than by the broker later."""
    wrongs: tuple[tuple[dict[str, Any], str], ...] = (
        ({"bootstrap": " "}, "bootstrap"),
        ({"bootstrap": "a:1", "partitions": 0}, "partitions"),
        ({"bootstrap": "a:1", "security": Security.SASL_PLAINTEXT}, "SASL_PLAINTEXT"),
    )
    for wrong, word in wrongs:
        with pytest.raises(ValueError, match=word):
            BrokerSettings(**wrong)
