//! (first lines to come)
