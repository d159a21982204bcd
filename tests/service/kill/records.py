"""Records with ids, made by seeded chance: messages of all sizes, and stack traces."""

import random
import re

__all__ = ["ID", "message", "trace"]

ID = re.compile(r"\bid=([a-z]+\d+-\d+-\d+)\b")
"""Where a record says which it is: sender, request, record."""

_WORDS = ("the", "pod", "was", "moved", "because", "its", "memory", "grew", "over", "what", "it", "had", "asked", "for")
_FRAMES = (
    "com.example.shop.Cart.total(Cart.java:{})",
    "com.example.shop.Checkout.lambda$pay$0(Checkout.java:{})",
    "java.base/java.util.concurrent.FutureTask.run(FutureTask.java:{})",
    "org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:{})",
)


def message(chance: random.Random, identifier: str, *, words_max: int = 300) -> str:
    """One line: mostly short, now and then some kilobytes."""
    words = int(words_max ** chance.random())
    return " ".join([f"id={identifier}", *chance.choices(_WORDS, k=words)])


def trace(chance: random.Random, identifier: str) -> list[str]:
    """A line of a log, and the Java exception that belongs to it."""
    lines = [f"2026-11-21T16:00:00.{chance.randrange(1000):03}Z ERROR [worker] id={identifier} it failed"]
    lines.append(f"java.lang.IllegalStateException: number {chance.randrange(1000)}")
    lines += _frames(chance)
    if chance.random() < 0.5:
        lines.append("Caused by: java.io.IOException: Broken pipe")
        lines += [*_frames(chance), f"\t... {chance.randint(1, 9)} more"]
    return lines


def _frames(chance: random.Random) -> list[str]:
    count = chance.randint(1, 12)
    return [f"\tat {chance.choice(_FRAMES).format(chance.randint(1, 999))}" for _ in range(count)]
