//! Every `LANDFALL_…` variable that the pages name is read by a program or a script of this repository.

use std::{collections::BTreeSet, fs, path::Path};

use crate::pages;

#[test]
fn variables_are_read_by_somebody() {
    let mut read = BTreeSet::new();
    collect(&pages::root().join("crates"), &mut read);
    let mut unknown = Vec::new();
    for page in pages::all() {
        let named = variables(&page.text).into_iter().filter(|name| !read.contains(name));
        unknown.extend(named.map(|name| (page.name(), name)));
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(read.contains("LANDFALL_TOKEN_CODE") && !read.contains("LANDFALL_NOBODY_READS"));
}

fn collect(directory: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "tests") {
            collect(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "sh") {
            into.extend(variables(&fs::read_to_string(&path).unwrap()));
        }
    }
}

fn variables(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_');
    words.filter(|word| word.starts_with("LANDFALL_") && word.len() > 9).map(str::to_owned).collect()
}
