//! The records of logloom.
