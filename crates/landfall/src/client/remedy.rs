//! What to do about an error code: in the words of this program for what its own options decide, else the contract's.

/// What the caller can do about a code, if anything is known.
pub(super) fn of(code: &str) -> Option<&'static str> {
    let own = match code {
        "InvalidAccessKeyId.NotFound" => {
            "Check ALIBABA_CLOUD_ACCESS_KEY_ID and --endpoint: this center knows no such key. landfall admin key list shows those it knows."
        }
        "InvalidAccessKeyId.Inactive" => "Switch the key on with landfall admin key enable, or use another.",
        "SignatureDoesNotMatch" | "IncompleteSignature" => {
            "Check ALIBABA_CLOUD_ACCESS_KEY_SECRET: it is not the secret of this AccessKey id."
        }
        "InvalidTimeStamp.Expired" => {
            "Set this machine's clock, or the center's: they differ by more than 15 minutes, or the center has just started and this clock is behind."
        }
        "Throttling" | "Throttling.User" => "Wait a moment and try again.",
        _ => return smc_model::error(code).map(|entry| entry.remedy),
    };
    Some(own)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn codes_of_keys_and_of_the_contract_have_a_remedy() {
        for code in [
            "InvalidAccessKeyId.NotFound",
            "SignatureDoesNotMatch",
            "InvalidTimeStamp.Expired",
            "InvalidAccessTokenId.NotFound",
            "InvalidParameter.Count",
            "Forbidden.Unauthorized",
        ] {
            assert!(of(code).is_some_and(|remedy| remedy.len() > 10), "{code}");
        }
        assert_eq!(of("Made.Up"), None);
    }
}
