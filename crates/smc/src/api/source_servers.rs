//! Sources in the words of the contract: its two layouts of disks, its state words, its JSON texts.

use smc_model::generated::{
    landfall::{DescribeSourceServerRequest, DescribeSourceServerResponse},
    shared::{self, RelatedJobType, TagList},
    source_server::{
        DeleteSourceServerRequest, DeleteSourceServerResponse, DescribeSourceServersRequest,
        DescribeSourceServersResponse, ModifySourceServerAttributeRequest,
        ModifySourceServerAttributeResponse, SourceServer, SourceServerDataDisk, SourceServerDataDiskList,
        SourceServerDataDiskPart, SourceServerDataDiskPartList, SourceServerDisks, SourceServerDisksData,
        SourceServerDisksDataList, SourceServerDisksDataPart, SourceServerDisksDataPartList,
        SourceServerDisksSystem, SourceServerDisksSystemPart, SourceServerDisksSystemPartList,
        SourceServerList, SourceServerSystemDiskPart, SourceServerSystemDiskPartList,
    },
};

use super::{access_tokens::description, page, source_id, system_info::system_info, total};
use crate::{
    JobId, SourceId, Timestamp, WorkgroupId,
    account::Caller,
    ports::{Clock, Random, Related, SourceFilter, Store},
    registry::{Error, Registry, Removal, Rename, SourceView},
    source::{
        Fault, HEARTBEAT_SECONDS, REPLICATION_DRIVER, Source, State,
        inventory::{BootMode, Disk, Partition, PartitionRole},
    },
    tag::TagFilter,
};

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn describe_source_servers(
        &self,
        caller: &Caller,
        request: DescribeSourceServersRequest,
    ) -> Result<DescribeSourceServersResponse, Error> {
        let (page_number, page_size) = (request.page_number, request.page_size);
        let Some(filter) = filter(request) else {
            return Ok(DescribeSourceServersResponse { page_number, page_size, ..Default::default() });
        };
        let (listing, now) = self.list_sources(caller.account, filter, page(page_number, page_size)).await?;
        let items = listing.rows.into_iter().map(|row| source_server(row, now)).collect();
        Ok(DescribeSourceServersResponse {
            page_number,
            page_size,
            source_servers: SourceServerList { items },
            total_count: total(listing.total),
        })
    }

    pub(super) async fn describe_source_server(
        &self,
        caller: &Caller,
        request: DescribeSourceServerRequest,
    ) -> Result<DescribeSourceServerResponse, Error> {
        let (source, state) = self.source(caller.account, source_id(&request.source_id)?).await?;
        let boot_mode = match source.inventory.boot {
            BootMode::Bios => "BIOS",
            BootMode::Uefi => "UEFI",
        };
        Ok(DescribeSourceServerResponse {
            source_id: source.id.to_string(),
            name: source.name.clone(),
            state: state.as_str().to_owned(),
            access_token_id: Some(source.token.to_string()),
            creation_time: source.imported.to_string(),
            last_heartbeat_time: Some(source.last_seen.to_string()),
            agent_version: Some(source.agent_version),
            remote_address: Some(source.address),
            boot_mode: Some(boot_mode.to_owned()),
            inventory: serde_json::to_string(&source.inventory).ok(),
        })
    }

    pub(super) async fn modify_source_server_attribute(
        &self,
        caller: &Caller,
        request: ModifySourceServerAttributeRequest,
    ) -> Result<ModifySourceServerAttributeResponse, Error> {
        let change = Rename {
            name: request.name,
            description: request.description.map(|text| description(Some(text))).transpose()?,
        };
        self.rename_source(caller.account, source_id(&request.source_id)?, change).await?;
        Ok(ModifySourceServerAttributeResponse {})
    }

    pub(super) async fn delete_source_server(
        &self,
        caller: &Caller,
        request: DeleteSourceServerRequest,
    ) -> Result<DeleteSourceServerResponse, Error> {
        let removal = if request.force { Removal::WithJobs } else { Removal::OnlyWithoutJobs };
        self.delete_source(caller, source_id(&request.source_id)?, removal).await?;
        Ok(DeleteSourceServerResponse {})
    }
}

/// The filter of a request; `None` if nothing can match.
fn filter(request: DescribeSourceServersRequest) -> Option<SourceFilter> {
    if request.resource_group_id.is_some() {
        return None;
    }
    let job = match request.job_id.as_deref().map(JobId::parse) {
        Some(Err(_)) => return None,
        Some(Ok(id)) => Some(id),
        None => None,
    };
    // Every job here migrates a server; the other kinds are those of nothing.
    let asked_for = |kind| request.related_job_type.contains(&kind);
    let related = match (asked_for(RelatedJobType::NotRelated), asked_for(RelatedJobType::Server)) {
        (true, false) => Some(Related::ToNone),
        (false, true) => Some(Related::ToJobs),
        (false, false) if !request.related_job_type.is_empty() => return None,
        _ => None,
    };
    let asked = request.source_id.len();
    let ids: Vec<_> = request.source_id.iter().filter_map(|id| SourceId::parse(id).ok()).collect();
    if asked > 0 && ids.is_empty() {
        return None;
    }
    let workgroup = match request.workgroup_id.as_deref().map(WorkgroupId::parse) {
        Some(Err(_)) => return None,
        Some(Ok(id)) => Some(id),
        None => None,
    };
    Some(SourceFilter {
        ids,
        name: request.name,
        state: request.state.and_then(|state| State::parse(state.as_str())),
        tags: request.tag.into_iter().map(|tag| TagFilter { key: tag.key, value: tag.value }).collect(),
        token: None,
        workgroup,
        job,
        related,
    })
}

fn source_server(row: SourceView, now: Timestamp) -> SourceServer {
    let SourceView { source, state, job, tags, workgroup } = row;
    let inventory = &source.inventory;
    let system = inventory.system_disk();
    let present = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    SourceServer {
        agent_version: Some(source.agent_version.clone()),
        architecture: present(&inventory.architecture),
        creation_time: source.imported.to_string(),
        data_disks: SourceServerDataDiskList {
            items: inventory.data_disks().zip(1..).map(data_disk).collect(),
        },
        description: Some(source.description.clone()),
        disks: Some(SourceServerDisks {
            data: SourceServerDisksDataList { items: inventory.data_disks().map(disks_data).collect() },
            system: system.map(disks_system),
        }),
        error_code: Some(source.error_code(now).to_owned()),
        heartbeat_rate: HEARTBEAT_SECONDS,
        job_id: job.map(String::from),
        kernel_level: kernel_level(&inventory.kernel),
        name: Some(source.name.clone()),
        platform: present(&inventory.os.platform),
        replication_driver: Some(REPLICATION_DRIVER.to_owned()),
        resource_group_id: None,
        source_id: source.id.to_string(),
        status_info: (state == State::Unavailable).then(|| status_info(&source, now)),
        state: state.as_str().to_owned(),
        system_disk_parts: SourceServerSystemDiskPartList {
            items: system
                .map(|disk| disk.partitions.iter().enumerate().map(system_part).collect())
                .unwrap_or_default(),
        },
        system_disk_size: system.map(|disk| gib(disk.size_bytes)),
        system_info: Some(system_info(inventory)),
        tags: TagList {
            items: tags.into_iter().map(|tag| shared::Tag { key: tag.key, value: tag.value }).collect(),
        },
        workgroup_id: workgroup.map(String::from),
    }
}

/// The JSON text beside `Unavailable`.
fn status_info(source: &Source, now: Timestamp) -> String {
    let offline = || Fault {
        error_code: source.error_code(now).to_owned(),
        error_msg: format!(
            "no heartbeat since {}; check that landfall-agent runs on the server and reaches the center",
            source.last_seen
        ),
    };
    let fault = if source.offline(now) { None } else { source.fault.clone() };
    serde_json::to_string(&fault.unwrap_or_else(offline)).unwrap_or_default()
}

fn system_part((at, partition): (usize, &Partition)) -> SourceServerSystemDiskPart {
    SourceServerSystemDiskPart {
        can_block: true,
        device: Some(format!("0_{at}")),
        need: needed(partition),
        path: path(partition),
        size_bytes: partition.size_bytes,
    }
}

fn data_disk((disk, index): (&Disk, u32)) -> SourceServerDataDisk {
    let parts = disk.partitions.iter().enumerate().map(|(at, partition)| SourceServerDataDiskPart {
        can_block: true,
        device: Some(format!("{index}_{at}")),
        need: false,
        path: path(partition),
        size_bytes: partition.size_bytes,
    });
    SourceServerDataDisk {
        index,
        parts: SourceServerDataDiskPartList { items: parts.collect() },
        path: Some(disk.content.mounts.first().unwrap_or(&disk.path).clone()),
        size: gib(disk.size_bytes),
    }
}

fn disks_system(disk: &Disk) -> SourceServerDisksSystem {
    let parts = disk.partitions.iter().map(|partition| SourceServerDisksSystemPart {
        can_block: true,
        path: path(partition),
        size_bytes: partition.size_bytes,
        kind: Some(role(partition.role).to_owned()),
    });
    SourceServerDisksSystem {
        offset: offset(disk),
        parts: SourceServerDisksSystemPartList { items: parts.collect() },
        size: gib(disk.size_bytes),
    }
}

fn disks_data(disk: &Disk) -> SourceServerDisksData {
    let parts = disk.partitions.iter().map(|partition| SourceServerDisksDataPart {
        can_block: true,
        path: path(partition),
        size_bytes: partition.size_bytes,
        kind: Some(role(partition.role).to_owned()),
    });
    SourceServerDisksData {
        offset: offset(disk),
        parts: SourceServerDisksDataPartList { items: parts.collect() },
        size: gib(disk.size_bytes),
    }
}

/// Whether a machine cannot start without the partition.
fn needed(partition: &Partition) -> bool {
    let vital = |mount: &String| mount == "/" || mount.starts_with("/boot") || mount == "/usr";
    partition.role != PartitionRole::Normal || partition.content.mounts.iter().any(vital)
}

/// Where a partition is mounted, else its device.
fn path(partition: &Partition) -> Option<String> {
    let path = partition.content.mounts.first().unwrap_or(&partition.path);
    (!path.is_empty()).then(|| path.clone())
}

fn role(role: PartitionRole) -> &'static str {
    match role {
        PartitionRole::Normal => "Normal",
        PartitionRole::System => "System",
        PartitionRole::Boot => "Boot",
    }
}

fn offset(disk: &Disk) -> Option<u64> {
    disk.partitions.iter().map(|partition| partition.start_bytes).min()
}

/// Whole GiB, rounded up: a target of that size has room.
pub(super) fn gib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 30)).unwrap_or(u32::MAX)
}

/// The contract has a number without a meaning here; it is the kernel's major version.
fn kernel_level(release: &str) -> Option<u32> {
    release.split('.').next()?.parse().ok()
}
