"""What a user would configure for each kind of source: keyed by the program, as the manifests and configs name it.

Only what cannot be seen in the lines stands here: the zone of zone-less stamps, or a format that the user wrote.
Everything else is left to detection. `WANTED` says which formats detection may name for a program.
"""

from typing import Any

from tests.conformance.records import Reading, known_formats

# filebeat's expectations were recorded with this zone; lines with a zone of their own are not moved by it.
FILEBEAT_ZONE_MINUTES = -120
FILEBEAT = Reading(options={"timezone": "-02:00"})

# The options that every format takes.
COMMON = frozenset({"timezone", "multiline"})

# What filebeat's modules write where a line has none of something.
FILLERS = {"kafka.log.component": "unknown"}

# The Ops Agent writes zone-less times of its own machine, which stood in California.
READINGS: dict[str, Reading] = {"apache_error": Reading(options={"timezone": "America/Los_Angeles"})}

# The names that detection may give to each program's lines, as filebeat (`event.dataset`), CrowdSec (`log_type`), the
# Ops Agent (`type`), lnav (its format's name) and the manifest (its category) call the program. A program that is not
# here is not scored; where no format is for a program, `text` is right, and so is what reads its outer shape.
WANTED: dict[str, tuple[str, ...]] = {
    "apache.access": ("apache", "nginx"),
    "apache.error": ("apache_error",),
    "auditd.log": ("auditd",),
    "elasticsearch.audit": ("elasticsearch", "elasticsearch_json", "json", "docker"),
    "elasticsearch.server": ("elasticsearch", "elasticsearch_json", "json"),
    "elasticsearch.slowlog": ("elasticsearch", "elasticsearch_json", "json"),
    "haproxy.log": ("haproxy", "syslog"),
    "iis.access": ("w3c",),
    "kafka.log": ("kafka", "log4j"),
    "kibana.log": ("kibana",),
    "logstash.log": ("logstash", "log4j", "json", "elasticsearch"),
    "mysql.error": ("mysql", "mysql_error"),
    "mysql.slowlog": ("mysql_slow",),
    "nginx.access": ("nginx", "apache"),
    "postgresql.log": ("postgresql",),
    "redis.log": ("redis",),
    "system.auth": ("syslog",),
    "system.syslog": ("syslog",),
    # CrowdSec
    "Nextcloud": ("json", "nextcloud"),
    "adguardhome": ("json", "text", "golang"),
    "apache2": ("apache", "nginx", "apache_error"),
    "auditd": ("auditd",),
    "authelia": ("authelia",),
    "aws-alb": ("alb", "aws_alb"),
    "aws-cloudfront": ("w3c", "cloudfront"),
    "cef": ("cef",),
    "couchdb": ("couchdb", "text"),
    "containerd": ("cri",),
    "exim": ("exim", "text"),
    "gitlab": ("lograge", "json"),
    "haproxy": ("haproxy", "syslog"),
    "mysql": ("mysql", "mysql_error"),
    "nginx": ("nginx", "apache", "nginx_error"),
    "postgres": ("postgresql", "text"),
    "suricata-evelogs": ("suricata", "json"),
    "syslog": ("syslog",),
    "traefik": ("traefik", "nginx", "apache"),
    # the Ops Agent
    "postgresql_general": ("postgresql",),
    "tomcat_access": ("tomcat", "apache", "nginx"),
    "zookeeper_general": ("zookeeper", "log4j"),
    "redis": ("redis",),
    "apache_error": ("apache_error",),
    "parse_json": ("json", "docker", "windows_event"),
    "vault_audit": ("vault", "vault_audit", "json"),
    # lnav
    "access_log": ("apache", "nginx"),
    "alb_log": ("alb", "aws_alb"),
    "caddy_log": ("caddy", "json"),
    "cloudflare_json_log": ("cloudflare", "json"),
    "error_log": ("apache_error", "syslog"),
    "glog_log": ("klog", "glog"),
    "journald_json_log": ("journald_json", "journald", "json"),
    "mysql_error_log": ("mysql", "mysql_error"),
    "nextcloud": ("json", "nextcloud"),
    "postgres_log": ("postgresql",),
    "rails_log": ("rails", "ruby", "text"),
    "rust_tracing_log": ("json", "tracing"),
    "s3_log": ("s3", "aws_s3"),
    "syslog_log": ("syslog",),
    "vpostgres_log": ("postgresql", "text"),
    "zookeeper_log": ("zookeeper", "log4j"),
    # categories
    "span-zipkin": ("zipkin",),
    "span-jaeger": ("jaeger", "otlp_traces_json"),
    "mesh-flow": ("hubble",),
}


def usable(reading: Reading) -> Reading:
    """The reading as this build can do it: a format that it lacks is detected, an option that it lacks left out."""
    known = known_formats()
    format = reading.format if reading.format in known else "auto"
    takes = known[format] | COMMON
    options: dict[str, Any] = {name: value for name, value in reading.options.items() if name in takes}
    return Reading(format, options)


def reading_for(program: str, default: Reading) -> Reading:
    """How lines of a program are read."""
    own = READINGS.get(program)
    return Reading(own.format, {**default.options, **own.options}) if own else default


# What a user sets for lines that belong together, by the name of the built-in parser that the case is of.
MULTILINE: dict[str, Reading] = {
    "elastic": Reading(options={"multiline": {"continue": r"^\s+at "}}),
    "endswith": Reading("text", {"multiline": {"end": r"[^\\]$"}}),
    "issue_3817_1": Reading(options={"multiline": {"continue": r"^\d+ cont "}}),
}
