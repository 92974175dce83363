//! What the operator sees from outside: the log, the metrics, and whether this node is well.

pub mod health;
pub mod logs;
pub mod metrics;
