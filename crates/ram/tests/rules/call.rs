//! A call to decide about: an ordinary one, of which a case changes what it is about.

use ram::{Action, Arn, Context, Decision, NamedPolicy, Policy, Principal, Request, Resource, Tags};
use time::macros::datetime;

pub(crate) const ACCOUNT: &str = "1234567890123456";

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) principal: Principal,
    action: Action,
    resources: Vec<Resource>,
    context: Context,
}

/// The user `ci` calls `action` on all of the account's SMC, on 2026-01-31 at 08:00 UTC, from 10.1.2.3, without TLS.
pub(crate) fn call(action: &str) -> Call {
    Call {
        principal: Principal::User { account: ACCOUNT.parse().unwrap(), name: "ci".parse().unwrap() },
        action: action.parse().unwrap(),
        resources: vec![resource("*").into()],
        context: Context::new(datetime!(2026-01-31 08:00:00.9 UTC), "10.1.2.3".parse().unwrap()),
    }
}

pub(crate) fn resource(relative_id: &str) -> Arn {
    Arn::new("smc", "cn-local", ACCOUNT.parse().unwrap(), relative_id).unwrap()
}

pub(crate) fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Names the policies `p0`, `p1`, and so on.
pub(crate) fn attached(documents: &[&str]) -> Vec<NamedPolicy> {
    let named = |(index, document): (usize, &&str)| NamedPolicy {
        name: format!("p{index}").parse().unwrap(),
        policy: Policy::parse(document).unwrap_or_else(|error| panic!("{document}: {error}")),
    };
    documents.iter().enumerate().map(named).collect()
}

impl Call {
    pub(crate) fn on(mut self, relative_ids: &[&str]) -> Self {
        self.resources = relative_ids.iter().map(|id| resource(id).into()).collect();
        self
    }

    pub(crate) fn on_arn(mut self, arn: &str) -> Self {
        self.resources = vec![arn.parse::<Arn>().unwrap().into()];
        self
    }

    pub(crate) fn on_tagged(mut self, tagged: &[&[(&str, &str)]]) -> Self {
        let named = |(index, pairs): (usize, &&[(&str, &str)])| Resource {
            arn: resource(&format!("sourceServer/s-{index}")),
            tags: tags(pairs),
        };
        self.resources = tagged.iter().enumerate().map(named).collect();
        self
    }

    pub(crate) fn coming_from(mut self, address: &str) -> Self {
        self.context = Context::new(datetime!(2026-01-31 08:00 UTC), address.parse().unwrap());
        self
    }

    pub(crate) fn over_tls(mut self) -> Self {
        self.context = self.context.over_tls();
        self
    }

    pub(crate) fn giving_tags(mut self, pairs: &[(&str, &str)]) -> Self {
        self.context = self.context.with_request_tags(tags(pairs));
        self
    }

    pub(crate) fn by_owner(mut self) -> Self {
        self.principal = Principal::Owner { account: ACCOUNT.parse().unwrap() };
        self
    }

    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            principal: &self.principal,
            action: &self.action,
            resources: &self.resources,
            context: &self.context,
        }
    }
}

/// Writes a decision in a few letters: `allow p0[1]`, `deny p0[1]`, `nothing`, `owner`.
pub(crate) fn short(decision: &Decision) -> String {
    match decision {
        Decision::AllowOwner => "owner".to_owned(),
        Decision::Allow { policy, statement } => format!("allow {policy}[{statement}]"),
        Decision::ExplicitDeny { policy, statement, .. } => format!("deny {policy}[{statement}]"),
        Decision::ImplicitDeny { .. } => "nothing".to_owned(),
    }
}
