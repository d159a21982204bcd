//! Logs of Kubernetes' own programs, and of others that use glog.

use std::sync::Arc;

use crate::{About, Format, OptionError, Options, Spec, pattern};

/// The row of `klog`.
pub static SPEC: Spec = Spec {
    name: "klog",
    about: About {
        line: "Logs of Kubernetes' components (klog), and of programs that use glog or Abseil's logging",
        page: "https://github.com/kubernetes/klog",
        example: r#"I1121 10:40:59.509123    1234 kubelet.go:42] "Pod status updated" pod="kube-system/dns-7" status="Ready""#,
    },
    options: &[],
    compile,
};

const PATTERNS: &[&str] = &[
    // A letter is the severity; a message in quotes is followed by pairs.
    "I{time:%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body>}\"{_}\" {klog.:pairs err>exception.message}{severity=I}",
    "I{time:%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body}{severity=I}",
    "I{time:%Y%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body>}\"{_}\" {klog.:pairs err>exception.message}{severity=I}",
    "I{time:%Y%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body}{severity=I}",
    "W{time:%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body>}\"{_}\" {klog.:pairs err>exception.message}{severity=W}",
    "W{time:%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body}{severity=W}",
    "W{time:%Y%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body>}\"{_}\" {klog.:pairs err>exception.message}{severity=W}",
    "W{time:%Y%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body}{severity=W}",
    "E{time:%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body>}\"{_}\" {klog.:pairs err>exception.message}{severity=E}",
    "E{time:%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body}{severity=E}",
    "E{time:%Y%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body>}\"{_}\" {klog.:pairs err>exception.message}{severity=E}",
    "E{time:%Y%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body}{severity=E}",
    "F{time:%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body>}\"{_}\" {klog.:pairs err>exception.message}{severity=F}",
    "F{time:%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body}{severity=F}",
    "F{time:%Y%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body>}\"{_}\" {klog.:pairs err>exception.message}{severity=F}",
    "F{time:%Y%m%d %H:%M:%S.%f}{ }{thread.id:int} {code.file.path:class}:{code.line.number:int}] {body}{severity=F}",
];

fn compile(options: &Options) -> Result<Arc<dyn Format>, OptionError> {
    pattern::compile_records(&SPEC, PATTERNS, 95, options)
}
