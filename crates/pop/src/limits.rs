//! How much one request, one address and one key may ask for.

/// Bounds on what the gateway accepts and remembers. `Limits::default()` is the documented set.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most parameters in one request, query and body together. Default 1,000.
    pub max_parameters: usize,
    /// Longest raw query string in bytes. Default 65,536.
    pub max_query_bytes: usize,
    /// Largest body in bytes. Default 1 MiB.
    pub max_body_bytes: usize,
    /// Deepest nesting of a JSON body; `{"A":[{"B":1}]}` is 3 deep. Default 8.
    pub max_json_depth: usize,
    /// Requests from one source address (IPv6: one /64). Default 1,000 a second, bursts of 2,000. `None`: unlimited.
    pub address_rate: Option<Rate>,
    /// Requests signed with one AccessKey; also what may come for it from one source address, whoever signed it. Default 500 a second, bursts of 1,000. `None`: unlimited.
    pub key_rate: Option<Rate>,
    /// Most addresses, and most keys, whose rate is followed one by one; past it newcomers share one allowance.
    /// Default 65,536.
    pub max_tracked: usize,
    /// Most nonces remembered for one key. Default 1,000,000 (about 416 requests a second without end).
    pub max_nonces_per_key: usize,
    /// Most nonces remembered for all keys; one takes 20 to 40 bytes. Default 2,000,000.
    pub max_nonces: usize,
}

/// Is a sustained rate with room for bursts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second in the long run; 0 is taken as 1.
    pub per_second: u32,
    /// Requests that may come at once; 0 is taken as 1.
    pub burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_parameters: 1_000,
            max_query_bytes: 64 * 1024,
            max_body_bytes: 1024 * 1024,
            max_json_depth: 8,
            address_rate: Some(Rate { per_second: 1_000, burst: 2_000 }),
            key_rate: Some(Rate { per_second: 500, burst: 1_000 }),
            max_tracked: 65_536,
            max_nonces_per_key: 1_000_000,
            max_nonces: 2_000_000,
        }
    }
}
