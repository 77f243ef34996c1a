"""Pages that read across the clinic: board."""

from flask import Blueprint

bp = Blueprint("board", __name__)
