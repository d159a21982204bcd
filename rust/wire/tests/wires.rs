//! What comes out of a connection, however its bytes are cut.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // clippy knows only #[test] functions as tests

use std::sync::Arc;

use logloom_record::{Delivery, Done};
use logloom_wire::{
    Encoding, Step, Wire, compress,
    forward::{Forward, Settings},
    lumberjack::Lumberjack,
};
use proptest::prelude::*;

/// Makes a new connection.
type Fresh = fn() -> Box<dyn Wire>;

/// What happened on a connection, in order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Heard {
    users: Vec<String>,
    messages: Vec<Vec<u8>>,
    said: Vec<u8>,
    bad: Option<String>,
}

/// Gives a connection `bytes` in pieces that end at `cuts`; each message is answered.
fn hear(wire: &mut dyn Wire, bytes: &[u8], cuts: &[usize]) -> Heard {
    let mut heard = Heard { said: wire.greet(), ..Heard::default() };
    let mut from = 0;
    for to in cuts.iter().copied().chain([bytes.len()]) {
        wire.feed(&bytes[from..to]);
        from = to;
        // Each step but the last takes a byte at least.
        for _ in 0..=bytes.len() {
            match wire.step() {
                Step::Need => break,
                Step::Room(size_bytes) => assert!(size_bytes <= 2 << 20, "twice the bound at most"),
                Step::User(user) => heard.users.push(user),
                Step::Reply(reply) => heard.said.extend(reply),
                Step::Message { chunk, token } => {
                    heard.messages.push(chunk.to_vec());
                    assert!(wire.answer(token, &Delivery::later(std::time::Duration::ZERO, "")).is_empty(), "it comes again");
                    heard.said.extend(wire.answer(token, &Delivery::Done(Done::default())));
                }
                Step::Bad { reply, why } => {
                    heard.said.extend(reply);
                    heard.bad = Some(why);
                    return heard;
                }
            }
        }
    }
    heard
}

fn forward(settings: Settings) -> Forward {
    Forward::new(Arc::new(Settings { message_bytes_max: 1 << 20, ..settings }), [7; 32])
}

fn lumberjack() -> Lumberjack {
    Lumberjack::new(1 << 20)
}

/// `["t", 1, {}, {"chunk": id}]`.
fn message(id: &[u8]) -> Vec<u8> {
    [&[0x94, 0xa1, b't', 1, 0x80, 0x81, 0xa5][..], b"chunk", &[0xa0 | id.len() as u8], id].concat()
}

/// `["t", events, {"compressed": name}]`.
fn packed(events: &[u8], name: &str) -> Vec<u8> {
    let head = [&[0x93, 0xa1, b't', 0xc6][..], &(events.len() as u32).to_be_bytes(), events].concat();
    [&head[..], &[0x81, 0xaa], b"compressed", &[0xa0 | name.len() as u8], name.as_bytes()].concat()
}

fn window(version: u8, events: &[&str]) -> Vec<u8> {
    let mut frames = vec![version, b'W'];
    frames.extend((events.len() as u32).to_be_bytes());
    for (i, event) in events.iter().enumerate() {
        frames.extend([version, b'J']);
        frames.extend((i as u32 + 1).to_be_bytes());
        frames.extend((event.len() as u32).to_be_bytes());
        frames.extend(event.bytes());
    }
    frames
}

fn wrapped(frames: &[u8]) -> Vec<u8> {
    let packed = compress(frames, Encoding::Deflate).unwrap();
    [&[b'2', b'C'][..], &(packed.len() as u32).to_be_bytes(), &packed].concat()
}

#[test]
fn forward_acknowledges_what_asks_for_it_and_passes_over_heartbeats() {
    let bytes = [&[0xc0][..], &message(b"id"), &[0x93, 0xa1, b't', 1, 0x80]].concat();
    let heard = hear(&mut forward(Settings::default()), &bytes, &[]);
    assert_eq!(heard.messages, [message(b"id"), vec![0x93, 0xa1, b't', 1, 0x80]]);
    assert_eq!(heard.said, [&[0x81, 0xa3][..], b"ack", &[0xa2], b"id"].concat());
    assert_eq!(heard.bad, None);
}

#[test]
fn forward_inflates_within_its_bound() {
    let events = [0x92, 1, 0x80].repeat(1000);
    for (name, encoding) in [("gzip", Encoding::Gzip), ("zstd", Encoding::Zstd)] {
        let heard = hear(&mut forward(Settings::default()), &packed(&compress(&events, encoding).unwrap(), name), &[]);
        assert_eq!(heard.messages, [[&[0x92, 0xa1, b't', 0xc6, 0, 0, 0x0b, 0xb8][..], &events].concat()], "{name}");
        let bomb = packed(&compress(&vec![0; 2 << 20], encoding).unwrap(), name);
        assert!(hear(&mut forward(Settings::default()), &bomb, &[]).bad.unwrap().contains("bound"), "{name}");
    }
    let unknown = hear(&mut forward(Settings::default()), &packed(&events, "lz4"), &[]);
    assert!(unknown.bad.unwrap().contains("lz4"));
}

#[test]
fn what_is_compressed_waits_for_room() {
    let events = [0x92, 1, 0x80].repeat(1000);
    let forward_bytes = packed(&compress(&events, Encoding::Gzip).unwrap(), "gzip");
    let lumberjack_bytes = wrapped(&window(b'2', &["{}"]));
    let wires: [(Box<dyn Wire>, Vec<u8>); 2] =
        [(Box::new(forward(Settings::default())), forward_bytes), (Box::new(lumberjack()), lumberjack_bytes)];
    for (mut wire, bytes) in wires {
        wire.feed(&bytes);
        assert!(matches!(wire.step(), Step::Room(1..)));
        assert_eq!(wire.held(), bytes.len(), "nothing is inflated yet");
        assert!(matches!(wire.step(), Step::Message { .. }));
        assert_eq!(wire.held(), 0);
    }
}

#[test]
fn an_event_of_version_1_is_looked_at_once_however_it_comes() {
    let pair = [&4u32.to_be_bytes()[..], b"line", &1000u32.to_be_bytes(), &[b'a'; 1000]].concat();
    let bytes = [&b"1W\0\0\0\x011D\0\0\0\x01"[..], &900u32.to_be_bytes(), &pair.repeat(900)].concat();
    let cuts: Vec<usize> = (1..bytes.len()).collect();
    let heard = hear(&mut lumberjack(), &bytes, &cuts); // else this would take minutes
    assert_eq!((heard.messages.len(), heard.bad), (1, None));
}

#[test]
fn a_message_that_says_it_is_endless_is_refused_before_it_comes() {
    for bytes in
        [&[0xdd, 0xff, 0xff, 0xff, 0xff][..], &[0x92, 0xdb, 0xff, 0xff, 0xff, 0xff], &[0x91; 100], &[0xc1], b"GET / HTTP/1.1\r\n\xc1"]
    {
        let heard = hear(&mut forward(Settings::default()), bytes, &[]);
        assert!(heard.bad.is_some() || !heard.messages.is_empty(), "{bytes:?}");
    }
    let long = [&b"2J\0\0\0\x01"[..], &[0xff; 4]].concat();
    assert!(hear(&mut lumberjack(), &long, &[]).bad.unwrap().contains("bound"));
    assert!(hear(&mut lumberjack(), &[0x16, 3, 1, 0, 0], &[]).bad.unwrap().contains("TLS"));
}

#[test]
fn a_handshake_keeps_out_who_does_not_know_the_key() {
    let settings = Settings { shared_key: "secret".into(), ..Settings::default() };
    let mut ping = vec![0x96, 0xa4];
    ping.extend(b"PING");
    for part in [&b"me"[..], b"salt", b"wrong", b"", b""] {
        ping.push(0xa0 | part.len() as u8);
        ping.extend(part);
    }
    let bytes = [&ping[..], &message(b"id")].concat();
    let heard = hear(&mut forward(settings.clone()), &bytes, &[]);
    assert_eq!((heard.messages.len(), heard.bad.as_deref()), (0, Some("shared_key mismatch")));
    assert!(!format!("{settings:?}").contains("secret"));
    let unasked = hear(&mut forward(settings), &message(b"id"), &[]);
    assert_eq!((unasked.messages.len(), unasked.bad.as_deref()), (0, Some("expected a PING")));
}

#[test]
fn a_user_is_named_once_it_is_proven_and_kept_out_where_it_is_refused() {
    let users = [("ann", "one"), ("bob", "two")].map(|(name, password)| (name.to_owned(), password.to_owned()));
    let settings = Settings { shared_key: "secret".into(), users: users.into(), hostname: "gate".into(), ..Settings::default() };
    let hex = |parts: &[&[u8]]| -> String {
        let digest = ring::digest::digest(&ring::digest::SHA512, &parts.concat());
        digest.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
    };
    let hello = |user: &str, password: &str| {
        let key = hex(&[b"salt", b"me", &[7; 16], b"secret"]);
        let proof = hex(&[&[7; 16], user.as_bytes(), password.as_bytes()]);
        let mut ping = vec![0x96];
        for part in ["PING", "me", "salt", &key, user, &proof] {
            ping.extend([0xd9, part.len() as u8]);
            ping.extend(part.bytes());
        }
        [&ping[..], &message(b"id")].concat()
    };
    let heard = hear(&mut forward(settings.clone()), &hello("bob", "two"), &[1, 30]);
    assert_eq!((heard.users, heard.messages.len(), heard.bad), (vec!["bob".to_owned()], 1, None));
    for (user, password) in [("bob", "one"), ("eve", "two"), ("", "")] {
        let heard = hear(&mut forward(settings.clone()), &hello(user, password), &[]);
        assert_eq!((heard.users.len(), heard.messages.len(), heard.bad.as_deref()), (0, 0, Some("username/password mismatch")));
    }
    let mut wire = forward(settings);
    wire.feed(&hello("ann", "one"));
    assert_eq!(wire.step(), Step::User("ann".into()));
    wire.refuse("not here");
    let Step::Bad { reply, why } = wire.step() else { panic!("let in") };
    assert_eq!((why.as_str(), &reply[..8]), ("not here", &b"\x95\xa4PONG\xc2\xa8"[..]));
    assert!(reply.windows(8).any(|told| told == b"not here"));
}

#[test]
fn lumberjack_acknowledges_a_window_with_its_last_number() {
    let events = ["{\"message\":\"a\"}", "{\"message\":\n\"b\"}"];
    for bytes in [window(b'2', &events), wrapped(&window(b'2', &events)), [window(b'2', &[]), wrapped(&window(b'2', &events))].concat()] {
        let heard = hear(&mut lumberjack(), &bytes, &[]);
        assert_eq!(heard.messages, [b"{\"message\":\"a\"}\n{\"message\": \"b\"}\n".to_vec()]);
        assert_eq!(heard.said, b"2A\0\0\0\x02");
    }
    assert!(hear(&mut lumberjack(), &wrapped(&wrapped(b"2W\0\0\0\x01")), &[]).bad.unwrap().contains("compressed"));
}

#[test]
fn lumberjack_of_version_1_has_pairs() {
    let mut bytes = b"1W\0\0\0\x011D\0\0\0\x01\0\0\0\x02".to_vec();
    for part in [&b"line"[..], b"a \"b\"\n", b"host", b"\xffh"] {
        bytes.extend((part.len() as u32).to_be_bytes());
        bytes.extend(part);
    }
    let heard = hear(&mut lumberjack(), &bytes, &[]);
    assert_eq!(String::from_utf8(heard.messages.concat()).unwrap(), "{\"message\":\"a \\\"b\\\"\\u000a\",\"host\":\"\u{fffd}h\"}\n");
    assert_eq!(heard.said, b"1A\0\0\0\x01");
}

#[test]
fn a_window_over_the_bound_is_several_messages() {
    let event = format!("{{\"message\":\"{}\"}}", "x".repeat(600));
    let mut wire = Lumberjack::new(1000);
    let heard = hear(&mut wire, &window(b'2', &[event.as_str(); 5]), &[]);
    assert_eq!(heard.messages.len(), 3);
    assert_eq!(heard.said, b"2A\0\0\0\x022A\0\0\0\x042A\0\0\0\x05");
    assert_eq!(wire.held(), 0);
}

proptest! {
    #[test]
    fn bytes_may_be_cut_anywhere(cuts in prop::collection::vec(0..400usize, 0..6), which in 0..3) {
        let (bytes, fresh): (Vec<u8>, Fresh) = match which {
            0 => ([message(b"one"), vec![0xc0], packed(&compress(&[0x92, 1, 0x80], Encoding::Gzip).unwrap(), "gzip"), message(b"two")].concat(), || Box::new(forward(Settings::default()))),
            1 => ([window(b'2', &["{}", "{\"a\":1}"]), wrapped(&window(b'2', &["{}"]))].concat(), || Box::new(lumberjack())),
            _ => ([window(b'1', &["{}"]), b"x".to_vec()].concat(), || Box::new(lumberjack())),
        };
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        prop_assert_eq!(hear(&mut *fresh(), &bytes, &cuts), hear(&mut *fresh(), &bytes, &[]));
    }

    #[test]
    fn any_bytes_are_heard_without_panic(bytes: Vec<u8>, kind in prop::sample::select(vec![&b""[..], b"2W\0\0\0\x02", b"2J", b"2C\0\0\0\x05", b"1D\0\0\0\x01\0\0\0\x01", &[0x94, 0xa1, b't'], &[0x93, 0xa1, b't', 0xc4]])) {
        let bytes = [kind, &bytes].concat();
        hear(&mut forward(Settings::default()), &bytes, &[]);
        hear(&mut forward(Settings { shared_key: "k".into(), users: vec![("u".into(), "p".into())], ..Settings::default() }), &bytes, &[]);
        hear(&mut lumberjack(), &bytes, &[]);
    }
}
