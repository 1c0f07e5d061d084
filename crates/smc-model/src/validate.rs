//! The table-driven check of a call: every parameter of the operation, whether the operation is built or not.
//!
//! Order: the names of all parameters first, as sent; then the values, in the order of the table. Values are never
//! bent to fit: a number out of range is refused, not clamped.

use crate::contract::{Distinct, Integer, Kind, Operation, Parameter, Presence, Repeat, Text};
use crate::place::{Sent, put};
use crate::value::{Object, Value};
use crate::violation::Violation;

/// Checks decoded parameters against the table of an operation; returns the values in its order, defaults applied.
///
/// What is not declared is ignored. Whether a named resource exists is not asked.
pub fn validate(operation: &Operation, params: &[(String, String)]) -> Result<Object, Violation> {
    let mut places = Sent::members(operation.parameters);
    for (name, value) in params {
        put(operation.parameters, &mut places, name, (name, value))?;
    }
    read_members(operation.parameters, places, "")
}

fn read_members(parameters: &[Parameter], places: Vec<Sent<'_>>, prefix: &str) -> Result<Object, Violation> {
    let mut values = Vec::with_capacity(parameters.len());
    for (parameter, sent) in parameters.iter().zip(places) {
        values.push(read(parameter, sent, &format!("{prefix}{}", parameter.name))?);
    }
    for (parameter, value) in parameters.iter().zip(&values) {
        if value.is_none() && is_required(parameter, parameters, &values) {
            return Err(Violation::missing(parameter, &format!("{prefix}{}", parameter.name)));
        }
    }
    Ok(Object(values))
}

fn is_required(parameter: &Parameter, beside: &[Parameter], values: &[Option<Value>]) -> bool {
    let value_of =
        |name| beside.iter().zip(values).find(|(other, _)| other.name == name).and_then(|(_, v)| v.as_ref());
    match parameter.presence {
        Presence::Optional => false,
        Presence::Required => true,
        Presence::RequiredIf(name, expected) => {
            value_of(name).is_some_and(|value| value.is_spelled(expected))
        }
        Presence::RequiredWith(name) => value_of(name).is_some(),
    }
}

fn read(parameter: &Parameter, sent: Sent<'_>, name: &str) -> Result<Option<Value>, Violation> {
    if sent.is_absent() {
        return parameter.default.map(|default| read_default(parameter, default, name)).transpose();
    }
    match (sent, &parameter.repeat) {
        (Sent::List(elements), Some(repeat)) => {
            let mut values = Vec::with_capacity(elements.len());
            for (index, element) in elements {
                if element.is_absent() {
                    continue;
                }
                let name = format!("{name}.{index}");
                let value = read_one(parameter, element, &name)?;
                refuse_duplicate(parameter, repeat, &values, &value, &name)?;
                values.push(value);
            }
            Ok(Some(Value::List(values)))
        }
        (sent, _) => read_one(parameter, sent, name).map(Some),
    }
}

/// A default is read like a sent value, except that an empty one stands for itself.
fn read_default(parameter: &Parameter, default: &str, name: &str) -> Result<Value, Violation> {
    if default.is_empty() {
        Ok(Value::Text(String::new()))
    } else {
        read_one(parameter, Sent::Text(default), name)
    }
}

fn read_one(parameter: &Parameter, sent: Sent<'_>, name: &str) -> Result<Value, Violation> {
    match (&parameter.kind, sent) {
        (Kind::Object(members), Sent::Members(places)) => {
            read_members(members, places, &format!("{name}.")).map(Value::Object)
        }
        (Kind::Text(rule), Sent::Text(text)) => read_text(parameter, rule, text, name),
        (Kind::Integer(rule), Sent::Text(text)) => read_integer(parameter, rule, text, name),
        (Kind::Boolean, Sent::Text(text)) => read_boolean(parameter, text, name),
        _ => Err(Violation::broken(None, parameter, name, "it is not shaped as documented")),
    }
}

fn read_text(parameter: &Parameter, rule: &Text, text: &str, name: &str) -> Result<Value, Violation> {
    if !rule.choices.is_empty() {
        let is_meant = |choice: &str| {
            if rule.any_case { choice.eq_ignore_ascii_case(text) } else { choice == text }
        };
        return match rule.choices.iter().find(|choice| is_meant(choice)) {
            Some(choice) => Ok(Value::Text((*choice).to_owned())),
            None => Err(Violation::invalid(parameter, name, &one_of(rule.choices), text)),
        };
    }
    let broken = |must: &str| {
        let rule_text = format!("it must {must}");
        if rule.format.may_be_shown() {
            Violation::invalid(parameter, name, &rule_text, text)
        } else {
            Violation::invalid_unshown(parameter, name, &rule_text)
        }
    };
    if !rule.format.accepts(text) {
        return Err(broken(&rule.format.rule()));
    }
    // Counting no further than it matters keeps a long value cheap.
    let length = text.chars().take(rule.max + 1).count();
    if (rule.min..=rule.max).contains(&length) {
        Ok(Value::Text(text.to_owned()))
    } else {
        Err(broken(&format!("have {}", length_rule(rule))))
    }
}

fn length_rule(rule: &Text) -> String {
    match (rule.min, rule.max) {
        (min, max) if min == max => format!("exactly {max} characters"),
        (0 | 1, max) => format!("at most {max} characters"),
        (min, max) => format!("{min} to {max} characters"),
    }
}

fn one_of(choices: &[&str]) -> String {
    format!("it must be one of {}", choices.join(", "))
}

/// ASCII decimal digits only: no sign, no space, no exponent, no digits of other scripts.
fn read_integer(parameter: &Parameter, rule: &Integer, text: &str, name: &str) -> Result<Value, Violation> {
    let decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number too long for u64 is beyond every maximum.
    let number = if decimal { text.parse::<u64>().ok() } else { None };
    match number {
        Some(number) if (rule.min..=rule.max).contains(&number) && is_choice(rule.choices, number) => {
            Ok(Value::Integer(number))
        }
        _ if rule.choices.is_empty() => {
            let must = format!("it must be a whole number from {} to {}", rule.min, rule.max);
            Err(Violation::invalid(parameter, name, &must, text))
        }
        _ => Err(Violation::invalid(parameter, name, &one_of(rule.choices), text)),
    }
}

fn is_choice(choices: &[&str], number: u64) -> bool {
    choices.is_empty() || choices.contains(&number.to_string().as_str())
}

/// Python SDKs send `True`, others `true`.
fn read_boolean(parameter: &Parameter, text: &str, name: &str) -> Result<Value, Violation> {
    if text.eq_ignore_ascii_case("true") {
        Ok(Value::Boolean(true))
    } else if text.eq_ignore_ascii_case("false") {
        Ok(Value::Boolean(false))
    } else {
        Err(Violation::invalid(parameter, name, "it must be true or false", text))
    }
}

fn refuse_duplicate(
    parameter: &Parameter,
    repeat: &Repeat,
    earlier: &[Value],
    value: &Value,
    name: &str,
) -> Result<(), Violation> {
    match repeat.distinct {
        Distinct::Values(code) if earlier.contains(value) => {
            Err(Violation::broken(Some(code), parameter, name, "it repeats an earlier one"))
        }
        Distinct::Member(member, code) => {
            let member_of = |value| member_value(parameter, value, member);
            let mine = member_of(value);
            if mine.is_some() && earlier.iter().any(|other| member_of(other) == mine) {
                let reason = format!("its {member} repeats an earlier one");
                return Err(Violation::broken(Some(code), parameter, name, &reason));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn member_value<'v>(parameter: &Parameter, value: &'v Value, member: &str) -> Option<&'v Value> {
    let position = parameter.members().iter().position(|other| other.name == member)?;
    match value {
        Value::Object(object) => object.0.get(position)?.as_ref(),
        _ => None,
    }
}

impl Value {
    /// Whether a single value is written like this on the wire.
    pub(crate) fn is_spelled(&self, text: &str) -> bool {
        match self {
            Self::Text(own) => own == text,
            Self::Integer(number) => number.to_string() == text,
            Self::Boolean(flag) => flag.to_string() == text,
            Self::List(_) | Self::Object(_) => false,
        }
    }
}
