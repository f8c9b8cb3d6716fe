//! Servers started on this machine for tests and for trying modbot out. Never part of the image.

pub mod postgres;
