//! Building the `WHERE` of a listing out of what its filter gives.

use crate::driver::Value;

/// Conditions that must all hold, with the values of their placeholders.
#[derive(Default)]
pub(crate) struct Predicate {
    conditions: Vec<String>,
    values: Vec<Value>,
    impossible: bool,
}

impl Predicate {
    /// Starts with rows of one account.
    pub(crate) fn of_account(account: String) -> Self {
        let mut predicate = Self::default();
        predicate.with("account = ?", account);
        predicate
    }

    /// Adds a condition; `?` in it stands for the value.
    pub(crate) fn with(&mut self, condition: &str, value: impl Into<Value>) {
        let placeholder = self.bind(value);
        self.conditions.push(condition.replace('?', &placeholder));
    }

    /// Adds a condition that has no value.
    pub(crate) fn plain(&mut self, condition: &str) {
        self.conditions.push(condition.to_owned());
    }

    /// Adds that the column holds one of the values; no values at all do not limit.
    pub(crate) fn among<'a>(&mut self, column: &str, texts: impl Iterator<Item = &'a str> + Clone) {
        let Some(last) = texts.clone().last() else { return };
        // Filled up to a power of two with one that is there anyway: few texts of statements to keep prepared.
        let count = texts.clone().count();
        let padding = count.next_power_of_two() - count;
        let placeholders: Vec<_> =
            texts.chain(std::iter::repeat_n(last, padding)).map(|text| self.bind(text)).collect();
        self.conditions.push(format!("{column} IN ({})", placeholders.join(", ")));
    }

    /// Binds a value and gives its placeholder.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> String {
        let value = value.into();
        // PostgreSQL has no text with a zero character, so nothing is equal to one.
        self.impossible |= matches!(&value, Value::Text(text) if text.contains('\0'));
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// Whether a value is such that no row can match.
    pub(crate) fn impossible(&self) -> bool {
        self.impossible
    }

    /// The conditions as SQL.
    pub(crate) fn sql(&self) -> String {
        self.conditions.join(" AND ")
    }

    /// The values of the placeholders.
    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::Predicate;

    #[test]
    fn lists_are_filled_up_and_values_numbered() {
        let mut predicate = Predicate::of_account("1".into());
        predicate.among("id", ["a", "b", "c"].into_iter());
        predicate.among("name", [].into_iter());
        predicate.with("created >= ?", 5_i64);
        predicate.plain("disabled IS NULL");
        insta::assert_snapshot!(
            predicate.sql(),
            @"account = $1 AND id IN ($2, $3, $4, $5) AND created >= $6 AND disabled IS NULL"
        );
        assert_eq!(predicate.values().len(), 6);
        assert!(!predicate.impossible());
        predicate.with("name = ?", "a\0b");
        assert!(predicate.impossible());
    }
}
