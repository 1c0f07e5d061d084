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
    client::{Client, PAGE, every_page},
    output::{Cell, Output, Said, Screen, table},
};

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

async fn all(
    client: &Client,
    mut request: DescribeSourceServersRequest,
) -> anyhow::Result<Vec<SourceServer>> {
    request.page_size = PAGE;
    every_page(
        |source: &SourceServer| source.source_id.as_str(),
        async |number| {
            request.page_number = number;
            let page = client.call(&request).await?;
            Ok((page.source_servers.items, page.total_count))
        },
    )
    .await
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
