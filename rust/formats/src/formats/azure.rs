//! Azure: resource logs.

use std::sync::Arc;

use super::json::KEYS;
use crate::{About, Format, Framing, OptionError, Options, Spec, fields::Rows, objects::Objects};

/// The row of `azure`.
pub static SPEC: Spec = Spec {
    name: "azure",
    about: About {
        line: "Azure resource and activity logs: one a line, or in `{\"records\":[…]}`",
        page: "https://learn.microsoft.com/en-us/azure/azure-monitor/platform/resource-logs-schema",
        example: concat!(
            r#"{"time":"2026-11-21T10:43:36.8261910Z","resourceId":"/SUBSCRIPTIONS/1/RESOURCEGROUPS/SHOP/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/CART","#,
            r#""operationName":"SecretGet","category":"AuditEvent","resultType":"Success","durationMs":"12","callerIpAddress":"203.0.113.9","#,
            r#""correlationId":"b1c2","level":"Informational","location":"westeurope","properties":{"requestUri":"https://cart.vault.azure.net/secrets/x"}}"#
        ),
    },
    options: &[KEYS],
    compile,
};

static OBJECTS: Objects = Objects {
    spec: &SPEC,
    rows: Rows { keys: ROWS, prefix: "azure.", ..Rows::NONE },
    signs: &[(3, &["resourceId", "operationName", "category", "time"])],
    lists: &["records"],
    pairs: false,
    framing: Framing::Lines,
};

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    OBJECTS.compile(options)
}

const ROWS: &[(&str, &str)] = &[
    ("time", "time"),
    ("timeGenerated", "time"),
    ("timestamp", "time"),
    ("timeStamp", "time"), // Application Gateway
    ("level", "severity"),
    ("Level", "severity"),
    ("properties.message", "body"),
    ("properties.Message", "body"),
    ("resourceId", "cloud.resource_id"),
    ("ResourceId", "cloud.resource_id"),
    ("location", "cloud.region"),
    ("tenantId", "azure.tenant.id"),
    ("callerIpAddress", "client.address"),
    ("CallerIPAddress", "client.address"),
    ("durationMs", "azure.duration_ms:int"),
    ("properties", "."),
    ("identity", "{}"),
];
