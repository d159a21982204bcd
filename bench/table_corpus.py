"""Seeded tables, fields and events: LTSV, CSV and W3C access logs, the journal, audit records, CEF, Windows events."""

import csv
import io
import struct
from collections.abc import Callable
from typing import Any

from bench.corpus import AGENTS, CODES, LEVELS, LOGGERS, MESSAGES, METHODS, SERVICES, Maker, iso

Said = dict[str, Any]
"""Attributes, and under `body` and `time` what those are."""

Source = tuple[bytes, list[Said]]


def ltsv(count: int, seed: int = 1) -> Source:
    """Access logs in the labels of ltsv.org."""
    make = Maker(seed)
    lines, said = [], []
    for _ in range(count):
        now, path, client = make.tick(), make.path(), make.ip()
        method, code, size = make.choice(METHODS), make.choice(CODES), make.random.randrange(60_000)
        agent = make.choice(AGENTS)
        lines.append(
            f"time:{iso(now, 3)}\thost:{client}\tuser:-\treq:{method} {path} HTTP/1.1\tstatus:{code}\tsize:{size}\t"
            f"reqsize:{make.random.randrange(900)}\treferer:-\tua:{agent}\tvhost:{make.choice(SERVICES)}.example.com\t"
            f"reqtime_microsec:{make.random.randrange(10**6)}\tcache:{make.choice(['HIT', 'MISS'])}\n"
        )
        said.append(
            {
                "time": now // 10**6 * 10**6,
                "client.address": client,
                "http.request.method": method,
                "http.response.status_code": code,
                "http.response.body.size": size,
                "user_agent.original": agent,
            }
        )
    return "".join(lines).encode(), said


def table(count: int, seed: int = 1) -> Source:
    """An application's CSV export under a header; one message in twenty has commas, quotes and a line end."""
    make = Maker(seed)
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    write.writerow(["timestamp", "level", "logger", "message", "trace_id", "user.id", "status", "took_ms"])
    said = []
    for _ in range(count):
        now, message, level = make.tick(), make.choice(MESSAGES), make.choice(LEVELS)
        if make.often(0.05):
            message += f', then "{make.hex(6)}"\nand on'
        logger, user, code = make.choice(LOGGERS), f"u{make.hex(6)}", make.choice(CODES)
        took = make.random.randrange(10, 9_000) + 0.25
        write.writerow([iso(now, 3), level, logger, message, make.hex(32), user, code, took])
        said.append({"time": now // 10**6 * 10**6, "body": message, "user.id": user, "status": code, "took_ms": took})
    return out.getvalue().encode(), said


def w3c(count: int, seed: int = 1) -> Source:
    """IIS's default columns."""
    make = Maker(seed)
    columns = (
        "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
        "sc-status sc-substatus sc-win32-status time-taken"
    )
    lines, said = [f"#Fields: {columns}\n"], []
    for _ in range(count):
        now = make.tick() // 10**9
        path, _, query = make.path().partition("?")
        method, code, client = make.choice(METHODS), make.choice(CODES), make.ip()
        agent, took = make.choice(AGENTS), make.random.randrange(3000)
        day, clock = iso(now * 10**9, 0)[:10], iso(now * 10**9, 0)[11:19]
        lines.append(
            f"{day} {clock} 10.0.0.9 {method} {path} {query or '-'} 443 - {client} {agent.replace(' ', '+')} - "
            f"{code} 0 0 {took}\n"
        )
        said.append(
            {
                "time": now * 10**9,
                "http.request.method": method,
                "url.path": path,
                "client.address": client,
                "user_agent.original": agent,
                "http.response.status_code": code,
                "w3c.time_taken": took,
            }
        )
    return "".join(lines).encode(), said


def journal(count: int, seed: int = 1) -> Source:
    """Entries as `journalctl -o export` writes them; one in ten of several lines."""
    make = Maker(seed)
    parts, said = [], []
    for _ in range(count):
        now, message, pid = make.tick() // 1000, make.choice(MESSAGES), make.random.randrange(1, 99_999)
        if make.often(0.1):
            message += f"\n  at {make.choice(LOGGERS)}"
        unit, priority = make.choice(SERVICES), make.choice([6, 6, 6, 5, 4, 3, 7])
        fields = {
            "__CURSOR": f"s={make.hex(32)};i={make.hex(6)};b={make.hex(32)}",
            "__REALTIME_TIMESTAMP": now,
            "__MONOTONIC_TIMESTAMP": now % 10**10,
            "_BOOT_ID": f"{7:032x}",
            "_TRANSPORT": "stdout",
            "PRIORITY": priority,
            "SYSLOG_IDENTIFIER": unit,
            "_PID": pid,
            "_UID": 1000,
            "_COMM": unit,
            "_EXE": f"/usr/bin/{unit}",
            "_SYSTEMD_UNIT": f"{unit}.service",
            "_MACHINE_ID": f"{9:032x}",
            "_HOSTNAME": "node-7",
            "MESSAGE": message,
        }
        for name, value in fields.items():
            data = str(value).encode()
            if b"\n" in data:
                parts.append(name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n")
            else:
                parts.append(name.encode() + b"=" + data + b"\n")
        parts.append(b"\n")
        said.append({"time": now * 1000, "body": message, "process.pid": pid, "systemd.unit": f"{unit}.service"})
    return b"".join(parts), said


def audit(count: int, seed: int = 1) -> Source:
    """System calls and what programs report, as auditd writes them."""
    make = Maker(seed)
    lines, said = [], []
    for n in range(count):
        now, pid, user = make.tick() // 10**6, make.random.randrange(1, 99_999), make.choice(SERVICES)
        stamp = f"audit({now // 1000}.{now % 1000:03}:{n + 1})"
        expected = {"time": now * 10**6, "process.pid": pid, "auditd.sequence": n + 1}
        if n % 2:
            lines.append(
                f"type=SYSCALL msg={stamp}: arch=c000003e syscall={make.random.randrange(330)} success=yes exit=0 "
                f"a0={make.hex(12)} a1={make.hex(12)} a2=0 a3=8 items=2 ppid=1 pid={pid} auid=1000 uid=0 gid=0 euid=0 "
                f'suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=7 comm="{user}" exe="/usr/bin/{user}" '
                f'subj=unconfined key="exec"\n'
            )
            said.append(expected | {"process.executable.path": f"/usr/bin/{user}", "host.arch": "x86_64"})
        else:
            address = make.ip()
            lines.append(
                f"type=USER_AUTH msg={stamp}: pid={pid} uid=0 auid=4294967295 ses=4294967295 subj=unconfined "
                f'msg=\'op=PAM:authentication grantors=pam_unix acct="{user}" exe="/usr/sbin/sshd" hostname=? '
                f"addr={address} terminal=ssh res=success'\n"
            )
            said.append(expected | {"user.name": user, "client.address": address, "body": "op=PAM:authentication"})
    return "".join(lines).encode(), said


def cef(count: int, seed: int = 1) -> Source:
    """A firewall's events."""
    make = Maker(seed)
    lines, said = [], []
    for _ in range(count):
        now, source, target = make.tick() // 10**6, make.ip(), make.ip()
        port, message = make.random.randrange(1024, 65_535), make.choice(MESSAGES)
        lines.append(
            f"CEF:0|Example|Gate|2.1|{make.random.randrange(500)}|Connection {make.choice(['blocked', 'allowed'])}|"
            f"{make.random.randrange(11)}|rt={now} src={source} spt={port} dst={target} dpt=443 proto=TCP act=log "
            f"cs1Label=Rule cs1={make.choice(SERVICES)} rule cn1={make.random.randrange(99)} "
            f"msg={message.replace('=', '=')}\n"
        )
        said.append({"time": now * 10**6, "client.address": source, "client.port": port, "body": message})
    return "".join(lines).encode(), said


def windows(count: int, seed: int = 1) -> Source:
    """Services that start and stop, one event a line."""
    make = Maker(seed)
    lines, said = [], []
    for n in range(count):
        now, service, pid = make.tick(), make.choice(SERVICES), make.random.randrange(1, 9999)
        state = make.choice(["running", "stopped"])
        lines.append(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
            "<Provider Name='Service Control Manager' Guid='{555908d1-a6d7-4695-8e1e-26931d2012f4}'/>"
            "<EventID Qualifiers='16384'>7036</EventID><Version>0</Version><Level>4</Level><Task>0</Task>"
            f"<Keywords>0x8080000000000000</Keywords><TimeCreated SystemTime='{iso(now, 6)}'/>"
            f"<EventRecordID>{n + 1}</EventRecordID><Execution ProcessID='{pid}' ThreadID='4396'/>"
            "<Channel>System</Channel><Computer>node-7</Computer><Security/></System><EventData>"
            f"<Data Name='param1'>{service} &amp; co</Data><Data Name='param2'>{state}</Data></EventData></Event>\n"
        )
        said.append(
            {
                "time": now // 1000 * 1000,
                "winlog.event_id": 7036,
                "winlog.record_id": n + 1,
                "process.pid": pid,
                "winlog.event_data.param1": f"{service} & co",
            }
        )
    return "".join(lines).encode(), said


MAKERS: dict[str, Callable[[int, int], Source]] = {
    "ltsv": ltsv,
    "csv": table,
    "w3c": w3c,
    "journald": journal,
    "auditd": audit,
    "cef": cef,
    "windows_event": windows,
}
"""Each format and who makes its input."""
