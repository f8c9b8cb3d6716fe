//! Servers and daemons started on this machine, for tests and for trying modbot out. Never part of the image.

pub mod daemon_process;
pub mod demo;
pub mod postgres;
pub mod s3;
