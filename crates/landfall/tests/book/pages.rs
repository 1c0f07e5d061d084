//! The pages, cut into what is checked: headings, links, shell blocks and code spans.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A page of the book, or one at the root.
pub(crate) struct Page {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A line of a page outside of fences, or a command inside one.
pub(crate) enum Piece {
    /// Prose; headings among it.
    Line(String),
    /// A command line of a `sh` block, or behind `$` in a `console` block; continued lines are joined.
    Command(String),
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every page of the book, and those at the root.
pub(crate) fn all() -> Vec<Page> {
    let mut paths = markdown_in(&root());
    let (book, mut next) = (root().join("docs/src"), 0);
    let mut directories = vec![book];
    while let Some(directory) = directories.get(next).cloned() {
        paths.extend(markdown_in(&directory));
        directories.extend(entries(&directory).into_iter().filter(|path| path.is_dir()));
        next += 1;
    }
    paths.into_iter().map(|path| Page { text: fs::read_to_string(&path).unwrap(), path }).collect()
}

impl Page {
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        pieces(&self.text)
    }

    /// The page's name for a message.
    pub(crate) fn name(&self) -> String {
        self.path.strip_prefix(root()).unwrap_or(&self.path).display().to_string()
    }
}

pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = if fence.is_some() { None } else { Some(language.trim()) };
            continue;
        }
        let command = match fence {
            None => {
                found.push(Piece::Line(line.to_owned()));
                continue;
            }
            Some("sh") => Some(line),
            Some("console") => line.strip_prefix("$ "),
            Some(_) => None,
        };
        let Some(first) = command else { continue };
        let mut whole = first.to_owned();
        while let Some(head) = whole.strip_suffix('\\') {
            whole = format!("{head} {}", lines.next().unwrap_or_default().trim());
        }
        found.push(Piece::Command(whole));
    }
    found
}

/// Texts between single backquotes.
pub(crate) fn code_spans(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

fn markdown_in(directory: &Path) -> Vec<PathBuf> {
    entries(directory)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
