//! Pages and files: which there are, and the headers that go with them.

use center::console::{Asset, Settings};
use http::HeaderMap;

use crate::{
    browser::{Browser, Seen, center_with},
    harness::Center,
};

const ASSETS: [Asset; 2] = [
    Asset {
        path: "assets/app-1a2b.js",
        kind: "text/javascript; charset=utf-8",
        etag: "\"1a2b\"",
        plain: b"plain",
        gzip: Some(b"gzipped"),
        brotli: Some(b"brotlied"),
    },
    Asset {
        path: "index.html",
        kind: "text/html; charset=utf-8",
        etag: "\"1\"",
        plain: b"<meta name=\"csp-nonce\" content=\"__NONCE__\"><script src=\"/console/assets/app-1a2b.js\"></script>",
        gzip: None,
        brotli: None,
    },
];

async fn center() -> Center {
    center_with(Settings { assets: ASSETS.to_vec(), ..Settings::default() }).await
}

/// The policy of a page with the number that the page itself holds.
#[track_caller]
fn assert_page(seen: &Seen, nonce_mark: &str) {
    let text = seen.text();
    let nonce = text.split(nonce_mark).nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(nonce.len(), 22, "{text}");
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    assert_eq!(seen.header("content-security-policy"), Some(policy.as_str()));
    assert_eq!(seen.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(seen.header("cache-control"), Some("no-store"));
    assert_guarded(&seen.headers);
}

#[track_caller]
fn assert_guarded(headers: &HeaderMap) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(headers.get(name).unwrap(), value, "{name}");
    }
}

#[tokio::test]
async fn every_place_of_the_application_gets_its_page() {
    let center = center().await;
    let browser = Browser::new(&center);
    let mut pages = Vec::new();
    for path in [
        "/console",
        "/console/",
        "/console/index.html",
        "/console/sources/s-1",
        "/console/identities/mia.k",
        "/console/?a=b",
        "/console/..%2f..%2fetc%2fpasswd",
    ] {
        let seen = browser.get(path).await;
        assert_eq!(seen.status, 200, "{path}");
        assert_page(&seen, "content=\"");
        pages.push(seen.text());
    }
    pages.sort();
    pages.dedup();
    assert_eq!(pages.len(), 7, "the number is used once");
    assert_eq!(browser.get("/consolex").await.status, 404);
}

#[tokio::test]
async fn files_are_kept_for_good_and_packed_for_who_can_unpack() {
    let center = center().await;
    let browser = Browser::new(&center);
    let path = "/console/assets/app-1a2b.js";
    for (accepted, encoding, body) in [
        ("", None, "plain"),
        ("gzip, deflate", Some("gzip"), "gzipped"),
        ("gzip, deflate, br, zstd", Some("br"), "brotlied"),
        ("br;q=0, gzip", Some("gzip"), "gzipped"),
    ] {
        let seen = browser.send("GET", path, &[("accept-encoding", accepted)], "").await;
        assert_eq!((seen.status, seen.text().as_str()), (200, body));
        assert_eq!(seen.header("content-encoding"), encoding);
        assert_eq!(seen.header("content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(seen.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(seen.header("vary"), Some("accept-encoding"));
        assert_eq!(seen.header("etag"), Some("W/\"1a2b\""));
        assert!(seen.header("content-security-policy").unwrap().starts_with("default-src 'none'; "));
        assert_guarded(&seen.headers);
    }
    let seen = browser.send("GET", path, &[("if-none-match", "\"0\", W/\"1a2b\"")], "").await;
    assert_eq!((seen.status, seen.bytes.len(), seen.header("etag")), (304, 0, Some("W/\"1a2b\"")));
    let seen = browser.send("GET", path, &[("if-none-match", "W/\"0\"")], "").await;
    assert_eq!((seen.status, seen.text().as_str()), (200, "plain"));
    let seen = browser.send("HEAD", path, &[], "").await;
    assert_eq!((seen.status, seen.bytes.len(), seen.header("content-length")), (200, 0, Some("5")));
    for path in ["/console/assets/app-old.js", "/console/assets/", "/console/favicon.ico", "/console/a/b.css"]
    {
        let seen = browser.get(path).await;
        assert_eq!(seen.refused(), (404, "NotFound".to_owned()), "{path}");
        assert_guarded(&seen.headers);
    }
    let seen = browser.send("POST", path, &[], "x").await;
    assert_eq!((seen.refused().0, seen.header("allow")), (405, Some("GET, HEAD")));
}

#[tokio::test]
async fn a_directory_is_served_in_place_of_what_is_embedded() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("assets")).unwrap();
    std::fs::write(directory.path().join("index.html"), "<p title=\"__NONCE__\">mine").unwrap();
    std::fs::write(directory.path().join("assets/mine.js"), "mine").unwrap();
    let settings = Settings {
        assets: ASSETS.to_vec(),
        directory: Some(directory.path().to_owned()),
        ..Settings::default()
    };
    let center = center_with(settings).await;
    let browser = Browser::new(&center);
    assert_page(&browser.get("/console/").await, "title=\"");
    let seen = browser.get("/console/assets/mine.js").await;
    assert_eq!((seen.status, seen.text().as_str()), (200, "mine"));
    assert_eq!(browser.get("/console/assets/app-1a2b.js").await.status, 404);
    for path in
        ["/console/assets/../../../../etc/passwd", "/console//etc/passwd", "/console/assets/..%2f..%2fx"]
    {
        let seen = browser.get(path).await;
        assert!(!seen.text().contains("root:"), "{path}");
    }
}

#[tokio::test]
async fn without_a_console_a_page_says_how_to_build_it() {
    let center = Center::start().await;
    let browser = Browser::new(&center);
    let seen = browser.get("/console/sources").await;
    assert_page(&seen, "style nonce=\"");
    assert!(seen.text().contains("cargo xtask console") && !seen.text().contains("<script"));
}

#[tokio::test]
async fn a_browser_at_the_api_is_shown_the_way_and_programs_are_not() {
    let center = center().await;
    let browser = Browser::new(&center);
    let html = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let seen = browser.send("GET", "/", &[html], "").await;
    assert_eq!(seen.status, 200);
    assert_page(&seen, "style nonce=\"");
    assert!(seen.text().contains("href=\"/console/\""));
    for (path, headers) in [
        ("/", vec![("accept", "*/*")]),
        ("/", vec![]),
        ("/?Action=ListAccessTokens", vec![html]),
        ("/", vec![html, ("authorization", "ACS3-HMAC-SHA256 x")]),
        ("/", vec![html, ("x-acs-action", "ListAccessTokens")]),
    ] {
        let seen = browser.send("GET", path, &headers, "").await;
        assert!(seen.status >= 400 && seen.json()["Code"].is_string(), "{path} {headers:?}");
    }
}
