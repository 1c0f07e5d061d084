//! Names and literals: how words of the model are written in Rust.

/// A Rust string literal.
pub(crate) fn literal(text: &str) -> String {
    format!("{text:?}")
}

/// A Rust `Option` of a string literal.
pub(crate) fn optional(text: Option<&String>) -> String {
    text.map_or_else(|| "None".to_owned(), |text| format!("Some({text:?})"))
}

/// `CreateAccessToken` as `create_access_token`; a run of capitals is one word: `LVM` is `lvm`, `VSwitchId` is
/// `v_switch_id`.
pub(crate) fn snake(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (position, character) in characters.iter().enumerate() {
        let before = position.checked_sub(1).and_then(|before| characters.get(before));
        let after = characters.get(position + 1);
        let starts_word = character.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if starts_word {
            text.push('_');
        }
        text.extend(character.to_lowercase());
    }
    // The only Rust keyword among the names of the contract.
    if text == "type" { "kind".to_owned() } else { text }
}

/// `create_access_token` as `CREATE_ACCESS_TOKEN`.
pub(crate) fn constant(name: &str) -> String {
    snake(name).to_uppercase()
}

/// What serde's `PascalCase` makes of a snake name; where it is not the wire name, a rename is needed.
pub(crate) fn pascal(snake: &str) -> String {
    snake
        .split('_')
        .flat_map(|word| {
            let mut characters = word.chars();
            characters.next().into_iter().flat_map(char::to_uppercase).chain(characters)
        })
        .collect()
}

/// A value of the wire as the name of an enum variant: `Not_Related` is `NotRelated`.
pub(crate) fn variant(value: &str) -> String {
    pascal(&value.replace('-', "_"))
}

/// A unit after a number: `days` for `day`; symbols stay.
pub(crate) fn plural(unit: &str) -> String {
    if unit.chars().all(|character| character.is_ascii_lowercase()) {
        format!("{unit}s")
    } else {
        unit.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{pascal, plural, snake, variant};

    #[test]
    fn names_are_written_the_rust_way() {
        for (name, expected) in [
            ("CreateAccessToken", "create_access_token"),
            ("TimeToLiveInDays", "time_to_live_in_days"),
            ("LVM", "lvm"),
            ("VSwitchId", "v_switch_id"),
            ("Type", "kind"),
        ] {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(pascal("source_id"), "SourceId");
        assert_eq!(variant("Not_Related"), "NotRelated");
        assert_eq!(variant("activated"), "Activated");
        assert_eq!(variant("PL0"), "PL0");
        assert_eq!((plural("day"), plural("GiB")), ("days".to_owned(), "GiB".to_owned()));
    }
}
