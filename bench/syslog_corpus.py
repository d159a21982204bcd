"""Seeded syslog for the benches, of both RFCs."""

from datetime import UTC, datetime

from bench.corpus import MESSAGES, SERVICES, Maker, iso


def syslog_3164(lines: int, seed: int = 1) -> bytes:
    """Lines of a host's syslog as rsyslog forwards them: daemons, logins, a firewall and applications."""
    make = Maker(seed)
    return b"".join(_bsd_line(make) for _ in range(lines))


def _bsd_line(make: Maker) -> bytes:
    time = datetime.fromtimestamp(make.tick() // 1_000_000_000, UTC)
    priority, program, message = _syslog_message(make)
    stamp = f"{time:%b} {time.day:2} {time:%H:%M:%S}"
    host = f"web-{make.random.randrange(40)}.example.com"
    return f"<{priority}>{stamp} {host} {program}[{make.random.randrange(2, 65000)}]: {message}\n".encode()


def syslog_5424(lines: int, seed: int = 1) -> bytes:
    """The same messages as RFC 5424 has them, with structured data."""
    make = Maker(seed)
    out = []
    for number in range(lines):
        time = iso(make.tick(), 6)
        priority, program, message = _syslog_message(make)
        data = f'[meta@32473 sequenceId="{number}" zone="eu-{make.random.randrange(3)}"]'
        host = f"web-{make.random.randrange(40)}.example.com"
        out.append(f"<{priority}>1 {time} {host} {program} {make.random.randrange(2, 65000)} - {data} {message}\n")
    return "".join(out).encode()


def _syslog_message(make: Maker) -> tuple[int, str, str]:
    """A priority, a program and what it says: most of it by applications, as on most hosts."""
    peer = f"from {make.ip()} port {make.random.randrange(1024, 65535)}"
    user = make.choice(["deploy", "ann", "root", "backup"])
    if make.often(0.6):
        return (
            make.choice([30, 29, 134]),
            make.choice(SERVICES),
            f"{make.choice(MESSAGES)} in {make.random.randrange(999)} ms",
        )
    return make.choice(
        [
            (86, "sshd", f"Accepted publickey for {user} {peer} ssh2: ED25519 SHA256:{make.hex(43)}"),
            (86, "sshd", f"Failed password for invalid user {make.hex(6)} {peer} ssh2"),
            (85, "sudo", f"{user} : TTY=pts/{make.random.randrange(9)} ; PWD=/srv ; USER=root ; COMMAND=/usr/bin/id"),
            (78, "CRON", f"({user}) CMD (run-parts --report /etc/cron.{make.choice(['hourly', 'daily'])})"),
            (30, "systemd", f"Started Session {make.random.randrange(9999)} of user {user}."),
            (22, "postfix/smtpd", f"connect from mail.example.org[{make.ip()}]"),
        ]
    )
