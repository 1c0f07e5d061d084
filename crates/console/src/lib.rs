//! The files of the web console, embedded when this was built.
//!
//! Where Node was missing there are none, and [`is_built`] says so; the center then serves a page that tells how to build
//! them. How files are served (headers, policy, sessions) is the center's part.

/// A file of the console.
#[derive(Debug)]
pub struct File {
    /// Its path below the console's address, such as `assets/index-4f3a.js`.
    pub path: &'static str,
    /// An entity tag over its content, with its quotes.
    pub tag: &'static str,
    /// Its content.
    pub plain: &'static [u8],
    /// The same, as gzip.
    pub gzip: Option<&'static [u8]>,
    /// The same, as brotli.
    pub brotli: Option<&'static [u8]>,
}

/// All files, by path.
static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Whether there is a console.
pub fn is_built() -> bool {
    file("index.html").is_some()
}

/// All files, in the order of their paths.
pub fn files() -> &'static [File] {
    FILES
}

/// The file at a path below the console's address.
pub fn file(path: &str) -> Option<&'static File> {
    FILES.binary_search_by(|file| file.path.cmp(path)).ok().and_then(|place| FILES.get(place))
}

impl File {
    /// What kind of content it is.
    pub fn media_type(&self) -> &'static str {
        media_type(self.path)
    }

    /// Whether its name changes with its content, so that nobody needs to ask for it twice.
    pub fn is_immutable(&self) -> bool {
        self.path.starts_with("assets/")
    }
}

/// What kind of content a file of this name has.
pub fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::{FILES, file, is_built, media_type};

    #[test]
    fn every_file_is_found_by_its_path_and_nothing_else_is() {
        for known in FILES {
            assert!(file(known.path).is_some_and(|found| found.tag == known.tag), "{}", known.path);
        }
        for path in ["", "index", "assets", "assets/", "../Cargo.toml", "/index.html", "index.html.gz"] {
            assert!(file(path).is_none(), "{path}");
        }
    }

    #[test]
    fn what_is_built_can_be_shown() {
        if is_built() {
            assert!(
                FILES
                    .iter()
                    .any(|file| file.is_immutable() && file.media_type().starts_with("text/javascript"))
            );
            assert!(FILES.iter().all(|file| file.media_type() != "application/octet-stream"), "{FILES:?}");
        } else {
            assert!(FILES.is_empty());
        }
    }

    #[test]
    fn kinds_go_by_the_ending() {
        assert_eq!(media_type("assets/index-1.js"), "text/javascript; charset=utf-8");
        assert_eq!(media_type("strange"), "application/octet-stream");
    }
}
