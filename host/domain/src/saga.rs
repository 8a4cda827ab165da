//! Deployments as sagas: steps that may be taken any number of times.

pub mod decide;
