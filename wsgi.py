"""The application as servers and `flask --app wsgi` find it."""

from clinic.app import create_app
from config import Config

app = create_app(Config.from_env())
