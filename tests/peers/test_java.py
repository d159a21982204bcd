"""Java's clients, each a small program of tests/peers/java that uses one as its users do, by a config of theirs."""

import subprocess
from pathlib import Path

import pytest

from tests.peers.fetch import tool
from tests.peers.listed import cache
from tests.peers.maven import class_path
from tests.peers.sending import CERTS, LOOPBACK, TLS, config, written
from tests.service.logloom_process import Logloom

ZERO = {"endpoint": f"{LOOPBACK}:0"}
LOG4J = ("maven:org.apache.logging.log4j:log4j-core",)


def run(program: str, *arguments: object, **properties: Path) -> None:
    options = [f"-D{name.replace('_', '.')}={value}" for name, value in properties.items()]
    command = [tool("java"), *options, "-cp", class_path(cache()), program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


@pytest.mark.needs("maven:io.zipkin.reporter2:zipkin-sender-urlconnection", "maven:io.zipkin.zipkin2:zipkin")
@pytest.mark.parametrize(
    ("path", "encoding"), [("v2", "JSON_V2"), ("v2", "PROTO3"), ("v1", "JSON_V1"), ("v1", "THRIFT")]
)
def test_zipkins_reporter(tmp_path: Path, path: str, encoding: str) -> None:
    """Each of its encodings, compressed as it does by itself."""
    with Logloom(config(tmp_path, "traces", zipkin=ZERO), tmp_path) as logloom:
        run("ZipkinClient", f"http://{logloom.endpoint('zipkin', 'http')}/api/{path}/spans", encoding, 40)
        found = written(logloom, tmp_path, 80)
    spans = [record for record in found if record.event_name == "span"]
    assert sorted(int(record.attributes["n"]) for record in spans) == list(range(40))
    for record in spans:
        has = record.attributes
        assert (record.trace_id, record.resource["service.name"]) == ("463ac35c9f6413ad48485a3953bb6124", "cart")
        assert (record.time, has["span.parent_span_id"]) == (1_795_430_459_123_456_000, f"{1:016x}")
        assert record.span_id == f"{int(has['n']) + 16:016x}"
        assert (has["network.peer.address"], has["network.peer.port"]) == ("2001:db8::1", 5432)
        assert record.severity == 17
    assert {record.body for record in found if record.event_name != "span"} == {"cache miss"}


def log4j(folder: Path, appender: str) -> Path:
    file = folder / "log4j2.xml"
    file.write_text(
        f"""<Configuration status="WARN">
  <Appenders>{appender}</Appenders>
  <Loggers><Root level="INFO"><AppenderRef ref="to"/></Root></Loggers>
</Configuration>"""
    )
    return file


@pytest.mark.needs(*LOG4J)
@pytest.mark.parametrize("protocol", ["UDP", "TCP", "SSL"])
def test_log4js_syslog_appender(tmp_path: Path, protocol: str) -> None:
    """RFC 5424 with the thread's context as structured data; over TCP a message ends with a newline."""
    tcp = {"listen_address": f"{LOOPBACK}:0"}
    ways = {"udp": {"udp": dict(tcp)}, "tcp": {"tcp": dict(tcp)}, "ssl": {"tcp": tcp | {"tls": without_clients()}}}
    trusted, secret = tmp_path / "trusted.p12", "changeit"
    if protocol == "SSL":
        command = [tool("keytool"), "-importcert", "-noprompt", "-file", CERTS / "ca.pem", "-keystore", trusted]
        subprocess.run([*command, "-storepass", secret], check=True, capture_output=True, timeout=60)
    with Logloom(config(tmp_path, syslog=ways[protocol.lower()]), tmp_path) as logloom:
        port = logloom.port("syslog", "udp" if protocol == "UDP" else "tcp")
        ssl = f'<SSL><TrustStore location="{trusted}" password="{secret}" type="PKCS12"/></SSL>'
        appender = f"""<Syslog name="to" format="RFC5424" host="{LOOPBACK}" port="{port}" protocol="{protocol}"
            facility="LOCAL3" appName="shop" messageId="ORDER" mdcId="mdc" includeMDC="true" enterpriseNumber="32473"
            newLine="true" newLineEscape=" " immediateFlush="true">{ssl if protocol == "SSL" else ""}</Syslog>"""
        run("Log4jClient", 100, log4j2_configurationFile=log4j(tmp_path, appender))
        found = written(logloom, tmp_path, 100)
    assert [record.body for record in found] == [f"order {number}" for number in range(100)]
    for number, record in enumerate(found):
        has = record.attributes
        assert (record.severity, has["syslog.facility.code"], has["syslog.msg.id"]) == (17, 19, "ORDER")
        assert has["process.executable.name"] == "shop"
        assert has["syslog.structured_data.mdc@32473.n"] == str(number)


def without_clients() -> dict[str, str]:
    """TLS that asks for no certificate."""
    return {key: value for key, value in TLS.items() if key != "client_ca_file"}


@pytest.mark.needs(*LOG4J, "maven:org.apache.logging.log4j:log4j-layout-template-json")
@pytest.mark.parametrize("layout", ["EcsLayout", "LogstashJsonEventLayoutV1", "JsonLayout"])
def test_log4js_http_appender(tmp_path: Path, layout: str) -> None:
    """Its own layouts in JSON, one request an event; the last one has an exception."""
    with Logloom(config(tmp_path, http=ZERO), tmp_path) as logloom:
        url = f"http://{logloom.endpoint('http', 'http')}/"
        appender = f"""<Http name="to" url="{url}"><Property name="Content-Type" value="application/json"/>
            <JsonTemplateLayout eventTemplateUri="classpath:{layout}.json"/></Http>"""
        run("Log4jClient", 30, log4j2_configurationFile=log4j(tmp_path, appender))
        found = written(logloom, tmp_path, 30)
    assert [record.body for record in found] == [f"order {number}" for number in range(30)]
    assert {record.severity for record in found} == {17}
    assert "out of stock" in str(found[-1].attributes.get("exception.message"))
    assert found[-1].attributes["exception.type"] == "java.lang.IllegalStateException"
    if layout == "JsonLayout":  # frames, each by itself
        assert found[-1].attributes["thrown.extendedStackTrace"][0]["method"] == "main"
    else:
        assert "at Log4jClient.main(" in str(found[-1].attributes["exception.stacktrace"])


@pytest.mark.needs("maven:ch.qos.logback:logback-classic")
def test_logbacks_syslog_appender(tmp_path: Path) -> None:
    with Logloom(config(tmp_path, syslog={"udp": {"listen_address": f"{LOOPBACK}:0"}}), tmp_path) as logloom:
        file = tmp_path / "logback.xml"
        file.write_text(
            f"""<configuration>
  <appender name="to" class="ch.qos.logback.classic.net.SyslogAppender">
    <syslogHost>{LOOPBACK}</syslogHost><port>{logloom.port("syslog", "udp")}</port>
    <facility>LOCAL3</facility><suffixPattern>shop: %msg</suffixPattern>
  </appender>
  <root level="INFO"><appender-ref ref="to"/></root>
</configuration>"""
        )
        run("LogbackClient", 100, logback_configurationFile=file)
        found = written(logloom, tmp_path, 100)
    assert [record.body for record in found] == [f"order {number}" for number in range(100)]
    assert {(record.severity, record.attributes["syslog.facility.code"]) for record in found} == {(17, 19)}
    assert {record.attributes["process.executable.name"] for record in found} == {"shop"}
