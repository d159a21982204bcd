"""Seeded JSON lines of proxies, meshes, clusters, clouds and databases, in the keys and order that each writes."""

from collections.abc import Callable
from typing import Any

import orjson

from bench.corpus import AGENTS, CODES, METHODS, NAMESPACES, SERVICES, Maker, iso

Line = dict[str, Any]


def lines(one: Callable[[Maker], Line], count: int, seed: int = 1) -> bytes:
    """So many lines of what `one` makes."""
    make = Maker(seed)
    return b"".join(orjson.dumps(one(make)) + b"\n" for _ in range(count))


def _port(make: Maker) -> int:
    return make.random.randrange(32768, 61000)


def traefik(make: Maker) -> Line:
    """Traefik's access log, about 930 bytes a line."""
    client, service, code = make.ip(), make.choice(SERVICES), make.choice(CODES)
    port, duration = _port(make), make.random.randrange(10**5, 10**9)
    now = make.tick()
    return {
        "ClientAddr": f"{client}:{port}",
        "ClientHost": client,
        "ClientPort": str(port),
        "ClientUsername": "-",
        "DownstreamContentSize": make.random.randrange(60_000),
        "DownstreamStatus": code,
        "Duration": duration,
        "OriginContentSize": make.random.randrange(60_000),
        "OriginDuration": duration - 7000,
        "OriginStatus": code,
        "Overhead": 7000,
        "RequestAddr": f"{service}.example.com",
        "RequestContentSize": 0,
        "RequestCount": make.random.randrange(10**6),
        "RequestHost": f"{service}.example.com",
        "RequestMethod": make.choice(METHODS),
        "RequestPath": make.path(),
        "RequestPort": "-",
        "RequestProtocol": make.choice(["HTTP/1.1", "HTTP/2.0"]),
        "RequestScheme": "https",
        "RetryAttempts": 0,
        "RouterName": f"{service}@kubernetes",
        "ServiceAddr": f"{make.ip()}:8080",
        "ServiceName": f"{service}-8080@kubernetes",
        "ServiceURL": f"http://{make.ip()}:8080",
        "StartLocal": iso(now, 9),
        "StartUTC": iso(now, 9),
        "entryPointName": "websecure",
        "level": "info",
        "msg": "",
        "request_User-Agent": make.choice(AGENTS),
        "time": iso(now, 0).replace(".Z", "Z"),
    }


def caddy(make: Maker) -> Line:
    """Caddy's access log, about 670 bytes a line."""
    client = make.ip()
    return {
        "level": "info",
        "ts": make.tick() / 1e9,
        "logger": "http.log.access.log0",
        "msg": "handled request",
        "request": {
            "remote_ip": client,
            "remote_port": str(_port(make)),
            "client_ip": client,
            "proto": "HTTP/2.0",
            "method": make.choice(METHODS),
            "host": f"{make.choice(SERVICES)}.example.com",
            "uri": make.path(),
            "headers": {"User-Agent": [make.choice(AGENTS)], "Accept": ["*/*"], "Accept-Encoding": ["gzip, br"]},
            "tls": {"resumed": False, "version": 772, "cipher_suite": 4865, "proto": "h2", "server_name": "x.example"},
        },
        "bytes_read": 0,
        "user_id": "",
        "duration": round(make.random.expovariate(50), 9),
        "size": make.random.randrange(60_000),
        "status": make.choice(CODES),
        "resp_headers": {"Server": ["Caddy"], "Content-Type": ["application/json"], "Vary": ["Accept-Encoding"]},
    }


def hubble(make: Maker) -> Line:
    """Hubble's flows, about 1100 bytes a line."""
    now = iso(make.tick(), 9)

    def end() -> Line:
        service, namespace = make.choice(SERVICES), make.choice(NAMESPACES)
        return {
            "ID": make.random.randrange(4000),
            "identity": make.random.randrange(10**6),
            "cluster_name": "default",
            "namespace": namespace,
            "labels": [f"k8s:app={service}", f"k8s:io.kubernetes.pod.namespace={namespace}"],
            "pod_name": f"{service}-{make.hex(8)}-{make.hex(5)}",
            "workloads": [{"name": service, "kind": "Deployment"}],
        }

    node = f"node-{make.random.randrange(20)}"
    return {
        "flow": {
            "time": now,
            "uuid": make.uuid(),
            "verdict": make.choice(["FORWARDED"] * 9 + ["DROPPED"]),
            "ethernet": {"source": "0a:58:0a:f4:01:01", "destination": "0a:58:0a:f4:01:07"},
            "IP": {"source": make.ip(), "destination": make.ip(), "ipVersion": "IPv4"},
            "l4": {"TCP": {"source_port": _port(make), "destination_port": 8080, "flags": {"ACK": True}}},
            "source": end(),
            "destination": end(),
            "Type": "L3_L4",
            "node_name": node,
            "event_type": {"type": 4, "sub_type": 3},
            "traffic_direction": make.choice(["INGRESS", "EGRESS"]),
            "trace_observation_point": "TO_ENDPOINT",
            "is_reply": make.often(0.5),
            "Summary": "TCP Flags: ACK",
        },
        "node_name": node,
        "time": now,
    }


def k8s_audit(make: Maker) -> Line:
    """The Kubernetes audit log, about 800 bytes a line."""
    now, namespace = make.tick(), make.choice(NAMESPACES)
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": make.uuid(),
        "stage": "ResponseComplete",
        "requestURI": f"/api/v1/namespaces/{namespace}/pods?limit=500&resourceVersion={make.random.randrange(10**6)}",
        "verb": make.choice(["get", "list", "watch", "update", "patch"]),
        "user": {
            "username": f"system:serviceaccount:{namespace}:{make.choice(SERVICES)}",
            "uid": make.uuid(),
            "groups": ["system:serviceaccounts", "system:authenticated"],
        },
        "sourceIPs": [make.ip()],
        "userAgent": "kubelet/v1.34.1 (linux/amd64) kubernetes/93248f9",
        "objectRef": {"resource": "pods", "namespace": namespace, "apiVersion": "v1"},
        "responseStatus": {"metadata": {}, "code": make.choice([200, 200, 200, 403, 404])},
        "requestReceivedTimestamp": iso(now - 5_000_000, 6),
        "stageTimestamp": iso(now, 6),
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
    }


def cloudtrail(make: Maker) -> Line:
    """CloudTrail's events, about 930 bytes each."""
    user = make.choice(SERVICES)
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": make.hex(20).upper(),
            "arn": f"arn:aws:iam::123456789012:user/{user}",
            "accountId": "123456789012",
            "accessKeyId": make.hex(20).upper(),
            "userName": user,
        },
        "eventTime": iso(make.tick(), 0).replace(".Z", "Z"),
        "eventSource": "s3.amazonaws.com",
        "eventName": make.choice(["GetObject", "PutObject", "ListObjects", "DeleteBucket"]),
        "awsRegion": "eu-central-1",
        "sourceIPAddress": make.ip(),
        "userAgent": "[aws-cli/2.31.0 md/awscrt#0.28.2]",
        "requestParameters": {"bucketName": user, "key": make.path(), "Host": f"{user}.s3.amazonaws.com"},
        "responseElements": None,
        "additionalEventData": {"SignatureVersion": "SigV4", "bytesTransferredOut": make.random.randrange(10**6)},
        "requestID": make.hex(16).upper(),
        "eventID": make.uuid(),
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": False,
        "recipientAccountId": "123456789012",
        "eventCategory": "Data",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
    }


def mongodb(make: Maker) -> Line:
    """MongoDB's log, about 290 bytes a line."""
    return {
        "t": {"$date": iso(make.tick()).replace("Z", "+00:00")},
        "s": make.choice(["I"] * 9 + ["W", "E", "D1"]),
        "c": make.choice(["NETWORK", "COMMAND", "STORAGE"]),
        "id": make.random.randrange(10**5),
        "ctx": f"conn{make.random.randrange(10**6)}",
        "msg": make.choice(["Slow query", "Connection accepted", "Connection ended"]),
        "attr": {
            "remote": f"{make.ip()}:{_port(make)}",
            "uuid": {"uuid": {"$uuid": make.uuid()}},
            "connectionId": make.random.randrange(10**6),
            "ns": f"shop.{make.choice(SERVICES)}",
            "durationMillis": make.random.randrange(2000),
        },
    }


def suricata(make: Maker) -> Line:
    """Suricata's events, about 450 bytes each."""
    return {
        "timestamp": iso(make.tick(), 6).replace("Z", "+0000"),
        "flow_id": make.random.getrandbits(50),
        "in_iface": "eth0",
        "event_type": "http",
        "src_ip": make.ip(),
        "src_port": _port(make),
        "dest_ip": make.ip(),
        "dest_port": 80,
        "proto": "TCP",
        "tx_id": 0,
        "http": {
            "hostname": f"{make.choice(SERVICES)}.example.com",
            "url": make.path(),
            "http_user_agent": make.choice(AGENTS),
            "http_content_type": "text/html",
            "http_method": make.choice(METHODS),
            "protocol": "HTTP/1.1",
            "status": make.choice(CODES),
            "length": make.random.randrange(60_000),
        },
    }


def gcp(make: Maker) -> Line:
    """Google Cloud's log entries, about 710 bytes each."""
    now, service = make.tick(), make.choice(SERVICES)
    return {
        "insertId": make.hex(16),
        "jsonPayload": {"message": f"request of {service}", "took_ms": make.random.randrange(900), "cached": True},
        "httpRequest": {
            "requestMethod": make.choice(METHODS),
            "requestUrl": f"https://{service}.example.com{make.path()}",
            "status": make.choice(CODES),
            "responseSize": str(make.random.randrange(60_000)),
            "userAgent": make.choice(AGENTS),
            "remoteIp": make.ip(),
            "latency": "0.081s",
        },
        "resource": {
            "type": "k8s_container",
            "labels": {"project_id": "shop", "namespace_name": "shop", "pod_name": f"{service}-0"},
        },
        "timestamp": iso(now, 9),
        "severity": make.choice(["INFO", "INFO", "WARNING", "ERROR"]),
        "logName": "projects/shop/logs/stdout",
        "trace": f"projects/shop/traces/{make.hex(32)}",
        "spanId": make.hex(16),
        "receiveTimestamp": iso(now + 10**9, 9),
    }
