//! The native front end: from a socket to the Intake and back, without Python.
#![forbid(unsafe_code)]
