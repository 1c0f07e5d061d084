//! The domain of Landfall: access tokens, sources, tags; every rule, no IO.
