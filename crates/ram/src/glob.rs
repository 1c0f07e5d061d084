//! Wildcard patterns of policies: `*` stands for any run of characters, `?` for exactly one.
//!
//! Everything else is literal; there is no escape, as RAM documents none. A pattern comes from whoever may write
//! policies and the text from whoever may call, so matching never costs more than pattern length times text length.

use std::fmt;

/// A parsed pattern; compares characters exactly, so callers that ignore case lower both sides first.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    tokens: Vec<Token>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Exactly(char),
    AnyOne,
    AnyRun,
}

impl Glob {
    /// Reads a pattern; every string is one.
    pub(crate) fn new(pattern: &str) -> Self {
        let mut tokens: Vec<Token> = Vec::with_capacity(pattern.len());
        for character in pattern.chars() {
            let token = match character {
                '*' => Token::AnyRun,
                '?' => Token::AnyOne,
                other => Token::Exactly(other),
            };
            if token != Token::AnyRun || tokens.last() != Some(&Token::AnyRun) {
                tokens.push(token);
            }
        }
        Self { tokens }
    }

    /// Tells whether the whole text is covered.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut token, mut position) = (0, 0);
        // Only the latest `*` ever needs to take more text: whatever an earlier one could give, this one can too.
        // That is what keeps the search from branching.
        let mut retry: Option<(usize, usize)> = None;
        while position < text.len() {
            match self.tokens.get(token) {
                Some(Token::AnyRun) => {
                    retry = Some((token + 1, position));
                    token += 1;
                }
                Some(Token::AnyOne) => {
                    token += 1;
                    position += 1;
                }
                Some(Token::Exactly(expected)) if *expected == text[position] => {
                    token += 1;
                    position += 1;
                }
                _ => {
                    let Some((after_run, run_end)) = retry else { return false };
                    retry = Some((after_run, run_end + 1));
                    token = after_run;
                    position = run_end + 1;
                }
            }
        }
        self.tokens[token..].iter().all(|rest| *rest == Token::AnyRun)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.tokens.iter().try_for_each(|token| {
            f.write_char(match token {
                Token::Exactly(character) => *character,
                Token::AnyOne => '?',
                Token::AnyRun => '*',
            })
        })
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Glob({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Glob;

    #[test]
    fn covers_whole_texts_only() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything/at:all", true),
            ("?", "", false),
            ("?", "é", true),
            ("??", "é", false),
            ("describe*", "describesourceservers", true),
            ("describe*", "xdescribe", false),
            ("*token", "deleteaccesstoken", true),
            ("*token", "deleteaccesstokens", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a?c", "a*c", true),
            ("s-1*", "*", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern:?} on {text:?}");
        }
    }

    /// A matcher that tries every way a `*` can go would need longer than the universe has for this one.
    #[test]
    fn many_stars_do_not_branch() {
        let pattern = format!("{}b", "*a".repeat(2_000));
        assert!(!Glob::new(&pattern).matches(&"a".repeat(4_000)));
        assert!(Glob::new(&pattern).matches(&format!("{}b", "a".repeat(4_000))));
    }

    fn reference(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some(('*', after)), _) => (0..=text.len()).any(|taken| reference(after, &text[taken..])),
            (Some(('?', after)), Some((_, rest))) => reference(after, rest),
            (Some((expected, after)), Some((found, rest))) => expected == found && reference(after, rest),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_plain_definition(pattern in "[abé*?]{0,8}", text in "[abé*]{0,10}") {
            let characters = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(
                Glob::new(&pattern).matches(&text),
                reference(&characters(&pattern), &characters(&text))
            );
        }

        #[test]
        fn every_text_covers_itself(text in "[^*?]{0,40}") {
            prop_assert!(Glob::new(&text).matches(&text));
        }
    }
}
