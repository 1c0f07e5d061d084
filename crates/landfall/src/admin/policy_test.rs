//! `landfall admin policy test`: what would be decided about a call, and why.
//!
//! The decision is `ram`'s, as a center would ask for it; a document that is not put yet can be tried in place of the
//! user's own.

use std::{net::IpAddr, path::PathBuf};

use anyhow::{Context, anyhow, bail};
use center::clock::SystemClock;
use clap::Args;
use ram::{
    Action, Arn, Decision, NamedPolicy, Policy, PolicyName, Principal, Request, Resource, UserName, builtin,
};
use serde::Serialize;
use smc::ports::Clock;
use smc_model::{Object, Operation};
use time::OffsetDateTime;

use super::{Desk, View, policy::read_document};
use crate::{failure::Usage, output::Said};

const HELP: &str = "\
The exit code is 0 whatever the decision; it is the first word, or Allowed with --output json.

Example:
  landfall admin policy test --user ci --action smc:DeleteSourceServer \
    --resource sourceServer/s-1 --resource-tag env=prod";

#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct TestArgs {
    /// Who calls; without it, the account's owner
    #[arg(long, value_name = "NAME")]
    user: Option<UserName>,

    /// The operation, such as smc:CreateAccessToken
    #[arg(long, value_name = "SERVICE:OPERATION")]
    action: String,

    /// What it acts on, such as sourceServer/s-1 or a whole ARN; repeatable [default: all that the operation could]
    #[arg(long, value_name = "RESOURCE")]
    resource: Vec<String>,

    /// A tag on what it acts on; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    resource_tag: Vec<(String, String)>,

    /// A tag that the call gives; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag)]
    request_tag: Vec<(String, String)>,

    /// Where the call comes from
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    source_ip: IpAddr,

    /// The call comes over TLS
    #[arg(long)]
    tls: bool,

    /// Try this document in place of the user's policies; - for standard input
    #[arg(long, value_name = "FILE", requires = "user")]
    file: Option<PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Tested {
    allowed: bool,
    explanation: Vec<String>,
}

pub(super) async fn run(desk: &Desk, args: TestArgs, view: View) -> anyhow::Result<Said> {
    let account = desk.account;
    let operation = operation(&args.action)?;
    let policies = policies(desk, &args).await?;
    let principal = match args.user {
        Some(name) => Principal::User { account, name },
        None => Principal::Owner { account },
    };
    let names = if args.resource.is_empty() {
        operation.resource_names("*", &account.to_string(), &Object(vec![None; operation.parameters.len()]))
    } else {
        let full = |name: String| {
            if name.starts_with("acs:") {
                name
            } else {
                format!("acs:{}:*:{account}:{name}", operation.product)
            }
        };
        args.resource.into_iter().map(full).collect()
    };
    let tags: ram::Tags = args.resource_tag.into_iter().collect();
    let resource = |name: String| -> anyhow::Result<Resource> {
        let arn: Arn = name.parse().map_err(|error| anyhow!("reading the resource {name}: {error}"))?;
        Ok(Resource { arn, tags: tags.clone() })
    };
    let resources = names.into_iter().map(resource).collect::<anyhow::Result<Vec<_>>>()?;
    let action: Action = operation.action.parse().context("reading the operation's action")?;
    let now = OffsetDateTime::from_unix_timestamp(SystemClock::default().now().unix())?;
    let mut context =
        ram::Context::new(now, args.source_ip).with_request_tags(args.request_tag.into_iter().collect());
    if args.tls {
        context = context.over_tls();
    }
    let request =
        Request { principal: &principal, action: &action, resources: &resources, context: &context };
    let explained = ram::explain(&policies, &request);
    let text = explained.to_string();
    let tested = Tested {
        allowed: matches!(explained.decision, Decision::Allow { .. } | Decision::AllowOwner),
        explanation: text.lines().map(str::to_owned).collect(),
    };
    Ok(view.output.say(&tested, || format!("{text}\n")))
}

/// The operation of an action. One that does not exist would be denied, which tells a person nothing.
fn operation(action: &str) -> Result<&'static Operation, Usage> {
    let all = smc_model::operations();
    if let Some(found) = all.iter().find(|operation| operation.action.eq_ignore_ascii_case(action)) {
        return Ok(found);
    }
    let likeness = |operation: &&&'static Operation| {
        strsim::jaro_winkler(&operation.action.to_ascii_lowercase(), &action.to_ascii_lowercase())
    };
    let meant = all.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let meant = meant.map(|operation| operation.action).unwrap_or_default();
    Err(Usage::new(format!(
        "no operation has the action given (did you mean {meant}?); landfall api --list shows the operations"
    )))
}

/// The user's policies, or the document to try in their place.
async fn policies(desk: &Desk, args: &TestArgs) -> anyhow::Result<Vec<NamedPolicy>> {
    let Some(user) = &args.user else { return Ok(Vec::new()) };
    let known = desk.identities.users(desk.account).await?.into_iter().any(|row| row.name == *user);
    if !known {
        bail!("the account has no user {user}; landfall admin user list shows them");
    }
    if let Some(path) = &args.file {
        let policy = Policy::parse(&read_document(path)?).context("the policy is refused")?;
        return Ok(vec![NamedPolicy { name: "under-test".parse()?, policy }]);
    }
    let own = desk.identities.policies(desk.account).await?;
    let attached = desk.identities.attached(desk.account, user.clone()).await?;
    let parse = |name: PolicyName| {
        let document = match builtin::find(name.as_str()) {
            Some(built_in) => built_in.document,
            None => own
                .iter()
                .find(|policy| policy.name == name)
                .map(|policy| policy.document.as_str())
                .with_context(|| format!("the policy {name} was deleted meanwhile; try again"))?,
        };
        let policy = Policy::parse(document).with_context(|| format!("reading the policy {name}"))?;
        Ok(NamedPolicy { name, policy })
    };
    attached.into_iter().map(parse).collect()
}

fn tag(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE"),
    }
}
