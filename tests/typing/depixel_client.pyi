# `depixel install gimp` puts core/depixel/client beside the plug-in under this name.
from depixel.client import *  # noqa: F403
