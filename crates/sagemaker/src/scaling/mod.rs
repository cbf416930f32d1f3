//! Application Auto Scaling: the instance counts of endpoint variants follow their traffic.

mod actions;
mod driver;
mod tracking;
