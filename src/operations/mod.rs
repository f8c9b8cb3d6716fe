//! What an operator can ask for; shared by the daemons and `modbotctl`. Nothing here prints.

pub mod legacy;
