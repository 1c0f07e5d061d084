//! A call of `ModifyReplicationJobAttribute` as a change of a job.

use smc_model::generated::replication_job::ModifyReplicationJobAttributeRequest;

use super::{
    blocks_only,
    create::{device, index},
    echoed, image_only, moment, parameters,
};
use crate::{
    job::disks::{DiskWish, Layout},
    registry::{Error, JobChange},
};

pub(super) fn change(request: ModifyReplicationJobAttributeRequest) -> Result<JobChange, Error> {
    image_only(request.target_type)?;
    Ok(JobChange {
        layout: layout(&request)?,
        echoed: echoed(&request),
        valid_until: moment(request.valid_time.as_deref()),
        scheduled: moment(request.scheduled_start_time.as_deref()),
        name: request.name,
        description: request.description,
        hours: request.frequency,
        keep: request.max_number_of_image_to_keep,
        parameters: request.replication_parameters.map(parameters).transpose()?,
        image_name: request.image_name,
        system_gib: request.system_disk_size,
    })
}

/// The disks anew, if any are named; those that are not named are copied no more, except the system disk.
fn layout(request: &ModifyReplicationJobAttributeRequest) -> Result<Option<Layout>, Error> {
    if request.data_disk.is_empty() && request.system_disk_part.is_empty() {
        return Ok(None);
    }
    let mut layout = Layout::default();
    layout.system.gib = request.system_disk_size;
    for part in &request.system_disk_part {
        blocks_only(part.block)?;
        layout.system.parts.extend(device(part.device.as_ref(), part.size_bytes));
    }
    for (at, disk) in (1..).zip(&request.data_disk) {
        let mut wish = DiskWish { gib: disk.size, parts: Vec::new() };
        for part in &disk.part {
            blocks_only(part.block)?;
            wish.parts.extend(device(part.device.as_ref(), part.size_bytes));
        }
        layout.data.push((index(at, disk.index)?, wish));
    }
    Ok(Some(layout))
}
