//! The server side: listeners, agent endpoints, key custody, metrics.
