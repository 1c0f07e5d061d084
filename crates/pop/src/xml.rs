//! JSON values as the gateway's XML: members become elements, arrays repeat the element they are named by.

use serde_json::Value;

/// Appends `<name>…</name>`. `null` is left out; an array becomes one element for each item, so
/// `{"Ids":{"Id":["a","b"]}}` is `<Ids><Id>a</Id><Id>b</Id></Ids>`.
pub(crate) fn element(out: &mut String, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| element(out, name, item)),
        Value::Object(members) => {
            open(out, name);
            for (name, member) in members {
                element(out, name, member);
            }
            close(out, name);
        }
        Value::String(text) => text_element(out, name, text),
        Value::Bool(_) | Value::Number(_) => text_element(out, name, &value.to_string()),
    }
}

/// Appends `<name>text</name>`.
pub(crate) fn text_element(out: &mut String, name: &str, text: &str) {
    open(out, name);
    escape(out, text);
    close(out, name);
}

/// Appends `<name>`.
pub(crate) fn open(out: &mut String, name: &str) {
    out.push('<');
    push_name(out, name);
    out.push('>');
}

/// Appends `</name>`.
pub(crate) fn close(out: &mut String, name: &str) {
    out.push_str("</");
    push_name(out, name);
    out.push('>');
}

/// Writes a name, replacing what XML does not allow in one; data must not become markup whatever it is.
fn push_name(out: &mut String, name: &str) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        out.push('_');
    }
    out.extend(name.chars().map(|c| if allowed(c) { c } else { '_' }));
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A parser would turn a bare carriage return into a line feed.
            '\r' => out.push_str("&#13;"),
            // Not characters to XML 1.0, not even escaped.
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                out.push('\u{fffd}');
            }
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn values_become_elements_and_never_markup() {
        for (value, expected) in [
            (json!({"Ids": {"Id": ["a", 1, true]}}), "<R><Ids><Id>a</Id><Id>1</Id><Id>true</Id></Ids></R>"),
            (json!({"Ids": {"Id": []}, "None": null, "Text": ""}), "<R><Ids></Ids><Text></Text></R>"),
            (
                json!({"T": "</T>&<\u{0}\u{1b}\r\n]]>"}),
                "<R><T>&lt;/T&gt;&amp;&lt;\u{fffd}\u{fffd}&#13;\n]]&gt;</T></R>",
            ),
            (json!({"1<x> y": "v"}), "<R><_1_x__y>v</_1_x__y></R>"),
            (
                json!({"Tag": [{"Key": "k"}, {"Key": "l"}]}),
                "<R><Tag><Key>k</Key></Tag><Tag><Key>l</Key></Tag></R>",
            ),
        ] {
            let mut out = String::new();
            super::element(&mut out, "R", &value);
            assert_eq!(out, expected, "{value}");
        }
    }
}
