//! The RPC scheme, version 1.0: HMAC-SHA1 over all parameters, query and form alike.
//!
//! It covers neither headers nor a body that is not a form; the gateway therefore takes no parameters from such a body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use sha1::Sha1;
use zeroize::Zeroizing;

use crate::mac::keyed_hash;
use crate::{Secret, percent};

/// Builds the string to sign from decoded parameters already in byte order of their names; leaves out `Signature`.
pub fn string_to_sign<'a>(method: &http::Method, sorted: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::with_capacity(512);
    out.push_str(method.as_str());
    out.push_str("&%2F&");
    let mut separator = "";
    for (name, value) in sorted.filter(|&(name, _)| name != "Signature") {
        // `&` and `=` of the canonical query, as its second encoding leaves them.
        out.push_str(separator);
        percent::encode_twice_into(&mut out, name);
        out.push_str("%3D");
        percent::encode_twice_into(&mut out, value);
        separator = "%26";
    }
    out
}

/// Signs a string: base64 of HMAC-SHA1 under the secret followed by `&`.
pub fn signature(secret: &Secret, string_to_sign: &str) -> String {
    let key = Zeroizing::new([secret.expose(), "&"].concat());
    STANDARD.encode(keyed_hash::<Hmac<Sha1>>(key.as_bytes(), string_to_sign.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{signature, string_to_sign};
    use crate::Secret;

    #[test]
    fn empty_values_stay_and_the_signature_is_left_out() {
        let sorted = [("A", ""), ("B b", "&="), ("Signature", "x")];
        let signed = string_to_sign(&http::Method::POST, sorted.into_iter());
        assert_eq!(signed, "POST&%2F&A%3D%26B%2520b%3D%2526%253D");
        assert_eq!(string_to_sign(&http::Method::GET, [].into_iter()), "GET&%2F&");
    }

    #[test]
    fn the_published_example_is_reproduced() {
        let signed = "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeRegions%26Format%3DXML%26SignatureMethod%3DHMAC-SHA1\
                      %26SignatureNonce%3D3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf%26SignatureVersion%3D1.0\
                      %26Timestamp%3D2016-02-23T12%253A46%253A24Z%26Version%3D2014-05-26";
        assert_eq!(signature(&Secret::new("testsecret"), signed), "OLeaidS1JvxuMvnyHOwuJ+uX5qY=");
    }
}
