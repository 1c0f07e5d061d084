//! Sorting flat parameters into the shape of the table, before any value is looked at.
//!
//! A name that is not in the table is ignored. A name that begins like one of the table but is not shaped as
//! documented (`Tag.Key`, `SourceId` for `SourceId.1`, `Count.1`) is refused: ignoring it would silently drop a filter.
//! An empty value is an absent one, whatever its name.

use std::collections::BTreeMap;

use crate::contract::{Kind, Parameter, Repeat};
use crate::violation::Violation;

/// What was sent for one parameter.
pub(crate) enum Sent<'a> {
    /// Nothing yet.
    Nothing,
    /// A text; perhaps empty, which counts as absent.
    Text(&'a str),
    /// Elements by index.
    List(BTreeMap<u32, Sent<'a>>),
    /// Members by position in the table.
    Members(Vec<Sent<'a>>),
}

impl<'a> Sent<'a> {
    /// Places for the members of a table, all empty.
    pub(crate) fn members(parameters: &[Parameter]) -> Vec<Self> {
        parameters.iter().map(|_| Self::Nothing).collect()
    }

    /// Whether nothing but empty texts was sent.
    pub(crate) fn is_absent(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Text(text) => text.is_empty(),
            Self::List(elements) => elements.values().all(Self::is_absent),
            Self::Members(members) => members.iter().all(Self::is_absent),
        }
    }

    fn put_one(
        &mut self,
        parameter: &Parameter,
        rest: Option<&str>,
        pair: (&'a str, &'a str),
    ) -> Result<(), Violation> {
        let (name, value) = pair;
        match (&parameter.kind, rest) {
            (Kind::Object(members), Some(rest)) => {
                if !matches!(self, Self::Members(_)) {
                    *self = Self::Members(Self::members(members));
                }
                match self {
                    Self::Members(places) => put(members, places, rest, pair),
                    _ => Ok(()),
                }
            }
            (Kind::Object(_), None) => {
                refuse_unless_empty(parameter, pair, "it has members, named after a dot")
            }
            (_, Some(_)) => {
                refuse_unless_empty(parameter, pair, "it is a single value, without a dot in its name")
            }
            (_, None) if matches!(self, Self::Nothing) => {
                *self = Self::Text(value);
                Ok(())
            }
            (_, None) => Err(Violation::broken(None, parameter, name, "it is given more than once")),
        }
    }
}

/// Puts one decoded pair where the table says it belongs.
pub(crate) fn put<'a>(
    parameters: &[Parameter],
    places: &mut [Sent<'a>],
    rest: &str,
    pair: (&'a str, &'a str),
) -> Result<(), Violation> {
    let (segment, rest) = split(rest);
    let Some((parameter, place)) =
        parameters.iter().zip(places).find(|(parameter, _)| parameter.name == segment)
    else {
        return Ok(());
    };
    let Some(repeat) = &parameter.repeat else { return place.put_one(parameter, rest, pair) };
    let Some(rest) = rest else {
        return refuse_unless_empty(parameter, pair, "it is a list, named with an index from 1 after a dot");
    };
    let (digits, rest) = split(rest);
    let index = match index(parameter, repeat, digits, pair.0) {
        Ok(index) => index,
        Err(_) if pair.1.is_empty() => return Ok(()),
        Err(violation) => return Err(violation),
    };
    if !matches!(place, Sent::List(_)) {
        *place = Sent::List(BTreeMap::new());
    }
    match place {
        Sent::List(elements) => elements.entry(index).or_insert(Sent::Nothing).put_one(parameter, rest, pair),
        _ => Ok(()),
    }
}

fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once('.').map_or((name, None), |(segment, rest)| (segment, Some(rest)))
}

/// The index a name carries: decimal, from 1, without leading zeros, at most the documented maximum.
fn index(parameter: &Parameter, repeat: &Repeat, digits: &str, name: &str) -> Result<u32, Violation> {
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !decimal || digits.starts_with('0') {
        let reason = format!("its index must be a whole number from 1 to {}", repeat.max);
        return Err(Violation::broken(None, parameter, name, &reason));
    }
    // A number too long for u32 is beyond every maximum.
    match digits.parse() {
        Ok(index) if index <= repeat.max => Ok(index),
        _ => {
            let reason = format!("it may be given at most {} times", repeat.max);
            Err(Violation::broken(repeat.exceed_code, parameter, name, &reason))
        }
    }
}

fn refuse_unless_empty(parameter: &Parameter, pair: (&str, &str), reason: &str) -> Result<(), Violation> {
    if pair.1.is_empty() { Ok(()) } else { Err(Violation::broken(None, parameter, pair.0, reason)) }
}
