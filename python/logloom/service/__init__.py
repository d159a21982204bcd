"""Builds everything from the config, last to first, runs it, and takes it down again. The only wiring there is.

`_service.py` is what runs, from the first component's start to the last one's end; `_units.py` builds each component,
`_supervise.py` runs it again where it failed, `_crew.py` has all of them, `_reload.py` goes over to another config.
"""

from logloom.service._service import Listening, Service
from logloom.service._supervise import ComponentState

__all__ = ["ComponentState", "Listening", "Service"]
