//! The log of Nagios, Icinga 1 and Naemon.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `nagios`.
pub static SPEC: Spec = Spec {
    name: "nagios",
    about: About {
        line: "The log of Nagios, Naemon and Icinga 1: states, alerts, notifications, commands",
        page: "https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/configmain.html#log_file",
        example: "[1795257659] SERVICE ALERT: web-3;HTTP;CRITICAL;HARD;3;CRITICAL - Socket timeout after 10 seconds",
    },
    options: &[],
    compile,
};

/// A host's or service's state, and what led to it: `host;service;state;state type;attempt;output`.
const PATTERNS: &[&str] = &[
    "[{time:epoch}] CURRENT HOST STATE: {host.name};{nagios.state};{nagios.state_type};{nagios.attempt:int};{body}{nagios.type=CURRENT HOST STATE}",
    "[{time:epoch}] INITIAL HOST STATE: {host.name};{nagios.state};{nagios.state_type};{nagios.attempt:int};{body}{nagios.type=INITIAL HOST STATE}",
    "[{time:epoch}] CURRENT SERVICE STATE: {host.name};{service.name};{nagios.state};{nagios.state_type};{nagios.attempt:int};{body}{nagios.type=CURRENT SERVICE STATE}",
    "[{time:epoch}] INITIAL SERVICE STATE: {host.name};{service.name};{nagios.state};{nagios.state_type};{nagios.attempt:int};{body}{nagios.type=INITIAL SERVICE STATE}",
    "[{time:epoch}] HOST ALERT: {host.name};{nagios.state};{nagios.state_type};{nagios.attempt:int};{body}{nagios.type=HOST ALERT}",
    "[{time:epoch}] SERVICE ALERT: {host.name};{service.name};{nagios.state};{nagios.state_type};{nagios.attempt:int};{body}{nagios.type=SERVICE ALERT}",
    "[{time:epoch}] HOST FLAPPING ALERT: {host.name};{nagios.state};{body}{nagios.type=HOST FLAPPING ALERT}",
    "[{time:epoch}] SERVICE FLAPPING ALERT: {host.name};{service.name};{nagios.state};{body}{nagios.type=SERVICE FLAPPING ALERT}",
    "[{time:epoch}] HOST DOWNTIME ALERT: {host.name};{nagios.state};{body}{nagios.type=HOST DOWNTIME ALERT}",
    "[{time:epoch}] SERVICE DOWNTIME ALERT: {host.name};{service.name};{nagios.state};{body}{nagios.type=SERVICE DOWNTIME ALERT}",
    "[{time:epoch}] HOST NOTIFICATION: {user.name};{host.name};{nagios.state};{nagios.command};{body}{nagios.type=HOST NOTIFICATION}",
    "[{time:epoch}] SERVICE NOTIFICATION: {user.name};{host.name};{service.name};{nagios.state};{nagios.command};{body}{nagios.type=SERVICE NOTIFICATION}",
    "[{time:epoch}] HOST EVENT HANDLER: {host.name};{nagios.state};{nagios.state_type};{nagios.attempt:int};{nagios.event_handler}{nagios.type=HOST EVENT HANDLER}",
    "[{time:epoch}] SERVICE EVENT HANDLER: {host.name};{service.name};{nagios.state};{nagios.state_type};{nagios.attempt:int};{nagios.event_handler}{nagios.type=SERVICE EVENT HANDLER}",
    "[{time:epoch}] PASSIVE HOST CHECK: {host.name};{nagios.state};{body}{nagios.type=PASSIVE HOST CHECK}",
    "[{time:epoch}] PASSIVE SERVICE CHECK: {host.name};{service.name};{nagios.state};{body}{nagios.type=PASSIVE SERVICE CHECK}",
    "[{time:epoch}] TIMEPERIOD TRANSITION: {service.name};{nagios.period_from:signed};{nagios.period_to:signed}{nagios.type=TIMEPERIOD TRANSITION}",
    "[{time:epoch}] EXTERNAL COMMAND: SCHEDULE_HOST_DOWNTIME;{host.name};{nagios.start};{nagios.end};{nagios.fixed:int};{nagios.trigger_id:int};{nagios.duration_s:int};{user.name};{nagios.comment}{nagios.command=SCHEDULE_HOST_DOWNTIME}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: SCHEDULE_SVC_DOWNTIME;{host.name};{service.name};{nagios.start};{nagios.end};{nagios.fixed:int};{nagios.trigger_id:int};{nagios.duration_s:int};{user.name};{nagios.comment}{nagios.command=SCHEDULE_SVC_DOWNTIME}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: ACKNOWLEDGE_HOST_PROBLEM;{host.name};{nagios.sticky:int};{nagios.notify:int};{nagios.persistent:int};{user.name};{nagios.comment}{nagios.command=ACKNOWLEDGE_HOST_PROBLEM}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: ACKNOWLEDGE_SVC_PROBLEM;{host.name};{service.name};{nagios.sticky:int};{nagios.notify:int};{nagios.persistent:int};{user.name};{nagios.comment}{nagios.command=ACKNOWLEDGE_SVC_PROBLEM}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: PROCESS_HOST_CHECK_RESULT;{host.name};{nagios.state};{body}{nagios.command=PROCESS_HOST_CHECK_RESULT}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: PROCESS_SERVICE_CHECK_RESULT;{host.name};{service.name};{nagios.state};{body}{nagios.command=PROCESS_SERVICE_CHECK_RESULT}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: SCHEDULE_FORCED_HOST_CHECK;{host.name};{nagios.start}{nagios.command=SCHEDULE_FORCED_HOST_CHECK}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: SCHEDULE_FORCED_SVC_CHECK;{host.name};{service.name};{nagios.start}{nagios.command=SCHEDULE_FORCED_SVC_CHECK}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: ENABLE_HOST_CHECK;{host.name}{nagios.command=ENABLE_HOST_CHECK}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: DISABLE_HOST_CHECK;{host.name}{nagios.command=DISABLE_HOST_CHECK}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: ENABLE_HOST_NOTIFICATIONS;{host.name}{nagios.command=ENABLE_HOST_NOTIFICATIONS}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: DISABLE_HOST_NOTIFICATIONS;{host.name}{nagios.command=DISABLE_HOST_NOTIFICATIONS}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: ENABLE_HOST_SVC_NOTIFICATIONS;{host.name}{nagios.command=ENABLE_HOST_SVC_NOTIFICATIONS}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: DISABLE_HOST_SVC_NOTIFICATIONS;{host.name}{nagios.command=DISABLE_HOST_SVC_NOTIFICATIONS}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: ENABLE_SVC_CHECK;{host.name};{service.name}{nagios.command=ENABLE_SVC_CHECK}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: DISABLE_SVC_CHECK;{host.name};{service.name}{nagios.command=DISABLE_SVC_CHECK}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: ENABLE_SVC_NOTIFICATIONS;{host.name};{service.name}{nagios.command=ENABLE_SVC_NOTIFICATIONS}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: DISABLE_SVC_NOTIFICATIONS;{host.name};{service.name}{nagios.command=DISABLE_SVC_NOTIFICATIONS}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] EXTERNAL COMMAND: {nagios.command};{body}{nagios.type=EXTERNAL COMMAND}",
    "[{time:epoch}] Error: {body}{severity=ERROR}",
    "[{time:epoch}] Warning: {body}{severity=WARNING}",
    "[{time:epoch}] LOG ROTATION: {body}{nagios.type=LOG ROTATION}",
    "[{time:epoch}] LOG VERSION: {body}{nagios.type=LOG VERSION}",
    "[{time:epoch}] Auto-save of retention data completed successfully.",
    "[{time:epoch}] Nagios {body}",
    "[{time:epoch}] wproc: {body}",
    "[{time:epoch}] Caught {body}",
    "[{time:epoch}] Successfully shutdown... (PID={process.pid:int})",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile(&SPEC, PATTERNS, 95, options)
}
