"""The ways out of this clinic, put together of its settings, its passwords and its folders."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from flask import Flask

from clinic.messages import carriers, vault
from clinic.messages.carriers import Carry
from clinic.messages.models import MessageSettings
from clinic.messages.values import SmsWay
from clinic.messages.vault import Secret
from clinic.patients.values import Channel
from config import Config

CONFIG = "clinic_config"


def config_of(app: Flask) -> Config:
    """Return the settings that the application was made with."""
    return cast("Config", app.extensions[CONFIG])


def catalogues_of(app: Flask) -> Path:
    """Return the folder of the compiled catalogues."""
    return Path(app.config["BABEL_TRANSLATION_DIRECTORIES"])


def open_ways(app: Flask, row: MessageSettings) -> Mapping[Channel, Carry]:
    """Return what the clinic can send by; raises BadSetting when a password lies open."""
    config, found = config_of(app), {}
    if row.smtp_host and row.sender:
        password = vault.read(config, Secret.SMTP, row.location_id)
        found[Channel.EMAIL] = carriers.mail(row, password)
    if row.sms_way is not SmsWay.OFF:
        token = vault.read(config, Secret.SMS, row.location_id)
        found[Channel.SMS] = carriers.sms(
            row, token, folder=config.data_dir, is_testing=app.testing
        )
    return found
