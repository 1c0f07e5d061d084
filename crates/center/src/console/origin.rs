//! Whether a request was made by the console's own pages.
//!
//! Three things keep other sites out, each of which would do: the cookie is `SameSite=Strict`; whatever changes
//! something carries a header that no other site can set, with a value that no other site can read; and a browser says
//! where a request comes from.

use http::{HeaderMap, StatusCode, Uri, header};

use super::reply::Refusal;

/// Refuses what a browser says was made by another site. Programs that are no browsers say nothing.
pub(super) fn check_origin(headers: &HeaderMap) -> Result<(), Refusal> {
    let foreign = || {
        let message =
            "The request comes from another site. Open the console at the address it is served from.";
        Refusal::new(StatusCode::FORBIDDEN, "Csrf", message)
    };
    if headers.get_all("sec-fetch-site").iter().any(|site| site != "same-origin") {
        return Err(foreign());
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = |origin: &str| {
        let authority = origin.parse::<Uri>().ok().and_then(|uri| uri.into_parts().authority);
        // Without the scheme: a proxy may take TLS off on the way.
        authority
            .is_some_and(|authority| host.is_some_and(|host| authority.as_str().eq_ignore_ascii_case(host)))
    };
    if headers.get_all(header::ORIGIN).iter().any(|origin| !origin.to_str().is_ok_and(own)) {
        return Err(foreign());
    }
    Ok(())
}

/// Refuses a body that a form of another site could send.
pub(super) fn check_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let message = "The body has to be application/json.";
    Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message))
}

#[cfg(test)]
mod tests {
    use super::{check_json, check_origin};
    use http::HeaderMap;

    fn headers(text: &[(&'static str, &str)]) -> HeaderMap {
        text.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_the_consoles_own_origin_passes() {
        let host = ("host", "127.0.0.1:8620");
        for (more, passes) in [
            (&[][..], true),
            (&[("origin", "http://127.0.0.1:8620")], true),
            (&[("origin", "https://127.0.0.1:8620")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8620")], true),
            (&[("origin", "http://127.0.0.1:8621")], false),
            (&[("origin", "http://127.0.0.1")], false),
            (&[("origin", "http://evil.example")], false),
            (&[("origin", "http://127.0.0.1:8620@evil.example")], false),
            (&[("origin", "null")], false),
            (&[("origin", "")], false),
            (&[("origin", "http://127.0.0.1:8620"), ("origin", "http://evil.example")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:8620")], false),
        ] {
            let all: Vec<_> = [host].iter().chain(more).copied().collect();
            assert_eq!(check_origin(&headers(&all)).is_ok(), passes, "{more:?}");
        }
        assert!(check_origin(&headers(&[("origin", "http://127.0.0.1:8620")])).is_err(), "no host");
    }

    #[test]
    fn a_body_that_a_form_could_send_is_refused() {
        for (kind, passes) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("application/jsonp", false),
        ] {
            assert_eq!(check_json(&headers(&[("content-type", kind)])).is_ok(), passes, "{kind}");
        }
        assert!(check_json(&HeaderMap::new()).is_err());
    }
}
