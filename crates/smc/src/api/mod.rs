//! The operations as the contract words them: a typed request in, the registry's work, a typed reply out.
//!
//! Form was checked by the contract's own tables before anything here runs; what is left to refuse is meaning.

mod access_tokens;
mod audit;
mod images;
mod replication_jobs;
mod source_servers;
mod system_info;
mod tags;
mod workgroups;

use serde_json::Value;
use smc_model::{
    Operation, Request, Violation,
    generated::{
        access_token::{
            CreateAccessTokenRequest, DeleteAccessTokenRequest, DisableAccessTokenRequest,
            ListAccessTokensRequest,
        },
        landfall::{
            DescribeAccessTokenRequest, DescribeImagesRequest, DescribeSourceServerRequest,
            ListAuditEventsRequest,
        },
        replication_job::{
            CreateReplicationJobRequest, CutOverReplicationJobRequest, DeleteReplicationJobRequest,
            DescribeReplicationJobsRequest, ModifyReplicationJobAttributeRequest, StartReplicationJobRequest,
            StopReplicationJobRequest,
        },
        source_server::{
            DeleteSourceServerRequest, DescribeSourceServersRequest, ModifySourceServerAttributeRequest,
        },
        tag::{ListTagResourcesRequest, TagResourcesRequest, UntagResourcesRequest},
        workgroup::{
            AssociateSourceServersRequest, CreateWorkgroupRequest, DeleteWorkgroupRequest,
            DescribeWorkgroupsRequest, DisassociateSourceServersRequest, ModifyWorkgroupAttributeRequest,
        },
    },
};

use crate::{
    SourceId,
    account::Caller,
    ports::{Clock, Page, Random, Store},
    registry::{Error, Registry},
};

/// Why a call has no reply.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// A parameter breaks the form that the contract gives it.
    #[error(transparent)]
    Form(#[from] Violation),
    /// The registry refused or failed.
    #[error(transparent)]
    Registry(#[from] Error),
    /// The contract has the operation; this program does not do it yet.
    #[error("{0} is not built yet in this version of Landfall; the README lists what is")]
    NotBuilt(&'static str),
}

/// What a call may do: the request was authenticated and authorised.
impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Performs an operation of the contract, given its flat parameters.
    pub async fn call(
        &self,
        caller: &Caller,
        operation: &'static Operation,
        params: &[(String, String)],
    ) -> Result<Value, Failure> {
        macro_rules! perform {
            ($request:ty, $method:ident) => {
                reply(&self.$method(caller, <$request>::parse(params)?).await?)
            };
        }
        match operation.name {
            "CreateAccessToken" => perform!(CreateAccessTokenRequest, create_access_token),
            "ListAccessTokens" => perform!(ListAccessTokensRequest, list_access_tokens),
            "DisableAccessToken" => perform!(DisableAccessTokenRequest, disable_access_token),
            "DeleteAccessToken" => perform!(DeleteAccessTokenRequest, delete_access_token),
            "DescribeAccessToken" => perform!(DescribeAccessTokenRequest, describe_access_token),
            "DescribeSourceServers" => perform!(DescribeSourceServersRequest, describe_source_servers),
            "DescribeSourceServer" => perform!(DescribeSourceServerRequest, describe_source_server),
            "ModifySourceServerAttribute" => {
                perform!(ModifySourceServerAttributeRequest, modify_source_server_attribute)
            }
            "DeleteSourceServer" => perform!(DeleteSourceServerRequest, delete_source_server),
            "TagResources" => perform!(TagResourcesRequest, tag_resources),
            "UntagResources" => perform!(UntagResourcesRequest, untag_resources),
            "ListTagResources" => perform!(ListTagResourcesRequest, list_tag_resources),
            "CreateWorkgroup" => perform!(CreateWorkgroupRequest, create_workgroup_call),
            "ModifyWorkgroupAttribute" => {
                perform!(ModifyWorkgroupAttributeRequest, modify_workgroup_attribute)
            }
            "DeleteWorkgroup" => perform!(DeleteWorkgroupRequest, delete_workgroup_call),
            "DescribeWorkgroups" => perform!(DescribeWorkgroupsRequest, describe_workgroups),
            "AssociateSourceServers" => perform!(AssociateSourceServersRequest, associate_source_servers),
            "DisassociateSourceServers" => {
                perform!(DisassociateSourceServersRequest, disassociate_source_servers)
            }
            "CreateReplicationJob" => perform!(CreateReplicationJobRequest, create_replication_job),
            "ModifyReplicationJobAttribute" => {
                perform!(ModifyReplicationJobAttributeRequest, modify_replication_job_attribute)
            }
            "StartReplicationJob" => perform!(StartReplicationJobRequest, start_replication_job),
            "StopReplicationJob" => perform!(StopReplicationJobRequest, stop_replication_job),
            "CutOverReplicationJob" => perform!(CutOverReplicationJobRequest, cut_over_replication_job),
            "DeleteReplicationJob" => perform!(DeleteReplicationJobRequest, delete_replication_job),
            "DescribeReplicationJobs" => perform!(DescribeReplicationJobsRequest, describe_replication_jobs),
            "DescribeImages" => perform!(DescribeImagesRequest, describe_images),
            "ListAuditEvents" => perform!(ListAuditEventsRequest, list_audit_events),
            name => Err(Failure::NotBuilt(name)),
        }
    }
}

/// Checks a name wanted for a source against the rule that `ModifySourceServerAttribute` declares for it.
pub fn check_source_name(name: &str) -> Result<(), Violation> {
    let request = ModifySourceServerAttributeRequest {
        source_id: SourceId::from_random(&[0; 32]).to_string(),
        name: Some(name.to_owned()),
        description: None,
    };
    ModifySourceServerAttributeRequest::parse(&request.encode()).map(drop)
}

fn reply(response: &impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(response)
        .map_err(|error| Error::Store(crate::ports::StoreError::Corrupt(error.to_string())).into())
}

/// A page of the contract, counted from 1.
fn page(number: u32, size: u32) -> Page {
    Page { offset: u64::from(number.saturating_sub(1)) * u64::from(size), limit: size }
}

/// Totals are 32 bits in the contract.
fn total(rows: u64) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// Ids that are not in the form of an id name nothing.
fn source_id(text: &str) -> Result<SourceId, Error> {
    SourceId::parse(text).map_err(|_| Error::NoSource(text.to_owned()))
}
