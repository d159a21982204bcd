//! The parts of an entry: addresses, flags, TLS, request and response, metadata.

use logloom_record::Text;

use super::{
    super::{operators::Op, schema::SHORT_FLAGS, structure},
    Entry, Field, HEADERS_MAX, Result, each, int, string, wrapped,
};

impl<'a> Entry<'a> {
    /// An address as the text log prints it; a socket's also in its two parts, where the log has operators for them that say no other.
    /// What the log cannot print, of the address called `name`, stands beside it.
    pub(super) fn address(&mut self, name: &str, whole: Op, parts: Option<[Op; 2]>, part: Text<'a>) -> Result<()> {
        let mut text = Vec::new();
        each(part, |kind, field| {
            let Field::Part(inner) = field else { return Ok(()) };
            let (mut first, mut second, mut port) = (Text::EMPTY, Text::EMPTY, None);
            each(inner, |number, field| {
                match (kind, number, field) {
                    (1, 2, Field::Part(address)) | (2 | 3, 1, Field::Part(address)) => first = address,
                    (1, 3, Field::Number(number)) => port = Some(number as u32),
                    (1, 4, Field::Part(name)) | (3, 2, Field::Part(name)) => second = name,
                    // TCP, what a socket is anyway.
                    (1, 1, Field::Number(0)) => {}
                    (1, 1, Field::Number(1)) => self.other(&format!("envoy.als.{name}_address.protocol"), string(b"UDP")),
                    _ => self.unknown(&format!("{name}_address"), number, field),
                }
                Ok(())
            })?;
            let bytes = first.bytes();
            if let (1, Some([address, number])) = (kind, parts) {
                self.text(address, first);
                if let Some(port) = port {
                    self.int(number, i64::from(port));
                }
            }
            text = match (kind, port) {
                (1, port) => {
                    let port = port.map_or_else(|| second.bytes().to_vec(), |port| port.to_string().into_bytes());
                    let is_ipv6 = bytes.contains(&b':');
                    let (open, close): (&[u8], &[u8]) = if is_ipv6 { (b"[", b"]") } else { (b"", b"") };
                    let port = if port.is_empty() { b"0".to_vec() } else { port };
                    [open, bytes, close, b":", &port].concat()
                }
                (2, _) => bytes.to_vec(),
                (3, _) => [b"envoy://", bytes, b"/", second.bytes()].concat(),
                _ => Vec::new(),
            };
            Ok(())
        })?;
        self.made(whole, text);
        Ok(())
    }

    pub(super) fn flags(&mut self, part: Text<'a>) -> Result<()> {
        let mut set = [false; SHORT_FLAGS.len()];
        each(part, |number, field| {
            let is_set = !matches!(field, Field::Number(0));
            match set.get_mut(number as usize) {
                Some(place) => *place = is_set,
                None if is_set => self.unknown("response_flags", number, field),
                None => {}
            }
            Ok(())
        })?;
        let names: Vec<&str> = SHORT_FLAGS.iter().zip(set).filter(|(_, set)| *set).map(|(name, _)| *name).collect();
        self.made(Op::Flags, names.join(",").into_bytes());
        Ok(())
    }

    pub(super) fn tls(&mut self, part: Text<'a>) -> Result<()> {
        each(part, |number, field| {
            match (number, field) {
                (1, Field::Number(version)) => {
                    self.named_number(Op::TlsVersion, &["", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"], version, "tls", number);
                }
                (2, Field::Part(part)) => {
                    let id = wrapped(part)?;
                    let known = CIPHERS.iter().find(|(number, _)| *number == id);
                    self.made(Op::TlsCipher, known.map_or_else(|| format!("0x{id:04X}"), |(_, name)| (*name).to_owned()).into_bytes());
                }
                (3, Field::Part(text)) => self.text(Op::ServerName, text),
                (4, Field::Part(part)) => {
                    self.certificate(part, [Op::LocalUriSan, Op::LocalDnsSan], [Some(Op::LocalSubject), None], "local_certificate")?;
                }
                (5, Field::Part(part)) => {
                    self.certificate(
                        part,
                        [Op::PeerUriSan, Op::PeerDnsSan],
                        [Some(Op::PeerSubject), Some(Op::PeerIssuer)],
                        "peer_certificate",
                    )?;
                }
                (6, Field::Part(text)) => self.text(Op::TlsSession, text),
                (7, Field::Part(text)) => self.text(Op::Ja3, text),
                _ => self.unknown("tls", number, field),
            }
            Ok(())
        })
    }

    fn certificate(&mut self, part: Text<'a>, sans: [Op; 2], [subject, issuer]: [Option<Op>; 2], name: &str) -> Result<()> {
        let mut names = [Vec::new(), Vec::new()];
        each(part, |number, field| {
            match (number, field) {
                (1, Field::Part(san)) => each(san, |number, field| {
                    if let (1..=2, Field::Part(name)) = (number, field)
                        && let Some(list) = names.get_mut(number as usize - 1)
                    {
                        if !list.is_empty() {
                            list.push(b',');
                        }
                        list.extend_from_slice(name.bytes());
                    } else {
                        self.unknown(&format!("{name}.subject_alt_name"), number, field);
                    }
                    Ok(())
                })?,
                (2, Field::Part(text)) => subject.into_iter().for_each(|op| self.text(op, text)),
                (3, Field::Part(text)) => match issuer {
                    Some(op) => self.text(op, text),
                    // The text log has none for this one.
                    None => self.other("tls.server.issuer", string(text.bytes())),
                },
                _ => self.unknown(name, number, field),
            }
            Ok(())
        })?;
        for (op, list) in sans.into_iter().zip(names) {
            self.made(op, list);
        }
        Ok(())
    }

    pub(super) fn request(&mut self, part: Text<'a>) -> Result<()> {
        each(part, |number, field| {
            match (number, field) {
                (1, Field::Number(method)) => {
                    let methods = ["", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
                    self.named_number(Op::Method, &methods, method, "request", number);
                }
                (2, Field::Part(text)) => self.text(Op::Scheme, text),
                (3, Field::Part(text)) => self.text(Op::Authority, text),
                (4, Field::Part(part)) => {
                    let port = wrapped(part)?;
                    self.other("envoy.request.port", int(port));
                }
                (5, Field::Part(text)) => self.text(Op::Path, text),
                (6, Field::Part(text)) => self.text(Op::UserAgent, text),
                (7, Field::Part(text)) => self.text(Op::Referer, text),
                (8, Field::Part(text)) => self.text(Op::ForwardedFor, text),
                (9, Field::Part(text)) => self.text(Op::RequestId, text),
                (10, Field::Part(text)) => self.text(Op::OriginalPath, text),
                (11, Field::Number(bytes)) => self.int(Op::RequestHeadersBytes, bytes as i64),
                (12, Field::Number(bytes)) => self.int(Op::BytesReceived, bytes as i64),
                (13, Field::Part(entry)) => self.header("REQ", entry)?,
                (14, Field::Number(bytes)) => self.int(Op::UpstreamHeaderSent, bytes as i64),
                (15, Field::Number(bytes)) => self.int(Op::DownstreamHeaderReceived, bytes as i64),
                _ => self.unknown("request", number, field),
            }
            Ok(())
        })
    }

    pub(super) fn response(&mut self, part: Text<'a>) -> Result<()> {
        each(part, |number, field| {
            match (number, field) {
                (1, Field::Part(part)) => {
                    let code = wrapped(part)?;
                    self.int(Op::Code, code);
                }
                (2, Field::Number(bytes)) => self.int(Op::ResponseHeadersBytes, bytes as i64),
                (3, Field::Number(bytes)) => self.int(Op::BytesSent, bytes as i64),
                (4, Field::Part(entry)) => self.header("RESP", entry)?,
                (5, Field::Part(entry)) => self.header("TRAILER", entry)?,
                (6, Field::Part(text)) => self.text(Op::CodeDetails, text),
                (7, Field::Number(bytes)) => self.int(Op::UpstreamHeaderReceived, bytes as i64),
                (8, Field::Number(bytes)) => self.int(Op::DownstreamHeaderSent, bytes as i64),
                _ => self.unknown("response", number, field),
            }
            Ok(())
        })
    }

    fn header(&mut self, operator: &'static str, entry: Text<'a>) -> Result<()> {
        let (mut name, mut value) = (Text::EMPTY, Text::EMPTY);
        each(entry, |number, field| {
            match (number, field) {
                (1, Field::Part(text)) => name = text,
                (2, Field::Part(text)) => value = text,
                _ => {}
            }
            Ok(())
        })?;
        if self.headers.len() >= HEADERS_MAX {
            self.dropped += 1;
            return Ok(());
        }
        let (name, value) = (self.texts.text(name), self.texts.text(value));
        self.headers.push((operator, name, value));
        Ok(())
    }

    pub(super) fn metadata(&mut self, part: Text<'a>) -> Result<()> {
        structure::entries(part.bytes(), |filter, fields| {
            structure::fields(fields, |key, value| {
                let name = [filter, b".", key].concat();
                self.named("envoy.dynamic_metadata.", &name, value);
            })
        })?;
        // What is typed is packed: bytes, under the name of its filter.
        each(part, |number, field| {
            match (number, field) {
                (1, Field::Part(_)) => {}
                (2, Field::Part(entry)) => {
                    let (filter, any) = structure::pair(entry.bytes())?;
                    let mut value = Vec::new();
                    logloom_record::proto::push_field(&mut value, 0x3a, any);
                    self.named("envoy.typed_metadata.", filter, value);
                }
                _ => self.unknown("metadata", number, field),
            }
            Ok(())
        })
    }
}

/// The cipher suites that Envoy negotiates, under the names that it logs.
const CIPHERS: [(i64, &str); 15] = [
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    (0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256"),
    (0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    (0xc02f, "ECDHE-RSA-AES128-GCM-SHA256"),
    (0xc030, "ECDHE-RSA-AES256-GCM-SHA384"),
    (0xcca8, "ECDHE-RSA-CHACHA20-POLY1305"),
    (0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305"),
    (0xc009, "ECDHE-ECDSA-AES128-SHA"),
    (0xc00a, "ECDHE-ECDSA-AES256-SHA"),
    (0xc013, "ECDHE-RSA-AES128-SHA"),
    (0xc014, "ECDHE-RSA-AES256-SHA"),
    (0x009c, "AES128-GCM-SHA256"),
    (0x009d, "AES256-GCM-SHA384"),
];
