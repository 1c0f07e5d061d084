//! `landfall token show`: a code and what came of it.

use smc_model::generated::{
    landfall::{DescribeAccessTokenRequest, DescribeAccessTokenResponse},
    shared::ImportedSource,
};

use super::{spent, status};
use crate::{
    client::Client,
    output::{Cell, Output, Said, Screen, facts, table},
    source::state,
};

pub(super) async fn run(client: &Client, id: String, output: Output, screen: Screen) -> anyhow::Result<Said> {
    let token = client.call(&DescribeAccessTokenRequest { access_token_id: id }).await?;
    Ok(output.say(&token, || text(&token, screen)))
}

fn text(token: &DescribeAccessTokenResponse, screen: Screen) -> String {
    let used_up = spent(&token.registered_count, &token.count);
    let last_used = token.last_used_time.as_deref();
    let mut text = facts(
        screen,
        &[
            ("Id", token.access_token_id.as_str().into()),
            ("Name", Cell::known(token.name.as_deref())),
            ("Description", Cell::known(token.description.as_deref())),
            ("Status", status(&token.status, used_up)),
            ("Used", format!("{} of {}", token.registered_count, token.count).into()),
            ("Last used", last_used.map_or_else(|| "never".into(), |at| screen.written(at))),
            ("Created", screen.written(&token.creation_time)),
            ("Created by", token.created_by.as_str().into()),
            ("Expires", screen.written(&token.expiration_time)),
        ],
    );
    let sources = &token.sources.items;
    if sources.is_empty() {
        text.push_str("\nNo source that came by this code exists\n");
        return text;
    }
    let row = |source: &ImportedSource| {
        [
            source.source_id.as_str().into(),
            source.name.as_str().into(),
            state(&source.state),
            screen.written(&source.import_time),
        ]
    };
    let rows: Vec<_> = sources.iter().map(row).collect();
    let shown = table(screen, ["ID", "NAME", "STATE", "IMPORTED"], &rows);
    let more = match (token.source_count as usize).saturating_sub(sources.len()) {
        0 => String::new(),
        more => format!("… and {more} more\n"),
    };
    format!("{text}\nSources that came by this code: {}\n{shown}{more}", token.source_count)
}
