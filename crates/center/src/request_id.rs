//! Ids of requests: upper-case GUIDs, as the official service gives them.

use smc::ports::{Random, RandomError};

use crate::clock::SystemRandom;

/// Draws an id: a random UUID (version 4) in upper case.
pub(crate) fn request_id() -> Result<String, RandomError> {
    let mut bytes: [u8; 16] = SystemRandom.bytes()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let groups = [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]];
    Ok(groups.map(hex::encode_upper).join("-"))
}

#[cfg(test)]
mod tests {
    use super::request_id;

    #[test]
    fn an_id_is_an_upper_case_guid() {
        let id = request_id().unwrap();
        let lengths: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(id, id.to_uppercase());
        assert_eq!(id.as_bytes()[14], b'4');
        assert_ne!(id, request_id().unwrap());
    }
}
