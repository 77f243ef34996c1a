"""The application as servers and `flask --app wsgi` find it."""

import sys

from clinic.app import create_app
from config import BadSetting, Config

try:
    config = Config.from_env()
except BadSetting as bad:
    sys.exit(f"Error: {bad}")
app = create_app(config)
