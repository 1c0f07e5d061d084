//! The pages and files of the console.
//!
//! A path that is no file belongs to the application, which reads it itself; so it gets the application's page. The
//! page may run the console's own scripts and nothing else.

use std::{
    borrow::Cow,
    collections::HashMap,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use sha2::{Digest, Sha256};
use smc::ports::{Random, RandomError};

use super::{
    reply::{Refusal, Reply, always, guarded},
    settings::{Asset, Settings},
};
use crate::clock::SystemRandom;

/// What is served where the console was not built.
const NOT_BUILT: &str = include_str!("not_built.html");

/// What `/` shows to a browser.
const WELCOME: &str = include_str!("welcome.html");

/// Stands in pages for the number that is used once.
const NONCE: &str = "__NONCE__";

/// The application's page.
const INDEX: &str = "index.html";

/// Largest file taken from a directory, in bytes.
const MAX_FILE: u64 = 32 << 20;

/// The built console.
pub(super) struct Site {
    assets: HashMap<&'static str, Asset>,
    directory: Option<PathBuf>,
}

/// A file to send.
struct File {
    kind: Cow<'static, str>,
    etag: String,
    plain: Bytes,
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

impl Site {
    /// Serves what it is told to.
    pub(super) fn new(settings: &Settings) -> Self {
        let assets = settings.assets.iter().map(|asset| (asset.path, *asset)).collect();
        Self { assets, directory: settings.directory.clone() }
    }

    /// Answers a GET of a path below `/console/`.
    pub(super) async fn serve(&self, path: &str, headers: &HeaderMap) -> Reply {
        match self.file(path).await {
            Some(file) if path != INDEX => sent(path, &file, headers),
            Some(file) => page(&String::from_utf8_lossy(&file.plain)),
            None if is_file_name(path) => {
                Refusal::new(StatusCode::NOT_FOUND, "NotFound", "The console has no such file.").reply()
            }
            None => match self.file(INDEX).await {
                Some(file) => page(&String::from_utf8_lossy(&file.plain)),
                None => page(NOT_BUILT),
            },
        }
    }

    async fn file(&self, path: &str) -> Option<File> {
        if let Some(directory) = self.directory.clone() {
            let path = path.to_owned();
            return tokio::task::spawn_blocking(move || read(&directory, &path)).await.ok().flatten();
        }
        let asset = self.assets.get(path)?;
        Some(File {
            kind: Cow::Borrowed(asset.kind),
            etag: asset.etag.to_owned(),
            plain: Bytes::from_static(asset.plain),
            gzip: asset.gzip,
            brotli: asset.brotli,
        })
    }
}

/// The page that `/` shows to a browser.
pub(super) fn welcome() -> Reply {
    page(WELCOME)
}

/// Sends a page under the policy that lets it run the console's scripts and nothing else.
fn page(text: &str) -> Reply {
    let nonce = match nonce() {
        Ok(nonce) => nonce,
        Err(error) => return Refusal::from(error).reply(),
    };
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let mut reply = Response::new(Full::new(Bytes::from(text.replace(NONCE, &nonce))));
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    always(headers);
    reply
}

fn nonce() -> Result<String, RandomError> {
    Ok(URL_SAFE_NO_PAD.encode(SystemRandom.bytes::<16>()?))
}

/// Sends a file, packed if the browser can unpack it; not at all if it has it already.
fn sent(path: &str, file: &File, asked: &HeaderMap) -> Reply {
    let packed = [("br", file.brotli), ("gzip", file.gzip)];
    let packed =
        packed.into_iter().find_map(|(name, bytes)| Some((name, bytes?)).filter(|_| takes(asked, name)));
    let same = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let same = same
        .flat_map(|value| value.split(','))
        .any(|etag| etag.trim().trim_start_matches("W/") == file.etag || etag.trim() == "*");
    let body = match packed {
        _ if same => Bytes::new(),
        Some((_, bytes)) => Bytes::from_static(bytes),
        None => file.plain.clone(),
    };
    let mut reply = guarded(Response::new(Full::new(body)));
    *reply.status_mut() = if same { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let headers = reply.headers_mut();
    // The names of these hold a digest of their content.
    let hashed = path.starts_with("assets/");
    let cache = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&format!("W/{}", file.etag)) {
        headers.insert(header::ETAG, etag);
    }
    if !same {
        if let Ok(kind) = HeaderValue::from_str(&file.kind) {
            headers.insert(header::CONTENT_TYPE, kind);
        }
        if let Some((name, _)) = packed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
    }
    reply
}

/// Whether a browser takes an encoding; one with a weight of nothing it does not.
fn takes(asked: &HeaderMap, encoding: &str) -> bool {
    let all = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let refused =
            weight.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
        name.trim().eq_ignore_ascii_case(encoding) && !refused
    })
}

/// Whether a path names a file and not a place in the application. Names of users and hosts may have dots, so the
/// ending alone says it.
fn is_file_name(path: &str) -> bool {
    path.starts_with("assets/") || kind(path).is_some()
}

/// The type of a file, by the ending of its name.
fn kind(path: &str) -> Option<&'static str> {
    Some(match Path::new(path).extension()?.to_str()? {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// Reads a file below a directory. What leads out of it, by its name or by a link, is not there.
fn read(directory: &Path, path: &str) -> Option<File> {
    let plain_name = |part: &str| {
        !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '%', ':', '\0'])
    };
    if !path.split('/').all(plain_name) {
        return None;
    }
    let root = directory.canonicalize().ok()?;
    let file = root.join(path).canonicalize().ok()?;
    let size = file.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    if !file.starts_with(&root) || size > MAX_FILE {
        return None;
    }
    let plain = std::fs::read(&file).ok()?;
    Some(File {
        kind: Cow::Borrowed(kind(path).unwrap_or("application/octet-stream")),
        etag: format!("\"{}\"", hex::encode(&Sha256::digest(&plain)[..16])),
        plain: plain.into(),
        gzip: None,
        brotli: None,
    })
}

#[cfg(test)]
mod tests {
    use super::{is_file_name, read, takes};
    use http::HeaderMap;

    #[test]
    fn nothing_outside_of_the_directory_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("dist");
        std::fs::create_dir_all(root.join("assets")).unwrap();
        std::fs::write(root.join("assets/a.js"), "1").unwrap();
        std::fs::write(directory.path().join("secret.js"), "2").unwrap();
        std::os::unix::fs::symlink(directory.path().join("secret.js"), root.join("assets/link.js")).unwrap();
        assert_eq!(read(&root, "assets/a.js").unwrap().plain, "1");
        for path in [
            "../secret.js",
            "assets/../../secret.js",
            "assets/..%2f..%2fsecret.js",
            "/etc/passwd",
            "//etc/passwd",
            "assets//a.js",
            "assets/./a.js",
            "assets\\a.js",
            "assets/link.js",
            "assets",
            "assets/a.js\0",
            "",
        ] {
            assert!(read(&root, path).is_none(), "{path:?}");
        }
    }

    #[test]
    fn names_with_dots_belong_to_the_application() {
        for (path, file) in [
            ("assets/x", true),
            ("favicon.svg", true),
            ("a/b.js", true),
            ("", false),
            ("sources/s-1", false),
            ("identities/mia.k", false),
            ("sources/web.example.com", false),
        ] {
            assert_eq!(is_file_name(path), file, "{path}");
        }
    }

    #[test]
    fn encodings_are_taken_as_browsers_name_them() {
        for (text, gzip) in [
            ("gzip, deflate, br, zstd", true),
            ("GZIP", true),
            ("gzip;q=0.5", true),
            ("gzip;q=0", false),
            ("br", false),
            ("", false),
        ] {
            let headers: HeaderMap =
                [("accept-encoding".parse().unwrap(), text.parse().unwrap())].into_iter().collect();
            assert_eq!(takes(&headers, "gzip"), gzip, "{text}");
        }
    }
}
