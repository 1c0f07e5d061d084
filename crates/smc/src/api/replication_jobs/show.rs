//! A job as `DescribeReplicationJobs` shows it: in both of the contract's layouts of disks.

use smc_model::generated::{
    replication_job::{
        ReplicationJob, ReplicationJobDataDisk, ReplicationJobDataDiskList, ReplicationJobDataDiskPart,
        ReplicationJobDataDiskPartList, ReplicationJobDisks, ReplicationJobDisksData,
        ReplicationJobDisksDataList, ReplicationJobDisksDataPart, ReplicationJobDisksDataPartList,
        ReplicationJobDisksSystem, ReplicationJobDisksSystemPart, ReplicationJobDisksSystemPartList,
        ReplicationJobReplicationJobRun, ReplicationJobReplicationJobRunList, ReplicationJobSystemDiskPart,
        ReplicationJobSystemDiskPartList,
    },
    shared::{self, TagList},
};

use super::create::disk_id_key;
use crate::{
    api::source_servers::gib,
    job::{Cycle, Job, JobDisk, JobProgress, NamedPart, Run, Stage, State},
    registry::JobView,
    source::Fault,
};

pub(super) fn replication_job(view: JobView) -> ReplicationJob {
    let JobView { job, runs, progress, tags, workgroup } = view;
    let echoed = |name: &str| job.settings.echoed.get(name).cloned();
    let (frequency, kept) = match job.cycle {
        Cycle::Once => (None, None),
        Cycle::Every { hours, keep } => (Some(hours), Some(keep)),
    };
    let system = job.disks.iter().find(|disk| disk.index == 0);
    ReplicationJob {
        business_status: job.state.stage().map(|stage| stage.as_str().to_owned()),
        container_namespace: echoed("ContainerNamespace"),
        container_repository: echoed("ContainerRepository"),
        container_tag: echoed("ContainerTag"),
        creation_time: job.created.to_string(),
        data_disks: ReplicationJobDataDiskList {
            items: data(&job).map(|disk| data_disk(&job, disk)).collect(),
        },
        description: Some(job.description.clone()),
        disks: Some(ReplicationJobDisks {
            data: ReplicationJobDisksDataList {
                items: data(&job).map(|disk| disks_data(&job, disk)).collect(),
            },
            system: system.map(|disk| disks_system(&job, disk)),
        }),
        end_time: job.ended.map(|at| at.to_string()),
        error_code: Some(error_code(&job)),
        frequency,
        image_id: job.image.as_ref().map(ToString::to_string),
        image_name: job.settings.image_name.clone(),
        instance_id: echoed("InstanceId"),
        instance_ram_role: echoed("InstanceRamRole"),
        instance_type: echoed("InstanceType"),
        job_id: Some(job.id.to_string()),
        job_type: Some(0),
        launch_template_id: echoed("LaunchTemplateId"),
        launch_template_version: echoed("LaunchTemplateVersion"),
        license_type: echoed("LicenseType"),
        max_number_of_image_to_keep: kept,
        name: job.name.clone(),
        net_mode: echoed("NetMode").and_then(|mode| mode.parse().ok()),
        progress: Some(percent(&job, progress.as_ref())),
        region_id: Some(job.settings.region.clone()),
        replication_job_runs: ReplicationJobReplicationJobRunList { items: runs.iter().map(run).collect() },
        replication_parameters: job.settings.parameters_text.clone(),
        resource_group_id: echoed("ResourceGroupId"),
        run_once: job.cycle == Cycle::Once,
        scheduled_start_time: job.scheduled.map(|at| at.to_string()),
        source_id: job.source.to_string(),
        start_time: job.started.map(|at| at.to_string()),
        status: job.state.status().as_str().to_owned(),
        status_info: status_info(&job, progress.as_ref()),
        system_disk_parts: ReplicationJobSystemDiskPartList {
            items: parts(&job, 0).iter().map(system_part).collect(),
        },
        system_disk_size: system.map(size),
        tags: TagList {
            items: tags.into_iter().map(|tag| shared::Tag { key: tag.key, value: tag.value }).collect(),
        },
        target_type: Some("Image".to_owned()),
        transition_instance_id: None,
        v_switch_id: echoed("VSwitchId"),
        valid_time: Some(job.valid_until.to_string()),
        vpc_id: echoed("VpcId"),
        workgroup_id: workgroup.map(String::from),
    }
}

fn error_code(job: &Job) -> String {
    match &job.state {
        State::InError { code, .. } => code.clone(),
        _ => String::new(),
    }
}

/// Percent of the run that goes on or went on last; the copy itself is done once its image is made.
fn percent(job: &Job, noted: Option<&JobProgress>) -> f32 {
    match &job.state {
        State::Finished | State::Waiting { .. } => 100.0,
        State::Running(running) if running.stage == Stage::Cleaning => 100.0,
        State::Ready => 0.0,
        _ => noted.map_or(0.0, |progress| progress.percent.clamp(0.0, 100.0)),
    }
}

/// The figures of the run that goes on or went on last, and why it failed if it did.
fn status_info(job: &Job, noted: Option<&JobProgress>) -> Option<String> {
    match &job.state {
        State::InError { code, message, .. } => {
            let fault = Fault { error_code: code.clone(), error_msg: message.clone() };
            serde_json::to_string(&fault).ok()
        }
        _ => noted.map(|progress| progress.info.clone()).filter(|info| !info.is_empty()),
    }
}

fn run(run: &Run) -> ReplicationJobReplicationJobRun {
    ReplicationJobReplicationJobRun {
        end_time: run.ended.map(|at| at.to_string()),
        image_id: run.image.as_ref().map(ToString::to_string),
        start_time: Some(run.started.to_string()),
        kind: Some(run.trigger.as_str().to_owned()),
    }
}

/// The data disks; a source without a system disk has nothing else.
fn data(job: &Job) -> impl Iterator<Item = &JobDisk> {
    job.disks.iter().filter(|disk| disk.index > 0)
}

/// The size asked for at the target, else that of the disk.
fn size(disk: &JobDisk) -> u32 {
    disk.target_gib.unwrap_or_else(|| gib(disk.size_bytes))
}

fn parts(job: &Job, index: u16) -> &[NamedPart] {
    job.settings.parts.get(&index).map_or(&[], Vec::as_slice)
}

fn system_part(part: &NamedPart) -> ReplicationJobSystemDiskPart {
    ReplicationJobSystemDiskPart { block: true, device: Some(part.name.clone()), size_bytes: part.size_bytes }
}

fn data_disk(job: &Job, disk: &JobDisk) -> ReplicationJobDataDisk {
    let parts = parts(job, disk.index).iter().map(|part| ReplicationJobDataDiskPart {
        block: true,
        device: Some(part.name.clone()),
        size_bytes: part.size_bytes,
    });
    ReplicationJobDataDisk {
        index: u32::from(disk.index),
        parts: ReplicationJobDataDiskPartList { items: parts.collect() },
        size: size(disk),
    }
}

fn disks_data(job: &Job, disk: &JobDisk) -> ReplicationJobDisksData {
    let parts = parts(job, disk.index).iter().map(|part| ReplicationJobDisksDataPart {
        block: true,
        path: Some(part.name.clone()),
        size_bytes: part.size_bytes,
    });
    ReplicationJobDisksData {
        disk_id: job.settings.echoed.get(&disk_id_key(disk.index)).cloned(),
        lvm: Some(false),
        parts: ReplicationJobDisksDataPartList { items: parts.collect() },
        size: size(disk),
    }
}

fn disks_system(job: &Job, disk: &JobDisk) -> ReplicationJobDisksSystem {
    let parts = parts(job, 0).iter().map(|part| ReplicationJobDisksSystemPart {
        block: true,
        path: Some(part.name.clone()),
        size_bytes: part.size_bytes,
    });
    ReplicationJobDisksSystem {
        disk_id: None,
        lvm: Some(false),
        parts: ReplicationJobDisksSystemPartList { items: parts.collect() },
        size: size(disk),
    }
}
