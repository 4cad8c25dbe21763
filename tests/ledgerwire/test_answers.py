"""Answers to `setup`: what is taken, what is refused and why; and the file they end in."""

from pathlib import Path

import pytest

from ledgerwire import answers
from ledgerwire.env_file import checked, variables_of, write_variables
from ledgerwire.settings import SettingsError

SECRET = "hush-hush-hush-hush-hush"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("http://127.0.0.1:8000", "write http://localhost:8000"),
        ("http://[::1]:9000", "write http://localhost:9000"),
        ("http://ledgerwire.example", "https"),
        ("ledgerwire.example", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://a.example/connect", "Only scheme, name and port"),
        ("http://localhost:many", "no address"),
        ("", "begins with https://"),
    ],
)
def test_address_that_xero_would_refuse_is_refused(answer: str, told: str) -> None:
    """With the address to write instead, where there is one."""
    with pytest.raises(ValueError, match=told):
        answers.public_url(answer)


@pytest.mark.parametrize(
    ("answer", "port"),
    [
        ("http://localhost:8123/", "8123"),
        ("http://localhost", "80"),
        ("https://ledgerwire.example", None),
    ],
)
def test_port_follows_from_an_address_on_this_machine(answer: str, port: str | None) -> None:
    """Whoever reaches us by a server's address has a proxy that knows the port."""
    assert answers.local_port(answers.public_url(answer)) == port


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (answers.client_id, "0123456789ABCDEF0123456789ABCDEF", "0123 456"),
        (answers.client_secret, "a" * 48, "two words of a long secret"),
        (answers.webhook_keys, "k" * 86 + "==", "hex-with-dashes-" * 5),
        (answers.tier, "plus", "gold"),
        (answers.kind, "custom", "desktop"),
        (answers.database_url, "postgresql://u:p@db:5432/x", "mysql://db"),
        (answers.kafka, "kafka-1.example:9092", "broker.internal"),
        (answers.kafka_security, "SASL_SSL", "TLS"),
        (answers.sasl_mechanism, "SCRAM-SHA-256", "MD5"),
        (answers.word, "ledgerwire", "  "),
    ],
)
def test_rule_takes_what_is_right_and_quotes_nothing_that_is_wrong(
    rule: answers.Rule, good: str, bad: str
) -> None:
    """Blanks around an answer are a copier's; the refusal may be read by bystanders."""
    assert rule(f" {good}\n") == good
    with pytest.raises(ValueError, match=r"\w") as refusal:
        rule(bad)
    assert not bad.strip() or bad not in str(refusal.value)


@pytest.mark.parametrize(
    ("answer", "keys"),
    [
        ("", ""),
        ("-", ""),
        (f"{'a' * 86}==, {'b' * 86}==", f"{'a' * 86}==,{'b' * 86}=="),
    ],
)
def test_webhook_key_may_be_left_out_taken_out_or_doubled(answer: str, keys: str) -> None:
    """Without one it runs on sweeps alone; two overlap while they are changed."""
    assert answers.webhook_keys(answer) == keys


def test_words_are_taken_in_any_case() -> None:
    """And kept as the setting has them."""
    assert answers.tier(" Plus ") == "plus"
    assert answers.kafka_security("sasl_ssl") == "SASL_SSL"


def test_file_is_written_for_its_owner_alone_and_read_back(tmp_path: Path) -> None:
    """An empty answer takes a variable out; what programs read is what was answered."""
    path = tmp_path / "new" / "ledgerwire.env"
    given = {
        "LEDGERWIRE_XERO_CLIENT_ID": "0123456789ABCDEF0123456789ABCDEF",
        "LEDGERWIRE_XERO_CLIENT_SECRET": SECRET,
        "LEDGERWIRE_XERO_WEBHOOK_KEYS": "",
    }

    write_variables(path, given)

    assert path.stat().st_mode & 0o777 == 0o600
    assert variables_of(path) == {name: value for name, value in given.items() if value}
    settings = checked(path)
    assert settings.xero_client_secret is not None
    assert settings.xero_client_secret.get_secret_value() == SECRET
    assert settings.xero_webhook_keys == ()


def test_file_that_is_there_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    """Also in mode: a copy that others could read becomes private."""
    path = tmp_path / "ledgerwire.env"
    path.write_text("# mine\nexport LEDGERWIRE_PORT='8001'\nOTHER=1\n")
    path.chmod(0o644)
    assert variables_of(path) == {"LEDGERWIRE_PORT": "8001"}

    write_variables(path, {"LEDGERWIRE_PORT": "8002"})

    assert variables_of(path) == {"LEDGERWIRE_PORT": "8002"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["ledgerwire.env"]
    with pytest.raises(SettingsError, match="LEDGERWIRE_XERO_CLIENT_ID"):
        checked(path)


def test_no_file_offers_nothing(tmp_path: Path) -> None:
    """The first time everything is asked anew."""
    assert variables_of(tmp_path / "ledgerwire.env") == {}
