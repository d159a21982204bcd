//! Envoy's access log as JSON lines: `json_format` and `typed_json_format`.

use std::sync::Arc;

use logloom_record::{BatchWriter, RejectReason, Text};

use crate::{
    About, Decoder, Format, Likely, OptionDoc, OptionError, Options, Spec,
    decoder::is_object,
    envoy::JsonKeys,
    fields::Fields,
    json::{Scanner, Value},
    open_framed,
};

/// The row of `envoy_json`.
pub static SPEC: Spec = Spec {
    name: "envoy_json",
    about: About {
        line: "Envoy's access log as JSON, in Istio's, Envoy Gateway's or your own keys",
        page: "https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#format-dictionaries",
        example: concat!(
            r#"{"start_time":"2026-11-21T10:43:36.826Z","method":"GET","path":"/api/v1/cart?item=7","protocol":"HTTP/2","#,
            r#""response_code":200,"response_flags":"-","bytes_sent":1204,"duration":12,"upstream_cluster":"outbound|80||cart.shop""#,
            r#","downstream_remote_address":"203.0.113.9:41026","user_agent":"curl/8.9.1"}"#
        ),
    },
    options: &[OptionDoc {
        name: "keys",
        doc: "map: your own keys to Envoy's operators, as in its `json_format` (`verb: '%REQ(:METHOD)%'`); a key of a nested dictionary is its \
              path with dots (`http.verb`). Keys that are not known are kept as `envoy.<key>`",
    }],
    compile,
};

struct EnvoyJson {
    keys: JsonKeys,
}

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    Ok(Arc::new(EnvoyJson { keys: JsonKeys::compile(options.map("keys")?.unwrap_or_default(), options.zone()?)? }))
}

impl Format for EnvoyJson {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    #[inline]
    fn begins(&self, line: &[u8]) -> bool {
        is_object(line)
    }

    fn goes_on_over_lines(&self) -> bool {
        true
    }

    fn likely(&self, frame: &[u8]) -> Likely {
        let frame = frame.trim_ascii();
        if !frame.starts_with(b"{") || !frame.ends_with(b"}") {
            return Likely::NO;
        }
        // What only Envoy says, and applications do not.
        let words: [&[u8]; 5] = [
            b"\"response_flags\":",
            b"\"upstream_cluster\":",
            b"\"upstream_host\":",
            b"\"downstream_remote_address\":",
            b"\"response_code_details\":",
        ];
        match words.iter().filter(|word| crate::scan::find_bytes(frame, word).is_some()).count() {
            0 => Likely::NO,
            1 => Likely(70),
            _ => Likely(97),
        }
    }

    #[inline]
    fn parse(&self, frame: Text<'_>, out: &mut BatchWriter) -> Result<(), RejectReason> {
        if frame.len() > u32::MAX as usize {
            return Err(RejectReason::limit("a line of JSON has at most 4 GiB", 0));
        }
        let mut json = Scanner::new(frame, out.limits().depth_max);
        json.byte_order_mark();
        let Value::Object = json.value()? else {
            return Err(RejectReason::syntax("expected an object", 0));
        };
        Fields::with(out.limits().attributes_max, out.limits().depth_max, |fields| {
            fields.gather(&self.keys, &mut json)?;
            json.end()?;
            self.keys.write(fields, frame, out)
        })
    }

    fn open(self: Arc<Self>, frame_bytes_max: usize) -> Box<dyn Decoder> {
        open_framed(self, frame_bytes_max)
    }
}
