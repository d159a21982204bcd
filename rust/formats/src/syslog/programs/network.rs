//! Names, addresses and packet filters.

use super::Program;
use crate::formats::haproxy;

/// What BIND says of its clients.
pub(crate) const NAMED: &[&str] = &[
    "client {?@{_:word} ?}{client.address:word}#{client.port:int} ({_}): {?view {_:word}: ?}query: {dns.question.name:word} {dns.question.class:word} {dns.question.type:word} {dns.flags:word} ({server.address:word})",
    "client {?@{_:word} ?}{client.address:word}#{client.port:int} ({_}): {?view {_:word}: ?}query{? (cache)?} '{dns.question.name:word}/{dns.question.type:word}/{dns.question.class:word}' denied{? ({dns.reason})?}{event.outcome=failure}",
    "client {?@{_:word} ?}{client.address:word}#{client.port:int} ({_}): {?view {_:word}: ?}zone transfer '{dns.question.name:word}/{dns.question.type:word}/{dns.question.class:word}' denied{event.outcome=failure}",
    "client {?@{_:word} ?}{client.address:word}#{client.port:int} ({dns.question.name}): {dns.message}",
    "client {?@{_:word} ?}{client.address:word}#{client.port:int}: {dns.message}",
];

pub(super) const PROGRAMS: &[Program] = &[
    Program { names: &["haproxy"], messages: haproxy::PATTERNS },
    Program { names: &["named", "bind9"], messages: NAMED },
    Program {
        names: &["dnsmasq"],
        messages: &[
            "query[{dns.question.type:word}] {dns.question.name:word} from {client.address:word}",
            "forwarded {dns.question.name:word} to {server.address:word}",
            "reply {dns.question.name:word} is {dns.answer}",
            "cached {dns.question.name:word} is {dns.answer}",
            "config {dns.question.name:word} is {dns.answer}",
            "{client.address:word} query[{dns.question.type:word}] {dns.question.name:word} from {_:word}",
        ],
    },
    Program {
        names: &["dhcpd", "dhcpd6", "dhclient", "dnsmasq-dhcp", "udhcpc", "udhcpd", "dhcpcd"],
        messages: &[
            "DHCPDISCOVER from {dhcp.mac:word}{? ({dhcp.host})?} via {network.interface.name:word}{?: {dhcp.reason}?}",
            "DHCPREQUEST for {client.address:word}{? ({server.address:word})?} from {dhcp.mac:word}{? ({dhcp.host})?} via {network.interface.name:word}{?: {dhcp.reason}?}",
            "DHCPOFFER on {client.address:word} to {dhcp.mac:word}{? ({dhcp.host})?} via {network.interface.name:word}",
            "DHCPACK on {client.address:word} to {dhcp.mac:word}{? ({dhcp.host})?} via {network.interface.name:word}",
            "DHCPACK to {client.address:word} ({dhcp.mac:word}) via {network.interface.name:word}",
            "DHCPNAK on {client.address:word} to {dhcp.mac:word}{? ({dhcp.host})?} via {network.interface.name:word}",
            "DHCPRELEASE of {client.address:word} from {dhcp.mac:word}{? ({dhcp.host})?} via {network.interface.name:word}{? ({dhcp.reason})?}",
            "DHCPDECLINE of {client.address:word} from {dhcp.mac:word}{? ({dhcp.host})?} via {network.interface.name:word}{?: {dhcp.reason}?}",
            "DHCPINFORM from {client.address:word} via {network.interface.name:word}{?: {dhcp.reason}?}",
            "DHCPDISCOVER on {network.interface.name:word} to {server.address:word} port {server.port:int}{? interval {_:int}?}{? {_}?}",
            "DHCPREQUEST on {network.interface.name:word} to {server.address:word} port {server.port:int}{? {_}?}",
            "DHCPREQUEST for {client.address:word} on {network.interface.name:word} to {server.address:word} port {server.port:int}{? {_}?}",
            "DHCPOFFER of {client.address:word} from {server.address:word}",
            "DHCPOFFER from {server.address:word}",
            "DHCPACK of {client.address:word} from {server.address:word}{? {_}?}",
            "DHCPACK from {server.address:word}{? {_}?}",
            "bound to {client.address:word} -- renewal in {dhcp.renewal_s:int} seconds.",
            "DHCPDISCOVER({network.interface.name:word}) {dhcp.mac:word}{? {dhcp.reason}?}",
            "DHCPOFFER({network.interface.name:word}) {client.address:word} {dhcp.mac:word}",
            "DHCPREQUEST({network.interface.name:word}) {client.address:word} {dhcp.mac:word}",
            "DHCPACK({network.interface.name:word}) {client.address:word} {dhcp.mac:word}{? {dhcp.host:word}?}",
            "DHCPNAK({network.interface.name:word}) {client.address:word} {dhcp.mac:word}{? {dhcp.reason}?}",
            "DHCPRELEASE({network.interface.name:word}) {client.address:word} {dhcp.mac:word}",
        ],
    },
    Program {
        names: &["filterlog"],
        messages: &[
            "{pf.rule:int},{pf.sub_rule},{pf.anchor},{pf.tracker:word},{network.interface.name:word},{pf.reason:word},{pf.action:word},{pf.direction:word},4,{pf.tos},{pf.ecn},{pf.ttl:int},{pf.id:int},{pf.offset:int},{pf.flags:word},6,tcp,{pf.length:int},{client.address:word},{destination.address:word},{client.port:int},{destination.port:int},{pf.data_length:int},{pf.tcp.flags},{pf.tcp.sequence},{pf.tcp.ack},{pf.tcp.window},{pf.tcp.urgent},{pf.tcp.options}{network.type=ipv4}{network.transport=tcp}",
            "{pf.rule:int},{pf.sub_rule},{pf.anchor},{pf.tracker:word},{network.interface.name:word},{pf.reason:word},{pf.action:word},{pf.direction:word},4,{pf.tos},{pf.ecn},{pf.ttl:int},{pf.id:int},{pf.offset:int},{pf.flags:word},17,udp,{pf.length:int},{client.address:word},{destination.address:word},{client.port:int},{destination.port:int},{pf.data_length:int}{network.type=ipv4}{network.transport=udp}",
            "{pf.rule:int},{pf.sub_rule},{pf.anchor},{pf.tracker:word},{network.interface.name:word},{pf.reason:word},{pf.action:word},{pf.direction:word},4,{pf.tos},{pf.ecn},{pf.ttl:int},{pf.id:int},{pf.offset:int},{pf.flags:word},{_:int},{network.transport:word},{pf.length:int},{client.address:word},{destination.address:word},{pf.data}{network.type=ipv4}",
            "{pf.rule:int},{pf.sub_rule},{pf.anchor},{pf.tracker:word},{network.interface.name:word},{pf.reason:word},{pf.action:word},{pf.direction:word},6,{pf.class},{pf.flow_label},{pf.hop_limit:int},tcp,6,{pf.length:int},{client.address:word},{destination.address:word},{client.port:int},{destination.port:int},{pf.data_length:int},{pf.tcp.flags},{pf.tcp.sequence},{pf.tcp.ack},{pf.tcp.window},{pf.tcp.urgent},{pf.tcp.options}{network.type=ipv6}{network.transport=tcp}",
            "{pf.rule:int},{pf.sub_rule},{pf.anchor},{pf.tracker:word},{network.interface.name:word},{pf.reason:word},{pf.action:word},{pf.direction:word},6,{pf.class},{pf.flow_label},{pf.hop_limit:int},udp,17,{pf.length:int},{client.address:word},{destination.address:word},{client.port:int},{destination.port:int},{pf.data_length:int}{network.type=ipv6}{network.transport=udp}",
            "{pf.rule:int},{pf.sub_rule},{pf.anchor},{pf.tracker:word},{network.interface.name:word},{pf.reason:word},{pf.action:word},{pf.direction:word},6,{pf.class},{pf.flow_label},{pf.hop_limit:int},{network.transport:word},{_:int},{pf.length:int},{client.address:word},{destination.address:word},{pf.data}{network.type=ipv6}",
        ],
    },
];
