"""Who may send what: the one decision that every listener asks for, and what it is made of.

A listener has a `Door` (`Access.door`), shows it what a request shows of its sender, and is told what becomes of it:
`Granted`, or `Refused` with why. What follows from an identity (its tenant, its pipelines, its limits) stands in
`service.identities` (`Rules`); how a credential becomes an identity, in an extension
(`logloom.identity.Authenticator`), how a certificate does, in `names`. Limits, and which pipeline takes whose records,
are held by the core (`rust/intake/src/senders.rs`), whoever pushes.
"""

from logloom.access.door import Access, Door, Granted, Refused, Shown
from logloom.access.rules import Rules

__all__ = ["Access", "Door", "Granted", "Refused", "Rules", "Shown"]
