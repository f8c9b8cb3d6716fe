//! What the other parts answer to: the APIs of other processes, and the bucket of replicas.

pub mod replica;
