"""A config with two ways in and two ways out, and a test of it."""

CONFIG = """\
receivers:
  filelog/mesh: {include: [/var/log/envoy/*.log], format: json}
  otlp: {protocols: {grpc: {endpoint: 127.0.0.1:4317}}}
processors:
  redaction: {rules: [email, credit_card]}
  filter: {drop: ['severity < INFO']}
exporters:
  otlp/siem: {endpoint: '${env:SIEM}', tls: {insecure: true}}
  file: {path: out.jsonl}
service:
  pipelines:
    logs/mesh: {receivers: [filelog/mesh], processors: [redaction, filter], exporters: [otlp/siem]}
    logs/otlp: {receivers: [otlp], exporters: [file]}
"""
TESTS = """\
environment: {SIEM: 'siem:4317'}
tests:
  - name: an e-mail address does not leave
    given:
      - receiver: filelog/mesh
        lines: |
          {"time":"2026-01-02T03:04:05.678Z","level":"info","msg":"hello a@example.com","user":"bob"}
          {"level":"debug","msg":"chatter ${env:NOT_READ}"}
    expect:
      otlp/siem:
        - body: {matches: '^hello [^@]*$'}
          severity_text: info
          time: 2026-01-02T03:04:05.678Z
          attributes: {user: bob, msg: {absent: true}}
      file: 0
"""
