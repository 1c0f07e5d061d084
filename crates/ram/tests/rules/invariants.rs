//! What holds for all policies and calls, on ones made at random.

use proptest::{collection::vec, prelude::*, sample::select};
use ram::{Decision, NamedPolicy, Policy, decide};

use super::call::{Call, attached, call, short};

/// Small vocabularies, so that random statements often cover random calls.
const ACTIONS: [&str; 6] = ["*", "smc:*", "smc:Create*", "smc:ListAccessTokens", "landfall:*", "*:?et*"];
const RESOURCES: [&str; 4] = ["*", "acs:smc:*:*:sourceServer/*", "acs:smc:*:*:*/s-1", "acs:smc:*:12*:r*"];
const CONDITIONS: [&str; 6] = [
    "",
    r#""Bool":{"acs:SecureTransport":"true"}"#,
    r#""NotIpAddress":{"acs:SourceIp":"10.0.0.0/8"}"#,
    r#""StringLike":{"acs:PrincipalARN":"*/c?"}"#,
    r#""NumericLessThan":{"acs:RequestTag/wave":"5"}"#,
    r#""StringNotEquals":{"acs:RequestTag/wave":"4"}"#,
];

const CALLED: [&str; 3] = ["smc:CreateAccessToken", "smc:ListAccessTokens", "landfall:GetAgentEndpoint"];
const NAMED: [&str; 4] = ["*", "sourceServer/s-1", "sourceServer/*", "replicationJob/*"];
const WAVES: [&str; 3] = ["4", "9", "nine"];

fn statement(effect: &'static str) -> impl Strategy<Value = String> {
    (select(&["Action", "NotAction"]), select(&ACTIONS), select(&RESOURCES), select(&CONDITIONS)).prop_map(
        move |(element, action, resource, condition)| {
            format!(
                r#"{{"Effect":"{effect}","{element}":"{action}","Resource":"{resource}","Condition":{{{condition}}}}}"#
            )
        },
    )
}

fn any_statement() -> impl Strategy<Value = String> {
    prop_oneof![statement("Allow"), statement("Deny")]
}

fn any_call() -> impl Strategy<Value = Call> {
    let tag = proptest::option::of(select(&WAVES));
    (select(&CALLED), vec(select(&NAMED), 0..3), any::<bool>(), any::<bool>(), tag).prop_map(
        |(action, resources, over_tls, far, wave)| {
            let call = call(action).on(&resources).coming_from(if far { "203.0.113.1" } else { "10.1.2.3" });
            let call = if over_tls { call.over_tls() } else { call };
            match wave {
                Some(wave) => call.giving_tags(&[("wave", wave)]),
                None => call,
            }
        },
    )
}

fn document(statements: &[String]) -> String {
    format!(r#"{{"Version":"1","Statement":[{}]}}"#, statements.join(","))
}

/// One policy for each statement, or one for all.
fn policies(statements: &[String], together: bool) -> Vec<NamedPolicy> {
    if statements.is_empty() {
        return Vec::new();
    }
    if together {
        return attached(&[&document(statements)]);
    }
    let documents: Vec<String> = statements.iter().map(|one| document(std::slice::from_ref(one))).collect();
    attached(&documents.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The kind of decision, without which statement made it.
fn verdict(decision: &Decision) -> String {
    short(decision).split(' ').take(1).collect()
}

proptest! {
    #[test]
    fn deny_always_wins(before in vec(any_statement(), 0..6), after in vec(any_statement(), 0..6), call in any_call()) {
        prop_assume!(!call.request().resources.is_empty());
        let deny_all = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#.to_owned();
        let all = [before, vec![deny_all], after].concat();
        prop_assert_eq!(verdict(&decide(&policies(&all, true), &call.request())), "deny");
        prop_assert_eq!(verdict(&decide(&policies(&all, false), &call.request())), "deny");
    }

    #[test]
    fn a_denying_statement_denies_in_any_company(
        denies in vec(statement("Deny"), 1..3), others in vec(any_statement(), 0..6), call in any_call()
    ) {
        if verdict(&decide(&policies(&denies, true), &call.request())) == "deny" {
            let all = [others, denies].concat();
            prop_assert_eq!(verdict(&decide(&policies(&all, false), &call.request())), "deny");
        }
    }

    #[test]
    fn order_and_grouping_do_not_matter(
        (statements, shuffled) in vec(any_statement(), 0..8)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        call in any_call(),
    ) {
        let expected = verdict(&decide(&policies(&statements, true), &call.request()));
        for (statements, together) in [(&statements, false), (&shuffled, true), (&shuffled, false)] {
            prop_assert_eq!(verdict(&decide(&policies(statements, together), &call.request())), expected.clone());
        }
    }

    #[test]
    fn one_more_allow_never_takes_away(
        statements in vec(any_statement(), 0..6), more in statement("Allow"), call in any_call()
    ) {
        let before = verdict(&decide(&policies(&statements, true), &call.request()));
        let after = verdict(&decide(&policies(&[statements, vec![more]].concat(), true), &call.request()));
        match before.as_str() {
            "nothing" => prop_assert_ne!(after, "deny"),
            decided => prop_assert_eq!(after, decided),
        }
    }

    #[test]
    fn without_an_allow_nothing_is_allowed(denies in vec(statement("Deny"), 0..6), call in any_call()) {
        prop_assert!(!decide(&policies(&denies, true), &call.request()).is_allowed());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        if let Err(error) = Policy::parse(&String::from_utf8_lossy(&bytes)) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    /// Near misses reach deeper than noise: a good document with a stretch of it replaced.
    #[test]
    fn damaged_documents_never_panic(
        statements in vec(any_statement(), 1..4), at in 0.0..1.0_f64, length in 0_usize..12,
        with in prop_oneof!["[\\[\\]{}:,\"*?/$0-9.]{0,4}", "\\PC{0,6}"], call in any_call(),
    ) {
        let mut characters: Vec<char> = document(&statements).chars().collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let start = (at * characters.len() as f64) as usize;
        let end = (start + length).min(characters.len());
        characters.splice(start..end, with.chars());
        let document: String = characters.into_iter().collect();
        if let Ok(policy) = Policy::parse(&document) {
            decide(&[NamedPolicy { name: "p".parse().unwrap(), policy }], &call.request());
        }
    }
}
