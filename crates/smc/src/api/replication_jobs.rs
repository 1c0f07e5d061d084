//! Jobs in the words of the contract: what a call asks for, and what it cannot have here.

mod create;
mod modify;
mod show;

use std::collections::BTreeMap;

use smc_model::{
    Request,
    generated::replication_job::{
        CreateReplicationJobRequest, CreateReplicationJobResponse, CutOverReplicationJobRequest,
        CutOverReplicationJobResponse, DeleteReplicationJobRequest, DeleteReplicationJobResponse,
        DescribeReplicationJobsRequest, DescribeReplicationJobsResponse,
        ModifyReplicationJobAttributeRequest, ModifyReplicationJobAttributeResponse, ReplicationJobList,
        StartReplicationJobRequest, StartReplicationJobResponse, StopReplicationJobRequest,
        StopReplicationJobResponse,
    },
};

use super::{page, total};
use crate::{
    JobId, SourceId, Timestamp,
    account::Caller,
    job::{Parameters, Stage, Status},
    ports::{Clock, JobFilter, Random, Store},
    registry::{Error, JobQuery, Registry},
    tag::TagFilter,
};

/// The parameters that a private center cannot mean.
const ECHOED: [&str; 13] = [
    "ContainerNamespace",
    "ContainerRepository",
    "ContainerTag",
    "InstanceId",
    "InstanceRamRole",
    "InstanceType",
    "LaunchTemplateId",
    "LaunchTemplateVersion",
    "LicenseType",
    "NetMode",
    "ResourceGroupId",
    "VSwitchId",
    "VpcId",
];

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn create_replication_job(
        &self,
        caller: &Caller,
        request: CreateReplicationJobRequest,
    ) -> Result<CreateReplicationJobResponse, Error> {
        let id = self.create_job(caller, create::new_job(request)?).await?;
        Ok(CreateReplicationJobResponse { job_id: Some(id.to_string()) })
    }

    pub(super) async fn modify_replication_job_attribute(
        &self,
        caller: &Caller,
        request: ModifyReplicationJobAttributeRequest,
    ) -> Result<ModifyReplicationJobAttributeResponse, Error> {
        let id = job_id(&request.job_id)?;
        self.modify_job(caller, id, modify::change(request)?).await?;
        Ok(ModifyReplicationJobAttributeResponse {})
    }

    pub(super) async fn start_replication_job(
        &self,
        caller: &Caller,
        request: StartReplicationJobRequest,
    ) -> Result<StartReplicationJobResponse, Error> {
        self.start_job(caller, job_id(&request.job_id)?).await?;
        Ok(StartReplicationJobResponse {})
    }

    pub(super) async fn stop_replication_job(
        &self,
        caller: &Caller,
        request: StopReplicationJobRequest,
    ) -> Result<StopReplicationJobResponse, Error> {
        self.stop_job(caller, job_id(&request.job_id)?).await?;
        Ok(StopReplicationJobResponse {})
    }

    pub(super) async fn cut_over_replication_job(
        &self,
        caller: &Caller,
        request: CutOverReplicationJobRequest,
    ) -> Result<CutOverReplicationJobResponse, Error> {
        let id = job_id(&request.job_id)?;
        if request.sync_data {
            self.cut_over_job(caller, id).await?;
        } else {
            self.finish_job(caller, id).await?;
        }
        Ok(CutOverReplicationJobResponse {})
    }

    pub(super) async fn delete_replication_job(
        &self,
        caller: &Caller,
        request: DeleteReplicationJobRequest,
    ) -> Result<DeleteReplicationJobResponse, Error> {
        self.delete_job(caller, job_id(&request.job_id)?).await?;
        Ok(DeleteReplicationJobResponse {})
    }

    pub(super) async fn describe_replication_jobs(
        &self,
        caller: &Caller,
        request: DescribeReplicationJobsRequest,
    ) -> Result<DescribeReplicationJobsResponse, Error> {
        let (page_number, page_size) = (request.page_number, request.page_size);
        let mut reply = DescribeReplicationJobsResponse { page_number, page_size, ..Default::default() };
        let Some(query) = query(request) else { return Ok(reply) };
        let listing = self.list_jobs(caller.account, query, page(page_number, page_size)).await?;
        reply.total_count = total(listing.total);
        reply.replication_jobs =
            ReplicationJobList { items: listing.rows.into_iter().map(show::replication_job).collect() };
        Ok(reply)
    }
}

/// Ids that are not in the form of an id name nothing.
pub(super) fn job_id(text: &str) -> Result<JobId, Error> {
    JobId::parse(text).map_err(|_| Error::NoJob(text.to_owned()))
}

/// The query of a request; `None` if nothing can match: only servers are migrated here, and to no instance.
/// What a private center cannot mean of a call, as it was given: kept and shown.
fn echoed(request: &impl Request) -> BTreeMap<String, String> {
    request.encode().into_iter().filter(|(name, _)| ECHOED.contains(&name.as_str())).collect()
}

fn query(request: DescribeReplicationJobsRequest) -> Option<JobQuery> {
    if request.job_type.is_some_and(|kind| kind != 0) || !request.instance_id.is_empty() {
        return None;
    }
    let ids: Vec<_> = request.job_id.iter().filter_map(|id| JobId::parse(id).ok()).collect();
    let sources: Vec<_> = request.source_id.iter().filter_map(|id| SourceId::parse(id).ok()).collect();
    if ids.is_empty() && !request.job_id.is_empty() || sources.is_empty() && !request.source_id.is_empty() {
        return None;
    }
    let status = request.status.map(|status| status.as_str());
    let stage = request.business_status.map(|stage| stage.as_str());
    let filter = JobFilter {
        ids,
        sources,
        name: request.name,
        region: request.region_id,
        status: status.and_then(|word| Status::ALL.into_iter().find(|status| status.as_str() == word)),
        stage: stage.and_then(|word| Stage::ALL.into_iter().find(|stage| stage.as_str() == word)),
        tags: request.tag.into_iter().map(|tag| TagFilter { key: tag.key, value: tag.value }).collect(),
    };
    let echoed = request.resource_group_id.map(|group| ("ResourceGroupId", group));
    Some(JobQuery { filter, echoed: echoed.into_iter().collect() })
}

/// Reads `ReplicationParameters`, and keeps the text.
fn parameters(text: String) -> Result<(Parameters, String), Error> {
    match Parameters::parse(&text) {
        Ok(parameters) => Ok((parameters, text)),
        Err(why) => Err(Error::Meaning {
            code: "InvalidParameter.ReplicationParameters",
            message: format!("the ReplicationParameters cannot be used: {why}"),
        }),
    }
}

/// Reads a moment; its form was checked by the contract.
fn moment(text: Option<&str>) -> Option<Timestamp> {
    text.and_then(Timestamp::parse)
}

/// Something that a caller asks for and this center does not do.
fn unsupported(code: &'static str, message: &str) -> Error {
    Error::Meaning { code, message: message.to_owned() }
}

/// Refuses partitions that are to be copied file by file.
fn blocks_only(block: Option<bool>) -> Result<(), Error> {
    if block == Some(false) {
        let message = "partitions are copied block by block; leave Block out, or send true";
        return Err(unsupported("UnsupportedFeature.FileReplication", message));
    }
    Ok(())
}

/// Refuses targets other than an image.
fn image_only(target: Option<smc_model::generated::shared::TargetType>) -> Result<(), Error> {
    use smc_model::generated::shared::TargetType;
    match target {
        None | Some(TargetType::Image) => Ok(()),
        Some(TargetType::ContainerImage) => Err(unsupported(
            "UnsupportedFeature.ContainerImage",
            "this center makes disk images, and no container images; leave TargetType out",
        )),
        Some(TargetType::TargetInstance) => Err(unsupported(
            "UnsupportedFeature.TargetInstance",
            "this center makes images, and writes to no instance; leave TargetType out, and start a machine from the image",
        )),
    }
}
