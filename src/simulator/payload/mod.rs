//! JSON as Discord writes it: the keys of real captures, made from what the world holds.

pub(super) mod audit;
pub(super) mod channel;
pub(super) mod guild;
pub(super) mod interaction;
pub(super) mod member;
pub(super) mod message;
pub(super) mod ready;
