"""Settings: what is read, from where, and how a wrong one is refused."""

from pathlib import Path

import pytest

from ledgerwire.settings import (
    Settings,
    SettingsError,
    as_environment,
    load,
    require,
    settings_table,
    shown,
    variable,
)


def test_nothing_set_gives_the_defaults() -> None:
    """A first try needs no setting at all."""
    settings, sources = load({"PATH": "/bin", "HOME": "/root"})

    assert settings == Settings()
    assert {source.origin for source in sources.values()} == {"default"}


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    """A file holds the usual values, the environment what differs this time."""
    file = tmp_path / "settings.env"
    file.write_text("# ours\nLEDGERWIRE_PORT=9000\nexport LEDGERWIRE_TOPIC_PREFIX='books'\n")

    settings, sources = load({"LEDGERWIRE_ENV_FILE": str(file), "LEDGERWIRE_PORT": "9100"})

    assert settings.port == 9100
    assert settings.topic_prefix == "books"
    assert sources["port"].origin == "environment"
    assert sources["topic_prefix"].origin == "file"


def test_secret_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    """A trailing line break, as editors and `echo` leave it, is no part of the secret."""
    file = tmp_path / "secret"
    file.write_text("s3cret\n")

    settings, sources = load({"LEDGERWIRE_XERO_CLIENT_SECRET_FILE": str(file)})

    assert settings.xero_client_secret is not None
    assert settings.xero_client_secret.get_secret_value() == "s3cret"
    assert sources["xero_client_secret"].origin == "secret file"


def test_several_webhook_keys_are_separated_by_commas() -> None:
    """Rotation overlaps: the old and the new key are active together."""
    settings, _ = load({"LEDGERWIRE_XERO_WEBHOOK_KEYS": "old, new,"})

    assert [key.get_secret_value() for key in settings.xero_webhook_keys] == ["old", "new"]


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"LEDGERWIRE_PORT": "many"}, "LEDGERWIRE_PORT"),
        ({"LEDGERWIRE_PORT": "0"}, "LEDGERWIRE_PORT"),
        ({"LEDGERWIRE_KAFKA_PARTITIONS": "-1"}, "LEDGERWIRE_KAFKA_PARTITIONS"),
        ({"LEDGERWIRE_PUBLIC_URL": "ledgerwire.example"}, "LEDGERWIRE_PUBLIC_URL"),
        ({"LEDGERWIRE_XERO_TIER": "gold"}, "LEDGERWIRE_XERO_TIER"),
        ({"LEDGERWIRE_STORE_RAW": "perhaps"}, "LEDGERWIRE_STORE_RAW"),
    ],
)
def test_wrong_setting_is_named_with_an_example(environment: dict[str, str], named: str) -> None:
    """Whoever reads the one line knows which setting, why, and what a right one looks like."""
    with pytest.raises(SettingsError, match=f"{named} is wrong: .*Example: {named}="):
        load(environment)


def test_unknown_setting_is_refused() -> None:
    """A misspelt name would else be ignored in silence."""
    with pytest.raises(SettingsError, match="LEDGERWIRE_PROT is no setting"):
        load({"LEDGERWIRE_PROT": "8000"})


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    """Neither a missing settings file nor a missing secret file goes unnoticed."""
    with pytest.raises(SettingsError, match="LEDGERWIRE_ENV_FILE"):
        load({"LEDGERWIRE_ENV_FILE": str(tmp_path / "none")})
    with pytest.raises(SettingsError, match="LEDGERWIRE_SECRET_KEYS_FILE"):
        load({"LEDGERWIRE_SECRET_KEYS_FILE": str(tmp_path / "none")})


def test_line_without_a_value_is_refused(tmp_path: Path) -> None:
    """A broken line of the file is named by its number."""
    file = tmp_path / "settings.env"
    file.write_text("LEDGERWIRE_PORT=1\nnonsense\n")

    with pytest.raises(SettingsError, match="line 2"):
        load({"LEDGERWIRE_ENV_FILE": str(file)})


def test_secrets_are_never_shown() -> None:
    """Neither `config show` nor a repr tells a secret."""
    settings, _ = load(
        {
            "LEDGERWIRE_XERO_CLIENT_SECRET": "hush-1",
            "LEDGERWIRE_XERO_WEBHOOK_KEYS": "hush-2,hush-3",
            "LEDGERWIRE_SECRET_KEYS": "hush-4",
            "LEDGERWIRE_KAFKA_SASL_PASSWORD": "hush-5",
        }
    )

    told = repr(settings) + "".join(shown(settings, name) for name in Settings.model_fields)

    assert "hush" not in told


def test_wrong_secret_is_not_quoted() -> None:
    """An error about settings goes to terminals and logs."""
    with pytest.raises(SettingsError) as refused:
        load({"LEDGERWIRE_XERO_GRANT": "hush-hush"})

    assert "hush" not in str(refused.value)


def test_child_gets_the_same_settings() -> None:
    """What is handed to a child process reads back as what the parent has."""
    settings, _ = load(
        {
            "LEDGERWIRE_XERO_WEBHOOK_KEYS": "one,two",
            "LEDGERWIRE_STORE_RAW": "false",
            "LEDGERWIRE_PORT": "9000",
            "LEDGERWIRE_KAFKA_REPLICATION": "3",
        }
    )

    again, _ = load(as_environment(settings))

    assert again == settings


def test_comment_is_not_taken_for_a_value() -> None:
    """Compose hands on `NAME=   # text` as this value: a webhook key that everybody knows."""
    name = "LEDGERWIRE_XERO_WEBHOOK_KEYS"

    with pytest.raises(SettingsError, match=f"{name} holds a comment: .* a line of its own"):
        load({name: "# from its Webhooks page"})
    with pytest.raises(SettingsError, match=f"{name} holds a comment: .* a line of its own"):
        load(
            {"LEDGERWIRE_ENV_FILE": "own.env"},
            read_text=lambda _: f"{name}=   # from its Webhooks page\n",
        )


def test_missing_setting_is_asked_for() -> None:
    """`up` without an app at Xero says which value is missing and where it is found."""
    with pytest.raises(SettingsError, match="LEDGERWIRE_XERO_CLIENT_ID is missing: Client id"):
        require(Settings(), "xero_client_id")


def test_every_setting_is_in_the_table() -> None:
    """The README's table is made from this one."""
    table = settings_table()

    assert all(f"`{variable(name)}`" in table for name in Settings.model_fields)
