//! The condition operators RAM documents, as one table. Anything else is refused when a policy is written.

use std::fmt;

/// One operator: which family compares, how, and whether the result is turned round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) test: Test,
    pub(crate) negated: bool,
}

/// How a family compares a request's value with a policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    Text(TextTest),
    Number(Order),
    Date(Order),
    Bool,
    Address,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextTest {
    Exact,
    IgnoringCase,
    Wildcards,
}

/// How the request's value must stand to the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

const fn plain(test: Test) -> Operator {
    Operator { test, negated: false }
}

const fn negated(test: Test) -> Operator {
    Operator { test, negated: true }
}

/// Every operator by its documented name.
const OPERATORS: [(&str, Operator); 21] = [
    ("StringEquals", plain(Test::Text(TextTest::Exact))),
    ("StringNotEquals", negated(Test::Text(TextTest::Exact))),
    ("StringEqualsIgnoreCase", plain(Test::Text(TextTest::IgnoringCase))),
    ("StringNotEqualsIgnoreCase", negated(Test::Text(TextTest::IgnoringCase))),
    ("StringLike", plain(Test::Text(TextTest::Wildcards))),
    ("StringNotLike", negated(Test::Text(TextTest::Wildcards))),
    ("NumericEquals", plain(Test::Number(Order::Equal))),
    ("NumericNotEquals", negated(Test::Number(Order::Equal))),
    ("NumericLessThan", plain(Test::Number(Order::Less))),
    ("NumericLessThanEquals", plain(Test::Number(Order::LessOrEqual))),
    ("NumericGreaterThan", plain(Test::Number(Order::Greater))),
    ("NumericGreaterThanEquals", plain(Test::Number(Order::GreaterOrEqual))),
    ("DateEquals", plain(Test::Date(Order::Equal))),
    ("DateNotEquals", negated(Test::Date(Order::Equal))),
    ("DateLessThan", plain(Test::Date(Order::Less))),
    ("DateLessThanEquals", plain(Test::Date(Order::LessOrEqual))),
    ("DateGreaterThan", plain(Test::Date(Order::Greater))),
    ("DateGreaterThanEquals", plain(Test::Date(Order::GreaterOrEqual))),
    ("Bool", plain(Test::Bool)),
    ("IpAddress", plain(Test::Address)),
    ("NotIpAddress", negated(Test::Address)),
];

impl Operator {
    /// Finds an operator by its exact name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        OPERATORS.iter().find(|(known, _)| *known == name).map(|(_, operator)| *operator)
    }

    /// Finds the documented spelling of a name that is wrong only in its case.
    pub(crate) fn spelling_of(name: &str) -> Option<&'static str> {
        OPERATORS.iter().map(|(known, _)| *known).find(|known| known.eq_ignore_ascii_case(name))
    }
}

impl Order {
    pub(crate) fn holds<T: Ord + ?Sized>(self, found: &T, wanted: &T) -> bool {
        match self {
            Self::Equal => found == wanted,
            Self::Less => found < wanted,
            Self::LessOrEqual => found <= wanted,
            Self::Greater => found > wanted,
            Self::GreaterOrEqual => found >= wanted,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = OPERATORS.iter().find(|(_, operator)| operator == self).map_or("?", |(name, _)| name);
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_operators_are_one_to_one() {
        for (name, operator) in OPERATORS {
            assert_eq!(Operator::named(name), Some(operator));
            assert_eq!(operator.to_string(), name);
        }
    }

    #[test]
    fn undocumented_operators_are_unknown() {
        for name in ["StringEqualsIfExists", "ForAnyValue:StringLike", "Null", "NotBool", "stringequals", ""]
        {
            assert_eq!(Operator::named(name), None, "{name}");
        }
        assert_eq!(Operator::spelling_of("ipaddress"), Some("IpAddress"));
    }
}
