//! What an operator can ask for; shared by the daemons and `modbotctl`.

pub mod restore;
