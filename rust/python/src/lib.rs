//! The extension module `logloom._native`: converts types, releases the GIL, holds no logic.

#![allow(clippy::needless_pass_by_value)] // what PyO3 extracts from an argument is handed over by value

mod answers;
mod batch;
mod content;
mod delivery;
mod errors;
mod export;
mod input;
mod inspect;
mod intake;
mod journal;
mod parser;
mod processors;
mod record;
mod room;
mod secrets;
mod server;
mod tail;
mod tap;
mod wire;

use pyo3::prelude::*;

/// See `python/logloom/_native.pyi`.
#[pymodule]
mod _native {
    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_export]
    use super::answers::{elasticsearch_answer, elasticsearch_error};
    #[pymodule_export]
    use super::batch::{Batch, Reject};
    #[pymodule_export]
    use super::content::{Decompressor, compress, decompress};
    #[pymodule_export]
    use super::delivery::Delivery;
    #[pymodule_export]
    use super::errors::{ConfigError, DataError, LimitError, LogloomError};
    #[pymodule_export]
    use super::export::{GrpcCall, GrpcClient};
    #[pymodule_export]
    use super::inspect::{journal_accounts, journal_facts, rotate_key, survey_journal, verify_journal};
    #[pymodule_export]
    use super::intake::{Intake, Messages, Source, check_condition, check_route};
    #[pymodule_export]
    use super::journal::{Cursor, Journal};
    #[pymodule_export]
    use super::parser::{Parser, common_options, detect, formats};
    #[pymodule_export]
    use super::processors::correlate::correlate_processor;
    #[pymodule_export]
    use super::processors::enrich::{container_of, enrich_processor};
    #[pymodule_export]
    use super::processors::metrics::metrics_processor;
    #[pymodule_export]
    use super::processors::python::python_processor;
    #[pymodule_export]
    use super::processors::{Processor, find_sensitive, redaction_rules, transform_functions, transform_processor, transform_statements};
    #[pymodule_export]
    use super::processors::{
        attributes::{attributes_processor, resource_processor},
        dedup::dedup_processor,
        group_by::group_by_processor,
        rate_limit::{check_lookup, rate_limit_processor},
        sample::sample_processor,
    };
    #[pymodule_export]
    use super::record::Record;
    #[pymodule_export]
    use super::room::{Guest, Room};
    #[pymodule_export]
    use super::secrets::argon2id;
    #[pymodule_export]
    use super::server::{Brake, DatagramServer, GrpcServer, HttpServer, Reply};
    #[pymodule_export]
    use super::tail::{LogFile, Notices};
    #[pymodule_export]
    use super::tap::Tap;
    #[pymodule_export]
    use super::wire::{Wire, WireMessage};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("DEBUG", cfg!(debug_assertions))?;
        module.add("VERSION", env!("CARGO_PKG_VERSION"))
    }
}
