//! `landfall admin audit`: who did what to a code or a source, when, and from where.
//!
//! It is read from the database, without the master key: the trail holds no secret.

use clap::{Args, builder::PossibleValuesParser};
use ram::AccountId;
use serde::Serialize;
use smc::{
    Timestamp,
    audit::{Event, Filter, Recorded},
    ports::Tx,
};
use store::{Database, Options};

use super::{View, desk};
use crate::{
    location::Storage,
    output::{Cell, Said, Tone, table},
};

/// Events read at once.
const PAGE: u32 = 1_000;

#[derive(Args)]
pub(super) struct AuditArgs {
    /// Only this event
    #[arg(long, value_parser = PossibleValuesParser::new(Event::ALL.iter().map(|event| event.as_str())))]
    event: Option<String>,

    /// Only events of this code or source
    #[arg(long, value_name = "ID")]
    resource: Option<String>,

    /// Not before this moment: 2026-01-31T08:00:00Z, or so long ago: 90m, 12h, 7d
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,

    /// Before this moment, written the same way
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,

    /// Events to show at the most; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EventShown {
    event_id: i64,
    account_id: String,
    time: String,
    event: &'static str,
    resource_id: String,
    actor: String,
    source_ip: String,
    detail: String,
}

pub(super) async fn run(
    storage: &Storage,
    account: Option<&str>,
    args: AuditArgs,
    view: View,
) -> anyhow::Result<Said> {
    let moment = |text: Option<&str>| text.map(|text| moment(text, view.screen.now)).transpose();
    let filter = Filter {
        event: args.event.as_deref().and_then(Event::parse),
        resource: args.resource,
        actor: None,
        from: moment(args.since.as_deref())?,
        until: moment(args.until.as_deref())?,
        before: None,
    };
    let database = Database::open(&storage.existing()?.database, Options::default())?;
    let accounts = database.read(|tx| tx.accounts()).await?;
    let account = desk::choose(&accounts, account)?;
    let (events, more) = read(&database, account, filter, args.limit).await?;
    let all: Vec<EventShown> = events.iter().map(shown).collect();
    let said = view.output.say(&all, || {
        let rows: Vec<_> = events.iter().map(|event| row(event, view)).collect();
        table(view.screen, ["TIME", "EVENT", "RESOURCE", "WHO", "FROM", "DETAIL"], &rows)
    });
    Ok(if more {
        said.with_aside(format!("There are more than these {}; see more with --limit", args.limit))
    } else {
        said
    })
}

/// Reads up to `limit` events, newest first, and says whether there are more.
async fn read(
    database: &Database,
    account: AccountId,
    mut filter: Filter,
    limit: u32,
) -> anyhow::Result<(Vec<Recorded>, bool)> {
    let wanted = if limit == 0 { usize::MAX } else { limit as usize };
    let mut events: Vec<Recorded> = Vec::new();
    loop {
        let next = filter.clone();
        let page = database.read(move |tx| Tx::recorded(tx, &account, &next, PAGE)).await?;
        let last = page.len() < PAGE as usize;
        filter.before = page.last().map(|event| event.id);
        events.extend(page);
        if last || events.len() > wanted {
            let more = events.len() > wanted;
            events.truncate(wanted);
            return Ok((events, more));
        }
    }
}

/// Reads a moment, or how long ago it was.
fn moment(text: &str, now: Timestamp) -> Result<Timestamp, crate::failure::Usage> {
    let ago = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return None,
        };
        let number: i64 = number.parse().ok().filter(|number| *number >= 0)?;
        Some(now.plus_seconds(-number.checked_mul(unit)?))
    };
    Timestamp::parse(text).or_else(ago).ok_or_else(|| {
        crate::failure::Usage::new(
            "a moment is written 2026-01-31T08:00:00Z, or as how long ago it was: 90m, 12h, 7d",
        )
    })
}

fn row(event: &Recorded, view: View) -> [Cell; 6] {
    let entry = &event.entry;
    let tone = match entry.event {
        Event::TokenRefused => Tone::Bad,
        Event::SourceRekeyed => Tone::Doubtful,
        _ => Tone::Plain,
    };
    [
        view.screen.moment(entry.at),
        Cell::new(entry.event.as_str(), tone),
        entry.resource.as_str().into(),
        entry.actor.as_str().into(),
        Cell::known(Some(&entry.address)),
        Cell::known(Some(&entry.detail)),
    ]
}

fn shown(event: &Recorded) -> EventShown {
    let entry = &event.entry;
    EventShown {
        event_id: event.id,
        account_id: entry.account.to_string(),
        time: entry.at.to_string(),
        event: entry.event.as_str(),
        resource_id: entry.resource.clone(),
        actor: entry.actor.clone(),
        source_ip: entry.address.clone(),
        detail: entry.detail.clone(),
    }
}

#[cfg(test)]
mod tests {
    use smc::Timestamp;

    use super::moment;

    #[test]
    fn moments_are_absolute_or_ago() {
        let now = Timestamp::parse("2026-01-31T08:00:00Z").unwrap();
        for (text, expected) in [
            ("2026-01-01T00:00:00Z", Some("2026-01-01T00:00:00Z")),
            ("90m", Some("2026-01-31T06:30:00Z")),
            ("12h", Some("2026-01-30T20:00:00Z")),
            ("7d", Some("2026-01-24T08:00:00Z")),
            ("", None),
            ("d", None),
            ("-1d", None),
            ("7 d", None),
            ("7日", None),
            ("99999999999999999d", None),
            ("yesterday", None),
        ] {
            let read = moment(text, now).ok().map(|at| at.to_string());
            assert_eq!(read.as_deref(), expected, "{text:?}");
        }
    }
}
