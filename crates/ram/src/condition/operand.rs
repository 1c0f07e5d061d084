//! The values a condition compares with, parsed by the operator they stand under.

use std::{cmp::Ordering, fmt, net::IpAddr};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::operator::{Order, Test, TextTest};
use crate::{context::Value, glob::Glob, quote};

/// The values of one clause; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operands {
    Exact(Vec<String>),
    /// Lower case.
    IgnoringCase(Vec<String>),
    Wildcards(Vec<Glob>),
    Numbers(Order, Vec<Decimal>),
    Dates(Order, Vec<OffsetDateTime>),
    Bools(Vec<bool>),
    Networks(Vec<Network>),
}

/// Why a value cannot stand under its operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValueError {
    #[error("has a policy variable, which is not supported; write the value itself")]
    Variable,
    #[error("is not a number; write decimal digits, such as 10 or -2.5")]
    Number,
    #[error("is not a date; write one such as 2026-01-31T08:00:00Z, in whole seconds")]
    Date,
    #[error("is not a boolean; write true or false")]
    Bool,
    #[error("is not an address; write one such as 10.0.0.1, 10.0.0.0/8 or fd00::/8")]
    Address,
}

impl Operands {
    pub(crate) fn parse(test: Test, texts: &[&str]) -> Result<Self, (usize, ValueError)> {
        Ok(match test {
            Test::Text(TextTest::Exact) => Self::Exact(each(texts, |text| literal(text).map(str::to_owned))?),
            Test::Text(TextTest::IgnoringCase) => {
                Self::IgnoringCase(each(texts, |text| literal(text).map(str::to_lowercase))?)
            }
            Test::Text(TextTest::Wildcards) => {
                Self::Wildcards(each(texts, |text| literal(text).map(Glob::new))?)
            }
            Test::Number(order) => {
                Self::Numbers(order, each(texts, |text| Decimal::parse(text).ok_or(ValueError::Number))?)
            }
            Test::Date(order) => Self::Dates(order, each(texts, |text| date(text).ok_or(ValueError::Date))?),
            Test::Bool => Self::Bools(each(texts, |text| boolean(text).ok_or(ValueError::Bool))?),
            Test::Address => {
                Self::Networks(each(texts, |text| Network::parse(text).ok_or(ValueError::Address))?)
            }
        })
    }

    /// Tells whether the request's value matches any of these, or nothing if it cannot be compared with them.
    pub(crate) fn any_matches(&self, found: &Value<'_>) -> Option<bool> {
        Some(match (self, found) {
            (Self::Exact(wanted), Value::Text(text)) => wanted.iter().any(|w| w == text),
            (Self::IgnoringCase(wanted), Value::Text(text)) => {
                let text = text.to_lowercase();
                wanted.contains(&text)
            }
            (Self::Wildcards(wanted), Value::Text(text)) => wanted.iter().any(|glob| glob.matches(text)),
            (Self::Numbers(order, wanted), Value::Text(text)) => {
                let found = Decimal::parse(text)?;
                wanted.iter().any(|w| order.holds(&found, w))
            }
            (Self::Dates(order, wanted), Value::Date(found)) => wanted.iter().any(|w| order.holds(found, w)),
            (Self::Dates(order, wanted), Value::Text(text)) => {
                let found = date(text)?;
                wanted.iter().any(|w| order.holds(&found, w))
            }
            (Self::Bools(wanted), Value::Bool(found)) => wanted.contains(found),
            (Self::Bools(wanted), Value::Text(text)) => wanted.contains(&boolean(text)?),
            (Self::Networks(wanted), Value::Address(found)) => wanted.iter().any(|net| net.contains(*found)),
            (Self::Networks(wanted), Value::Text(text)) => {
                let found = text.parse().ok()?;
                wanted.iter().any(|net| net.contains(found))
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Operands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = match self {
            Self::Exact(values) | Self::IgnoringCase(values) => {
                values.iter().map(|text| quote::quoted(text)).collect()
            }
            Self::Wildcards(values) => values.iter().map(|glob| quote::quoted(&glob.to_string())).collect(),
            Self::Numbers(_, values) => values.iter().map(ToString::to_string).collect(),
            Self::Dates(_, values) => values.iter().map(|date| Value::Date(*date).to_string()).collect(),
            Self::Bools(values) => values.iter().map(ToString::to_string).collect(),
            Self::Networks(values) => values.iter().map(ToString::to_string).collect(),
        };
        f.write_str(&texts.join(" or "))
    }
}

fn each<T>(
    texts: &[&str],
    parse: impl Fn(&str) -> Result<T, ValueError>,
) -> Result<Vec<T>, (usize, ValueError)> {
    texts.iter().enumerate().map(|(index, text)| parse(text).map_err(|error| (index, error))).collect()
}

/// Refuses `${…}`: taken literally it would silently match nothing.
fn literal(text: &str) -> Result<&str, ValueError> {
    if text.contains("${") { Err(ValueError::Variable) } else { Ok(text) }
}

fn boolean(text: &str) -> Option<bool> {
    [true, false].into_iter().find(|value| text.eq_ignore_ascii_case(&value.to_string()))
}

/// Reads an RFC 3339 date of whole seconds, which is what requests are compared at.
fn date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().filter(|date| date.nanosecond() == 0)
}

/// A decimal number, compared exactly however long it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    /// Without leading zeros.
    integer: String,
    /// Without trailing zeros.
    fraction: String,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (negative, magnitude) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (integer, fraction) = magnitude.split_once('.').unwrap_or((magnitude, "0"));
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(integer) || !is_digits(fraction) {
            return None;
        }
        let integer = integer.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let is_zero = integer.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !is_zero, integer, fraction })
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_magnitude = self
            .integer
            .len()
            .cmp(&other.integer.len())
            .then_with(|| self.integer.cmp(&other.integer))
            .then_with(|| self.fraction.cmp(&other.fraction));
        match (self.negative, other.negative) {
            (false, false) => by_magnitude,
            (true, true) => by_magnitude.reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let integer = if self.integer.is_empty() { "0" } else { &self.integer };
        write!(f, "{}{integer}", if self.negative { "-" } else { "" })?;
        if self.fraction.is_empty() { Ok(()) } else { write!(f, ".{}", self.fraction) }
    }
}

/// A single address or a block of them; host bits of a block are ignored, as RAM ignores them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = width(address);
        let prefix = match prefix {
            None => width,
            Some(digits) if digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= width)?
            }
            Some(_) => return None,
        };
        // A listener on `::` sees IPv4 callers as ::ffff:a.b.c.d; both spellings must mean the same network.
        let canonical = address.to_canonical();
        if canonical.is_ipv4() && address.is_ipv6() && prefix >= 96 {
            return Some(Self { address: canonical, prefix: prefix - 96 });
        }
        Some(Self { address, prefix })
    }

    fn contains(self, found: IpAddr) -> bool {
        let shift = |width: u32| width - self.prefix;
        match (self.address, found.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(found)) => {
                (own.to_bits() ^ found.to_bits()).checked_shr(shift(32)).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(found)) => {
                (own.to_bits() ^ found.to_bits()).checked_shr(shift(128)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if self.prefix == width(self.address) { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_compare_exactly() {
        for (left, right, expected) in [
            ("1", "1.0", Ordering::Equal),
            ("-0", "0.00", Ordering::Equal),
            ("007", "7", Ordering::Equal),
            ("10", "9", Ordering::Greater),
            ("-10", "-9", Ordering::Less),
            ("-1", "1", Ordering::Less),
            ("0.5", "0.45", Ordering::Greater),
            ("0.1", "0.10000000000000000001", Ordering::Less),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
        ] {
            let [left, right] = [left, right].map(|text| Decimal::parse(text).unwrap());
            assert_eq!(left.cmp(&right), expected, "{left} {right}");
            assert_eq!(left == right, expected == Ordering::Equal);
        }
        for text in ["", "-", "+1", "1.", ".5", "1e2", "٣", " 1", "0x1", "1.2.3", "--1"] {
            assert_eq!(Decimal::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn networks_contain_their_addresses() {
        for (network, address, expected) in [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.1.2.3/8", "10.255.0.0", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("::ffff:10.0.0.0/104", "10.1.1.1", true),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe00::1", false),
            ("::/0", "2001:db8::1", true),
        ] {
            let parsed = Network::parse(network).unwrap();
            assert_eq!(parsed.contains(address.parse().unwrap()), expected, "{network} {address}");
        }
        for text in
            ["", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "fd00::/129", "010.0.0.1", "a/8"]
        {
            assert_eq!(Network::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn dates_have_an_offset_and_whole_seconds() {
        assert_eq!(date("2026-01-31T08:00:00Z"), date("2026-01-31T16:00:00+08:00"));
        assert!(date("2026-01-31T08:00:00Z").is_some());
        for text in
            ["", "2026-01-31", "2026-02-30T00:00:00Z", "2026-01-31T08:00:00", "2026-01-31T08:00:00.5Z"]
        {
            assert_eq!(date(text), None, "{text:?}");
        }
    }
}
