"""Pages of this part of the clinic."""

from flask import Blueprint

bp = Blueprint("consents", __name__)
