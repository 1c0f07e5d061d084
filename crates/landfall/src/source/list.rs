//! `landfall source list`.

use smc_model::{
    Request,
    generated::{
        shared::SourceServerState,
        source_server::{DescribeSourceServersRequest, SourceServer},
    },
};

use super::{ListArgs, state};
use crate::{
    client::Client,
    output::{Cell, Output, Said, Screen, table},
};

/// Sources asked for at once; the most the contract allows.
const PAGE: u32 = 50;

pub(super) async fn run(
    client: &Client,
    args: ListArgs,
    output: Output,
    screen: Screen,
) -> anyhow::Result<Said> {
    let mut request = DescribeSourceServersRequest::parse(&[])?;
    request.name = args.name;
    request.state = args.state.as_deref().and_then(SourceServerState::from_text);
    let sources = all(client, request).await?;
    let said = output.say(&sources, || {
        let rows: Vec<_> = sources.iter().map(|source| row(source, screen)).collect();
        table(screen, ["ID", "NAME", "STATE", "PLATFORM", "DISKS", "IMPORTED"], &rows)
    });
    Ok(if sources.is_empty() {
        said.with_aside("No sources; landfall token create prints the command that imports one")
    } else {
        said
    })
}

/// Every page. One that was imported meanwhile may move a row to the next page, so rows are told apart by id.
async fn all(
    client: &Client,
    mut request: DescribeSourceServersRequest,
) -> anyhow::Result<Vec<SourceServer>> {
    request.page_size = PAGE;
    let mut sources: Vec<SourceServer> = Vec::new();
    for page_number in 1.. {
        request.page_number = page_number;
        let page = client.call(&request).await?;
        let last = page.source_servers.items.is_empty()
            || u64::from(page_number) * u64::from(PAGE) >= u64::from(page.total_count);
        let seen: std::collections::HashSet<String> =
            sources.iter().rev().take(PAGE as usize).map(|source| source.source_id.clone()).collect();
        sources.extend(page.source_servers.items.into_iter().filter(|new| !seen.contains(&new.source_id)));
        if last {
            break;
        }
    }
    Ok(sources)
}

fn row(source: &SourceServer, screen: Screen) -> [Cell; 6] {
    [
        source.source_id.as_str().into(),
        Cell::known(source.name.as_deref()),
        state(&source.state),
        Cell::known(source.platform.as_deref()),
        disks(source).into(),
        screen.written(&source.creation_time),
    ]
}

/// How many disks of how many GiB in all.
fn disks(source: &SourceServer) -> String {
    let sizes = source.data_disks.items.iter().map(|disk| disk.size).chain(source.system_disk_size);
    let (count, sum) = sizes.fold((0_u32, 0_u64), |(count, sum), size| (count + 1, sum + u64::from(size)));
    format!("{count}, {sum} GiB")
}
