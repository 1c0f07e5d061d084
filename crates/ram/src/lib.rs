//! Identities and policy documents: decide(request) -> allow or deny, and why.
