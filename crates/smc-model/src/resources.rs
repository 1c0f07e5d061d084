//! What a policy is asked about for one call.

use crate::contract::{Operation, ResourcePattern};
use crate::value::{Object, Value};

impl Operation {
    /// The resources of a call as full names, `acs:<product>:<region>:<account>:<relative id>`; each must be allowed.
    ///
    /// A list parameter gives one for each element; an absent parameter stands as `*`.
    pub fn resource_names(&self, region: &str, account: &str, object: &Object) -> Vec<String> {
        let product = self.product;
        self.resources
            .iter()
            .filter(|pattern| self.applies(pattern, object))
            .flat_map(|pattern| self.relative_ids(pattern.pattern, object))
            .map(|relative| format!("acs:{product}:{region}:{account}:{relative}"))
            .collect()
    }

    fn applies(&self, pattern: &ResourcePattern, object: &Object) -> bool {
        pattern
            .only_if
            .is_none_or(|(name, text)| self.value(name, object).is_some_and(|v| v.is_spelled(text)))
    }

    fn relative_ids(&self, pattern: &str, object: &Object) -> Vec<String> {
        let Some((before, name)) = pattern.strip_suffix('}').and_then(|rest| rest.split_once('{')) else {
            return vec![pattern.to_owned()];
        };
        match self.value(name, object) {
            Some(Value::Text(id)) => vec![format!("{before}{id}")],
            Some(Value::List(ids)) => ids
                .iter()
                .filter_map(|id| if let Value::Text(id) = id { Some(format!("{before}{id}")) } else { None })
                .collect(),
            _ => vec![format!("{before}*")],
        }
    }

    fn value<'o>(&self, name: &str, object: &'o Object) -> Option<&'o Value> {
        let position = self.parameters.iter().position(|parameter| parameter.name == name)?;
        object.0.get(position)?.as_ref()
    }
}
