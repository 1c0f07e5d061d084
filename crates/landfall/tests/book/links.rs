//! Links to files and headings of this repository resolve, and the book's contents list every chapter once.

use std::path::PathBuf;

use crate::pages::{self, Page, Piece};

#[test]
fn links_lead_somewhere() {
    let broken: Vec<_> = pages::all().iter().flat_map(broken_links).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_contents_list_every_chapter_once() {
    let book = pages::root().join("docs/src");
    let pages = pages::all();
    let summary = pages.iter().find(|page| page.path == book.join("SUMMARY.md")).unwrap();
    let mut listed: Vec<_> = targets(summary).iter().map(|target| book.join(target)).collect();
    let mut chapters: Vec<_> =
        pages.iter().map(|page| page.path.clone()).filter(|path| path.starts_with(&book)).collect();
    chapters.retain(|path| *path != summary.path);
    listed.sort();
    chapters.sort();
    assert_eq!(listed, chapters);
}

#[test]
fn a_broken_link_is_seen() {
    let text =
        "# A `b` C.d\n[1](#a-b-cd) [2](#nowhere) [3](missing.md) [4](../book.toml) [5](https://x.example/#y)";
    let page = Page { path: pages::root().join("docs/src/SUMMARY.md"), text: text.to_owned() };
    let broken: Vec<_> = broken_links(&page).into_iter().map(|(_, target)| target).collect();
    assert_eq!(broken, ["#nowhere", "missing.md"]);
}

fn broken_links(page: &Page) -> Vec<(String, String)> {
    let leads = |target: &String| {
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let path = if file.is_empty() { page.path.clone() } else { page.path.with_file_name(file) };
        let Ok(path) = path.canonicalize() else { return false };
        anchor.is_empty() || anchors(page, &path).iter().any(|known| known == anchor)
    };
    targets(page)
        .into_iter()
        .filter(|target| !target.contains("://") && !leads(target))
        .map(|target| (page.name(), target))
        .collect()
}

/// What the links of a page point to. Code spans hold none.
fn targets(page: &Page) -> Vec<String> {
    let mut found = Vec::new();
    for piece in page.pieces() {
        let Piece::Line(line) = piece else { continue };
        let prose: String = line.split('`').step_by(2).collect();
        found.extend(prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    found
}

fn anchors(from: &Page, path: &PathBuf) -> Vec<String> {
    let text = if *path == from.path { from.text.clone() } else { std::fs::read_to_string(path).unwrap() };
    let headings = pages::pieces(&text).into_iter().filter_map(|piece| match piece {
        Piece::Line(line) if line.starts_with('#') => Some(anchor(line.trim_start_matches('#'))),
        _ => None,
    });
    headings.collect()
}

/// The id that mdBook and GitHub give a heading.
fn anchor(heading: &str) -> String {
    let heading = heading.trim().replace("&lt;", "<").replace("&gt;", ">").to_lowercase();
    let kept = heading.chars().filter(|&c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
