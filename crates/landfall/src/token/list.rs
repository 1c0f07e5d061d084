//! `landfall token list`.

use smc::Timestamp;
use smc_model::generated::{
    access_token::{AccessToken, ListAccessTokensRequest},
    shared::AccessTokenStatus,
};

use super::{ListArgs, spent, status};
use crate::{
    client::Client,
    output::{Cell, Output, Said, Screen, table},
};

pub(super) async fn run(
    client: &Client,
    args: ListArgs,
    output: Output,
    screen: Screen,
) -> anyhow::Result<Said> {
    let request = ListAccessTokensRequest {
        access_token_id: Vec::new(),
        name: args.name,
        status: args.status.as_deref().and_then(AccessTokenStatus::from_text),
        page_number: None,
        page_size: None,
    };
    let tokens = client.call(&request).await?.access_tokens.items;
    let said = output.say(&tokens, || {
        let rows: Vec<_> = tokens.iter().map(|token| row(token, screen)).collect();
        table(screen, ["ID", "NAME", "STATUS", "USED", "EXPIRES"], &rows)
    });
    Ok(if tokens.is_empty() {
        said.with_aside("No codes; make one with landfall token create")
    } else {
        said
    })
}

/// When a code expires: its contract gives creation and days.
pub(super) fn expiry(token: &AccessToken) -> Option<Timestamp> {
    let created = Timestamp::parse(&token.creation_time)?;
    Some(created.plus_days(token.time_to_live_in_days.parse().ok()?))
}

fn row(token: &AccessToken, screen: Screen) -> [Cell; 5] {
    [
        token.access_token_id.as_str().into(),
        Cell::known(token.name.as_deref()),
        status(&token.status, spent(&token.registered_count, &token.count)),
        format!("{}/{}", token.registered_count, token.count).into(),
        expiry(token).map_or_else(|| "-".into(), |at| screen.moment(at)),
    ]
}
