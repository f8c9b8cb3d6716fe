//! The machine, edge by edge.
