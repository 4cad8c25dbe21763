"""The keys that encrypt tokens, as the settings name them."""

from ledgerwire.settings import Settings, SettingsError, require
from ledgerwire.settings_rules import EMBEDDED
from storage.errors import SecretsUnreadable
from storage.secrets import SecretBox


def secret_box(settings: Settings) -> SecretBox:
    """What encrypts tokens; made in the data folder where the database is embedded.

    Raises:
        SettingsError: a key is no key, or the database is not embedded and none is set.
    """
    if not settings.secret_keys:
        if settings.database_url != EMBEDDED:
            require(settings, "secret_keys")
        return SecretBox.for_data_dir(settings.data_dir)
    try:
        return SecretBox([key.get_secret_value() for key in settings.secret_keys])
    except SecretsUnreadable as error:
        raise SettingsError(str(error)) from None
