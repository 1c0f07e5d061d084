//! The contract: SMC operations as data, and the typed requests and responses generated from it.
