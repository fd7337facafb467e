# For type checkers only: `depixel install krita` copies depixel.client here as the package `_client`.
from depixel.client import *  # noqa: F403
from depixel.client import dials as dials
from depixel.client import stored as stored
