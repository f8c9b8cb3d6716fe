//! Replicas with something missing or damaged.
