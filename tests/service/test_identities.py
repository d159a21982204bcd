"""Who sends decides where records go, for whom, and how many: real processes, certificates, tokens."""

import ssl
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import orjson
import pytest

import requests
from bench import corpus
from logloom.access.secrets import hash_of, new_token
from tests import otlp
from tests.authority import Authority
from tests.service.engines import ENGINES, served_by
from tests.service.logloom_process import Logloom, read
from tests.service.sinks import EXPORTS

JSON = {"Content-Type": "application/json"}


def body(text: str, count: int = 1) -> bytes:
    records = [{"body": {"stringValue": text}} for _ in range(count)]
    return orjson.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]})


def config(folder: Path, authority: Authority, tokens: Path, engines: str) -> dict[str, Any]:
    cert, key = authority.sign("server")
    tls = {"cert_file": str(cert), "key_file": str(key), "reload_interval": "100ms"}
    pipelines = {
        "logs": {"receivers": ["otlp/tls"], "exporters": ["file"]},
        "logs/shop": {"receivers": ["otlp/tls"], "exporters": ["file/shop"]},
        "logs/known": {
            "receivers": ["otlp/tls"],
            "exporters": ["file/known"],
            "when": 'tenant == "shop" and has identity',
        },
    }
    return {
        "extensions": {"bearertokenauth": {"filename": str(tokens)}},
        "receivers": served_by(
            engines,
            {
                "otlp/tls": {
                    "protocols": {
                        "grpc": {"endpoint": "127.0.0.1:0", "tls": tls | {"client_ca_file": str(authority.pem)}},
                        "http": {"endpoint": "127.0.0.1:0", "tls": tls, "auth": {"authenticator": "bearertokenauth"}},
                    }
                }
            },
        ),
        "exporters": {
            "file": {"path": str(folder / "all.jsonl")},
            "file/shop": {"path": str(folder / "shop.jsonl")},
            "file/known": {"path": str(folder / "known.jsonl")},
        },
        "service": {
            "extensions": ["bearertokenauth"],
            "tenant_headers": ["X-Tenant"],
            "identities": {
                "spiffe://mesh/shop/*": {"tenant": "shop", "pipelines": ["logs/shop", "logs/known"]},
                "agents": {"tenants": ["shop"], "pipelines": ["logs", "logs/known"]},
                "slow": {"records_per_second": 1, "burst": "1s", "pipelines": ["logs"]},
            },
            "pipelines": pipelines,
        },
    }


@pytest.mark.parametrize("engines", ENGINES)
def test_where_records_go_and_for_whom(tmp_path: Path, engines: str) -> None:
    authority = Authority(tmp_path)
    shown = {name: new_token() for name in ("agents", "slow")}
    tokens = tmp_path / "tokens"
    tokens.write_text("".join(f"{hash_of(token)} {name}\n" for name, token in shown.items()))
    pair = [path.read_bytes() for path in authority.sign("cart", "DNS:cart.svc,URI:spiffe://mesh/shop/cart")]
    credentials = grpc.ssl_channel_credentials(authority.pem.read_bytes(), pair[1], pair[0])
    with Logloom(config(tmp_path, authority, tokens, engines), tmp_path / "run") as runs:
        url = f"https://{runs.endpoint('otlp/tls', 'http')}/v1/logs"

        def post(name: str, data: bytes, **headers: str) -> requests.Response:
            headers = JSON | {"Authorization": f"Bearer {shown[name]}"} | headers
            return requests.post(url, data, headers=headers, verify=str(authority.pem), timeout=30)

        with grpc.secure_channel(runs.endpoint("otlp/tls", "grpc"), credentials) as channel:
            call = channel.unary_unary(EXPORTS["logs"])
            call(corpus.otlp_logs(3, 1), timeout=30)
            with pytest.raises(grpc.RpcError) as error:
                call(corpus.otlp_logs(3, 1), timeout=30, metadata=(("x-tenant", "other"),))
            assert error.value.code() == grpc.StatusCode.PERMISSION_DENIED  # type: ignore[attr-defined]
        assert post("agents", body("agents")).status_code == 200
        assert post("agents", body("for shop"), **{"X-Tenant": "shop"}).status_code == 200
        assert post("agents", body("for others"), **{"X-Tenant": "web"}).status_code == 403
        assert post("agents", body("no name"), **{"X-Tenant": "a b"}).status_code == 400
        assert post("slow", body("slow", 3600)).status_code == 200
        later = post("slow", body("slower"))
        assert (later.status_code, int(later.headers["Retry-After"]) > 1) == (503, True)
        assert "you sent more than you may" in later.text
        assert post("agents", body("agents")).status_code == 200, "another identity is not held up"
    bodies = {name: [record.body for record in read(tmp_path / f"{name}.jsonl")] for name in ("all", "shop", "known")}
    cart = sorted(record.body for record in otlp.from_bytes(corpus.otlp_logs(3, 1)))
    assert sorted(set(bodies["all"])) == ["agents", "for shop", "slow"]
    assert sorted(bodies["shop"]) == cart
    assert sorted(bodies["known"]) == sorted([*cart, "for shop"])
    assert not any(token in runs.log() for token in shown.values())
    assert "throttled=1" in runs.log()


@pytest.mark.parametrize("engines", ENGINES)
async def test_a_client_of_aiohttp_with_a_certificate(tmp_path: Path, engines: str) -> None:
    """Also over HTTP the certificate says who it is; without one nobody gets in."""
    authority = Authority(tmp_path)
    tokens = tmp_path / "tokens"
    tokens.write_text(hash_of(new_token()))
    text = config(tmp_path, authority, tokens, "native")
    protocols = text["receivers"]["otlp/tls"]["protocols"]
    protocols["http"] = {key: value for key, value in protocols["grpc"].items() if key != "engine"}
    text["receivers"] = served_by(engines, text["receivers"])
    context = ssl.create_default_context(cafile=str(authority.pem))
    with Logloom(text, tmp_path / "run") as runs:
        url = f"https://{runs.endpoint('otlp/tls', 'http')}/v1/logs"
        async with aiohttp.ClientSession() as client:
            with pytest.raises(aiohttp.ClientError):
                await client.post(url, data=body("nobody"), headers=JSON, ssl=context)
            known = ssl.create_default_context(cafile=str(authority.pem))
            known.load_cert_chain(*authority.sign("cart", "URI:spiffe://mesh/shop/cart"))
            async with client.post(url, data=body("cart"), headers=JSON, ssl=known) as response:
                assert response.status == 200
    assert [record.body for record in read(tmp_path / "known.jsonl")] == ["cart"]
