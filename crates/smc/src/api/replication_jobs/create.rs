//! A call of `CreateReplicationJob` as a job to create.

use std::collections::BTreeMap;

use smc_model::generated::replication_job::{
    CreateReplicationJobDataDisk, CreateReplicationJobDisks, CreateReplicationJobRequest,
};

use super::{blocks_only, echoed, image_only, moment, parameters, unsupported};
use crate::{
    api::source_id,
    job::{
        Cycle, JobSettings,
        disks::{DiskWish, Layout, PartName, PartWish},
    },
    registry::{Error, NewJob},
    tag::Tag,
    workgroup::CreatingCall,
};

pub(super) fn new_job(request: CreateReplicationJobRequest) -> Result<NewJob, Error> {
    let call = request
        .client_token
        .clone()
        .map(|client_token| CreatingCall { client_token, parameters: asked(&request) });
    supported_kind(request.job_type)?;
    image_only(request.target_type)?;
    let cycle = match (request.run_once, request.frequency, request.max_number_of_image_to_keep) {
        (false, Some(hours), Some(keep)) => Cycle::Every { hours, keep },
        _ => Cycle::Once,
    };
    let layout = layout(&request)?;
    let (parameters, parameters_text) = match request.replication_parameters.clone() {
        Some(text) => {
            let (parameters, text) = parameters(text)?;
            (parameters, Some(text))
        }
        None => Default::default(),
    };
    Ok(NewJob {
        source: source_id(&request.source_id)?,
        name: request.name.clone(),
        description: request.description.clone().unwrap_or_default(),
        valid_until: moment(request.valid_time.as_deref()),
        scheduled: moment(request.scheduled_start_time.as_deref()),
        cycle,
        settings: JobSettings {
            region: request.region_id.clone(),
            image_name: request.image_name.clone(),
            parameters,
            parameters_text,
            echoed: kept(&request),
            system_disk_gib: layout.system.gib,
            parts: BTreeMap::new(),
        },
        layout,
        tags: request.tag.into_iter().map(|pair| Tag { key: pair.key, value: pair.value }).collect(),
        call,
    })
}

/// What two calls must have in common to be the same call: every parameter but the token, defaults applied.
fn asked(request: &CreateReplicationJobRequest) -> String {
    let params: BTreeMap<_, _> =
        smc_model::Request::encode(request).into_iter().filter(|(name, _)| name != "ClientToken").collect();
    serde_json::to_string(&params).unwrap_or_default()
}

fn supported_kind(job_type: u32) -> Result<(), Error> {
    match job_type {
        1 => Err(unsupported(
            "UnsupportedFeature.OsMigration",
            "this center migrates servers, and does not change their operating system; leave JobType out",
        )),
        2 => Err(unsupported(
            "UnsupportedFeature.CrossZoneMigration",
            "a private center has no zones; leave JobType out",
        )),
        3 => Err(unsupported(
            "UnsupportedFeature.VMwareMigration",
            "this center copies servers by their agent, also virtual ones; leave JobType out and import the server with an activation code",
        )),
        _ => Ok(()),
    }
}

/// What is kept and shown, the ids of data disks among it.
fn kept(request: &CreateReplicationJobRequest) -> BTreeMap<String, String> {
    let disks = request.disks.iter().flat_map(|disks| &disks.data).zip(1..);
    let disk_ids = disks.filter_map(|(disk, at)| Some((disk_id_key(at), disk.disk_id.clone()?)));
    echoed(request).into_iter().chain(disk_ids).collect()
}

/// Under which name the `DiskId` of a data disk is kept.
pub(super) fn disk_id_key(index: u16) -> String {
    format!("Disks.Data.{index}.DiskId")
}

/// The disks of a call: it has two ways to name them, of which it may use one.
fn layout(request: &CreateReplicationJobRequest) -> Result<Layout, Error> {
    let older = !request.data_disk.is_empty() || !request.system_disk_part.is_empty();
    let mut layout = match &request.disks {
        Some(_) if older => {
            return Err(Error::Meaning {
                code: "InvalidParameter.Disks",
                message: "the disks are named twice; send either Disks or DataDisk and SystemDiskPart"
                    .to_owned(),
            });
        }
        Some(disks) => by_path(disks)?,
        None => by_device(request)?,
    };
    layout.system.gib = layout.system.gib.or(request.system_disk_size);
    Ok(layout)
}

fn by_device(request: &CreateReplicationJobRequest) -> Result<Layout, Error> {
    let mut system = DiskWish::default();
    for part in &request.system_disk_part {
        blocks_only(Some(part.block))?;
        system.parts.extend(device(part.device.as_ref(), part.size_bytes));
    }
    let data =
        (1..).zip(&request.data_disk).map(|(at, disk)| data_disk(at, disk)).collect::<Result<_, _>>()?;
    Ok(Layout { system, data })
}

fn data_disk(at: usize, disk: &CreateReplicationJobDataDisk) -> Result<(u16, DiskWish), Error> {
    let mut wish = DiskWish { gib: disk.size, parts: Vec::new() };
    for part in &disk.part {
        blocks_only(Some(part.block))?;
        wish.parts.extend(device(part.device.as_ref(), part.size_bytes));
    }
    Ok((index(at, disk.index)?, wish))
}

/// The number of a data disk, which the contract does not require and nothing can stand for.
pub(super) fn index(at: usize, index: Option<u32>) -> Result<u16, Error> {
    index.and_then(|index| u16::try_from(index).ok()).ok_or_else(|| Error::Meaning {
        code: "ReplicationJobDataDiskIndex.Invalid",
        message: format!("DataDisk.{at} has no Index; it says which data disk of the source is meant"),
    })
}

pub(super) fn device(name: Option<&String>, size_bytes: Option<u64>) -> Option<PartWish> {
    name.map(|name| PartWish { name: PartName::Device(name.clone()), size_bytes })
}

/// The newer layout: data disks are those of the source in their order, partitions are named by where they are mounted.
fn by_path(disks: &CreateReplicationJobDisks) -> Result<Layout, Error> {
    let part = |name: Option<&String>, size_bytes| {
        name.map(|name| PartWish { name: PartName::Path(name.clone()), size_bytes })
    };
    let mut layout = Layout::default();
    if let Some(system) = &disks.system {
        no_lvm(system.lvm)?;
        layout.system.gib = system.size;
        for wish in &system.part {
            blocks_only(wish.block)?;
            layout.system.parts.extend(part(wish.path.as_ref(), wish.size_bytes));
        }
    }
    for (index, disk) in (1..).zip(&disks.data) {
        no_lvm(disk.lvm)?;
        let mut wish = DiskWish { gib: disk.size, parts: Vec::new() };
        for named in &disk.part {
            blocks_only(named.block)?;
            wish.parts.extend(part(named.path.as_ref(), named.size_bytes));
        }
        layout.data.push((index, wish));
    }
    Ok(layout)
}

fn no_lvm(lvm: Option<bool>) -> Result<(), Error> {
    if lvm == Some(true) {
        let message = "a disk is copied as it is; logical volumes stay what they are, and none are made";
        return Err(unsupported("UnsupportedFeature.LVM", message));
    }
    Ok(())
}
