//! Every failure a client can meet: a code, a status, a message, and what some codes carry besides.
//!
//! Codes, statuses and the wording up to the first colon follow the public gateway, because clients compare them;
//! where the public documentation gives a code but no text, the text here is our own and names the parameter.

use std::borrow::Cow;

use serde::Serialize;

/// Is a refusal or failure as the client sees it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// The HTTP status, 400 to 599.
    pub status: u16,
    /// The code programs compare, such as `InvalidParameter.Count`.
    pub code: Cow<'static, str>,
    /// The text people read.
    pub message: Cow<'static, str>,
    /// What was denied to whom; only on authorization denials.
    pub access_denied_detail: Option<Box<AccessDeniedDetail>>,
    /// How long to wait before trying again, in milliseconds; only when throttled or overloaded.
    pub retry_after_ms: Option<u64>,
}

/// Says what was denied, to whom, and by which kind of policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccessDeniedDetail {
    /// The RAM action, such as `smc:CreateAccessToken`.
    pub auth_action: String,
    /// `SubUser`, `AssumedRoleUser` or `Federated`.
    pub auth_principal_type: String,
    /// The account the principal belongs to.
    pub auth_principal_owner_id: String,
    /// The user's id, or `<role id>:<session>`.
    pub auth_principal_display_name: String,
    /// `ImplicitDeny` or `ExplicitDeny`.
    pub no_permission_type: String,
    /// The kind of policy that denied, such as `AccountLevelIdentityBasedPolicy`.
    pub policy_type: String,
    /// An opaque text for whoever administers the account.
    pub encoded_diagnostic_message: String,
}

/// Refusals of the service behind the gateway, and the general form.
impl ApiError {
    /// Makes any refusal; business codes are made with it.
    pub fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (code, message) = (code.into(), message.into());
        Self { status, code, message, access_denied_detail: None, retry_after_ms: None }
    }

    /// Adds what was denied.
    #[must_use]
    pub fn with_access_denied_detail(mut self, detail: AccessDeniedDetail) -> Self {
        self.access_denied_detail = Some(Box::new(detail));
        self
    }

    /// Adds when to try again, in milliseconds.
    #[must_use]
    pub fn with_retry_after_ms(mut self, milliseconds: u64) -> Self {
        self.retry_after_ms = Some(milliseconds);
        self
    }

    /// `404 InvalidAction.NotFound`: the version has no such operation.
    pub fn action_not_found() -> Self {
        Self::new(404, "InvalidAction.NotFound", NOT_FOUND)
    }

    /// `400 InvalidVersion`: the product has no such version.
    pub fn invalid_version() -> Self {
        Self::new(400, "InvalidVersion", "Specified parameter Version is not valid.")
    }

    /// `403 Forbidden.RAM`: a policy denies, or none allows.
    pub fn forbidden_ram(detail: AccessDeniedDetail) -> Self {
        let message =
            "User not authorized to operate on the specified resource, or this API doesn't support RAM.";
        Self::new(403, "Forbidden.RAM", message).with_access_denied_detail(detail)
    }

    /// `403 NoPermission`: the caller's kind may not do this, whatever the policies say.
    pub fn no_permission() -> Self {
        Self::new(403, "NoPermission", "You are not authorized to do this action.")
    }

    /// `400 Missing<Parameter>`: the gateway cannot work without it.
    pub fn missing(parameter: &str) -> Self {
        Self::new(400, format!("Missing{parameter}"), format!("{parameter} is mandatory for this action."))
    }

    /// `400 InvalidParameter.<Name>`: `reason` completes "… is not valid: ". A name that is not made of letters,
    /// digits, `.`, `-` and `_` is kept out of the code and quoted, shortened, in the message.
    pub fn invalid_parameter(name: &str, reason: impl std::fmt::Display) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if !name.is_empty() && name.len() <= 128 && name.chars().all(plain) {
            let message = format!("Specified parameter {name} is not valid: {reason}.");
            return Self::new(400, format!("InvalidParameter.{name}"), message);
        }
        let shown: String = name.chars().take(64).collect();
        Self::new(400, "InvalidParameter", format!("Specified parameter {shown:?} is not valid: {reason}."))
    }

    /// `501 UnsupportedOperation`: known, but not built.
    pub fn not_implemented(action: &str) -> Self {
        Self::new(501, "UnsupportedOperation", format!("{action} is not available on this server yet."))
    }
}

/// Refusals of the gateway itself.
impl ApiError {
    /// `404 InvalidAccessKeyId.NotFound`.
    pub fn access_key_not_found() -> Self {
        Self::new(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    }

    /// `400 InvalidAccessKeyId.Inactive`.
    pub fn access_key_inactive() -> Self {
        Self::new(400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
    }

    /// `400 SignatureDoesNotMatch` of the V1 scheme. Official clients cut the message at its first colon and compare
    /// what follows with their own string to sign.
    pub fn signature_mismatch_v1(string_to_sign: &str) -> Self {
        let told = "Specified signature is not matched with our calculation. server string to sign is:";
        Self::new(400, SIGNATURE_MISMATCH, format!("{told}{}", shown(string_to_sign)))
    }

    /// `400 SignatureDoesNotMatch` of the V3 scheme.
    pub fn signature_mismatch_v3(string_to_sign: &str, canonical_request: &str) -> Self {
        let message = format!(
            "Specified signature does not match our calculation. server StringToSign is [{string_to_sign}] server \
             CanonicalRequest is [{}]",
            shown(canonical_request)
        );
        Self::new(400, SIGNATURE_MISMATCH, message)
    }

    /// `400 SignatureDoesNotMatch` for a body that is not the one whose hash was signed.
    pub fn payload_hash_mismatch(computed: &str) -> Self {
        let message = format!(
            "Specified signature does not match our calculation. x-acs-content-sha256 is not the hash of the body: \
             server hash of the body is [{computed}]"
        );
        Self::new(400, SIGNATURE_MISMATCH, message)
    }

    /// `400 IncompleteSignature`: the signature leaves out what has to be signed, or is malformed. `reason` is a
    /// sentence without its full stop.
    pub fn incomplete_signature(reason: impl std::fmt::Display) -> Self {
        let told = "The request signature does not conform to Aliyun standards";
        Self::new(400, "IncompleteSignature", format!("{told}: {reason}."))
    }

    /// `400 InvalidSignatureMethod`.
    pub fn invalid_signature_method(offered: &str) -> Self {
        let message = format!("Specified signature method is not supported: {}.", quoted(offered));
        Self::new(400, "InvalidSignatureMethod", message)
    }

    /// `400 SignatureNonceUsed`.
    pub fn nonce_used() -> Self {
        Self::new(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
    }

    /// `400 InvalidTimeStamp.Expired`: more than 15 minutes from the server's clock.
    pub fn timestamp_expired() -> Self {
        Self::new(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
    }

    /// `400 InvalidTimeStamp.Expired`: signed before the server started, which remembers no nonces of that time.
    pub fn signed_before_start() -> Self {
        let message = "Specified time stamp or date value is expired: the server started after it was signed, sign \
             the request again.";
        Self::new(400, "InvalidTimeStamp.Expired", message)
    }

    /// `400 InvalidTimeStamp.Format`.
    pub fn timestamp_format() -> Self {
        Self::new(400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
    }

    /// `400 InvalidSecurityToken.Expired`.
    pub fn security_token_expired() -> Self {
        Self::new(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
    }

    /// `400 InvalidSecurityToken.Malformed`.
    pub fn security_token_malformed() -> Self {
        Self::new(400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
    }

    /// `400 InvalidSecurityToken.MismatchWithAccessKey`.
    pub fn security_token_mismatch() -> Self {
        Self::new(
            400,
            "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken mismatch with the AccessKey.",
        )
    }

    /// `400 Throttling`: too many requests from one address, or too many to remember.
    pub fn throttled(retry_after_ms: u64) -> Self {
        Self::new(400, "Throttling", "Request was denied due to request throttling.")
            .with_retry_after_ms(retry_after_ms)
    }

    /// `400 Throttling.User`: too many requests with one key.
    pub fn throttled_user(retry_after_ms: u64) -> Self {
        Self::new(400, "Throttling.User", "Request was denied due to user flow control.")
            .with_retry_after_ms(retry_after_ms)
    }

    /// `400 ContentMD5NotMatched`.
    pub fn content_md5_mismatch() -> Self {
        Self::new(400, "ContentMD5NotMatched", "Specified Content-MD5 is not the MD5 of the body.")
    }

    /// `400 ContentLengthDoesNotMatch`.
    pub fn content_length_mismatch() -> Self {
        Self::new(400, "ContentLengthDoesNotMatch", "Specified Content-Length is not the length of the body.")
    }

    /// `400 TooManyParameters`.
    pub fn too_many_parameters(most: usize) -> Self {
        Self::new(400, "TooManyParameters", format!("The request has more than {most} parameters."))
    }

    /// `403 UnsupportedHTTPMethod`: the API takes GET and POST.
    pub fn unsupported_method() -> Self {
        Self::new(403, "UnsupportedHTTPMethod", "This http method is not supported.")
    }
}

/// Failures of the HTTP layer, so that they look like all others.
impl ApiError {
    /// `404 InvalidApi.NotFound`: nothing lives on this path.
    pub fn path_not_found() -> Self {
        Self::new(404, "InvalidApi.NotFound", NOT_FOUND)
    }

    /// `405 UnsupportedHTTPMethod`: the path exists, the method does not.
    pub fn method_not_allowed() -> Self {
        Self { status: 405, ..Self::unsupported_method() }
    }

    /// `408 RequestTimeout`.
    pub fn request_timeout() -> Self {
        Self::new(408, "RequestTimeout", "The request did not arrive completely in time.")
    }

    /// `413 RequestEntityTooLarge`.
    pub fn body_too_large(most: usize) -> Self {
        Self::new(413, "RequestEntityTooLarge", format!("The request body is larger than {most} bytes."))
    }

    /// `414 RequestUriTooLong`.
    pub fn query_too_long(most: usize) -> Self {
        Self::new(414, "RequestUriTooLong", format!("The query string is longer than {most} bytes."))
    }

    /// `400 InvalidRequest`: not HTTP as this server understands it.
    pub fn malformed_request() -> Self {
        Self::new(400, "InvalidRequest", "The request is not well formed HTTP.")
    }

    /// `500 InternalError`. Says nothing about the cause: log it under the request id.
    pub fn internal_error() -> Self {
        Self::new(
            500,
            "InternalError",
            "The request processing has failed due to some unknown error, exception or failure.",
        )
    }

    /// `503 ServiceUnavailable`.
    pub fn service_unavailable() -> Self {
        Self::new(
            503,
            "ServiceUnavailable",
            "The request has failed due to a temporary failure of the server.",
        )
    }
}

const NOT_FOUND: &str = "Specified api is not found, please check your url and method.";
const SIGNATURE_MISMATCH: &str = "SignatureDoesNotMatch";

/// Most bytes of a client's own request that are sent back to it: enough for any request made by hand, too little to
/// make the server an amplifier.
const MOST_ECHOED: usize = 64 * 1024;

fn shown(text: &str) -> Cow<'_, str> {
    if text.len() <= MOST_ECHOED {
        return Cow::Borrowed(text);
    }
    let mut end = MOST_ECHOED;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!("{}…", &text[..end]))
}

fn quoted(text: &str) -> String {
    format!("{:?}", text.chars().take(64).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{ApiError, MOST_ECHOED, shown};

    #[test]
    fn names_that_do_not_fit_a_code_are_quoted_in_the_message() {
        for (name, code) in [
            ("Tag.1.Key", "InvalidParameter.Tag.1.Key"),
            ("", "InvalidParameter"),
            ("a\nb", "InvalidParameter"),
            ("<b>", "InvalidParameter"),
        ] {
            assert_eq!(ApiError::invalid_parameter(name, "it is wrong").code, code);
        }
        let long = ApiError::invalid_parameter(&"x".repeat(5000), "it is wrong");
        assert!(long.code == "InvalidParameter" && long.message.len() < 200);
    }

    #[test]
    fn a_huge_request_is_not_echoed_whole() {
        let text = "中".repeat(MOST_ECHOED);
        assert!(shown(&text).len() <= MOST_ECHOED + '…'.len_utf8());
        assert_eq!(shown("short"), "short");
    }
}
