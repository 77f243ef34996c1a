"""Pages that read across the clinic: patient."""

from flask import Blueprint

bp = Blueprint("chart", __name__)
