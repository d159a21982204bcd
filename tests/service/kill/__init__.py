"""logloom and its destinations are killed with SIGKILL, again and again, while many send: nothing acknowledged is lost.

`senders.py` and `files.py` make records and note what was acknowledged (`notes.py`); `destination.py` is a process that
keeps what it acknowledges; `killer.py` ends processes at random points; `verdict.py` holds one against the other.
"""
