//! The RPC gateway: parameters, both signature schemes, the error envelope, JSON and XML.
