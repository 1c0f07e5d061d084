//! Why an operation was not done: one variant for each thing a caller can do something about.

use crate::{
    AccessTokenId, JobId, SourceId, WorkgroupId,
    access_token::Unusable,
    job::{MAX_JOBS, Refused, disks::Unfit},
    ports::{RandomError, StoreError},
    source::inventory::Unacceptable,
    tag::MAX_TAGS,
    workgroup::{MAX_SOURCES, MAX_WORKGROUPS},
};

/// Why an operation of the contract was refused or failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The account has no such code.
    #[error("the account has no activation code {0}")]
    NoToken(String),
    /// The account has no such source.
    #[error("the account has no source server {0}")]
    NoSource(String),
    /// The account has no such resource to tag.
    #[error("the account has no resource {0} of this type")]
    NoResource(String),
    /// The account has as many unexpired codes as it may.
    #[error(
        "the account has {0} activation codes that are not expired, which is its quota; delete some, or let them expire"
    )]
    CodeQuota(u32),
    /// Another source of the account has the name.
    #[error("another source server of the account is named {0}; choose another name")]
    NameTaken(String),
    /// The resource would carry more tags than it may.
    #[error("{resource} would carry {tags} tags, at most {MAX_TAGS} are allowed; remove some first")]
    TooManyTags {
        /// The id of the resource.
        resource: String,
        /// How many it would carry.
        tags: usize,
    },
    /// The account has no such workgroup.
    #[error("the account has no workgroup {0}; list the workgroups and use an id from there")]
    NoWorkgroup(String),
    /// Another workgroup of the account has the name.
    #[error("another workgroup of the account is named {0}; choose another name")]
    WorkgroupNameTaken(String),
    /// The account has as many workgroups as it may.
    #[error(
        "the account has {MAX_WORKGROUPS} workgroups, which is its quota; delete some that are no longer needed"
    )]
    WorkgroupQuota,
    /// The workgroup would hold more sources than it may.
    #[error("the workgroup would hold more than {MAX_SOURCES} source servers; use another workgroup")]
    WorkgroupFull,
    /// The source is in another workgroup.
    #[error("{source_id} is in the workgroup {workgroup}; take it out of there first")]
    InWorkgroup {
        /// The source.
        source_id: SourceId,
        /// Where it is.
        workgroup: WorkgroupId,
    },
    /// The workgroup has sources.
    #[error("the workgroup still has these source servers: {0}; take them out first")]
    WorkgroupNotEmpty(String),
    /// The account has no such job.
    #[error("the account has no replication job {0}; list the jobs and use an id from there")]
    NoJob(String),
    /// Another job of the account has the name.
    #[error("another replication job of the account is named {0}; choose another name")]
    JobNameTaken(String),
    /// The account has as many jobs as it may.
    #[error("the account has {MAX_JOBS} replication jobs, which is its quota; delete some that are done")]
    JobQuota,
    /// Another job will make an image of the name.
    #[error(
        "another replication job that is not done is to make an image named {0}; choose another ImageName"
    )]
    ImageNamePlanned(String),
    /// The source has a job that is not done.
    #[error(
        "{source_id} is InUse; the operation needs Available: the replication job {job} of it is neither finished nor deleted"
    )]
    SourceBusy {
        /// The source.
        source_id: SourceId,
        /// The job.
        job: JobId,
    },
    /// Nothing can be copied from the source now.
    #[error(
        "{source_id} is Unavailable ({why}); the operation needs it online: check that landfall-agent runs there and reaches the center"
    )]
    SourceUnavailable {
        /// The source.
        source_id: SourceId,
        /// The code of what is wrong with it.
        why: String,
    },
    /// A job of the source is running.
    #[error("{source_id} has a running replication job; stop it, or wait for its end: {job}")]
    SourceWithRunningJob {
        /// The source.
        source_id: SourceId,
        /// The job.
        job: JobId,
    },
    /// The source has jobs.
    #[error("{source_id} has replication jobs; delete them first, or send Force=true: {jobs}")]
    SourceWithJobs {
        /// The source.
        source_id: SourceId,
        /// Their ids.
        jobs: String,
    },
    /// A job is not in a state for this.
    #[error(transparent)]
    Job(#[from] Refused),
    /// Only an incremental job has what is to be changed.
    #[error("the job copies once, and has no {name}; create an incremental job with RunOnce=false")]
    NotIncremental {
        /// The parameter.
        name: &'static str,
        /// The contract's code for it.
        code: &'static str,
    },
    /// The disks asked for are not those of the source.
    #[error(transparent)]
    Disks(#[from] Unfit),
    /// A client token came again with other parameters.
    #[error("the ClientToken was used before with other parameters; use a new one for a new call")]
    TokenReused,
    /// A value that the contract's form allows and its meaning does not.
    #[error("{message}")]
    Meaning {
        /// The contract's code.
        code: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
    /// The store did not do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl Error {
    /// The contract's code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoToken(_) => "InvalidAccessTokenId.NotFound",
            Self::NoSource(_) => "InvalidSourceId.NotFound",
            Self::NoResource(_) => "InvalidResourceId.NotFound",
            Self::CodeQuota(_) => "QuotaExceeded.AccessToken",
            Self::NameTaken(_) => "SourceServerName.Duplicate",
            Self::TooManyTags { .. } => "NumberExceed.Tags",
            Self::NoWorkgroup(_) => "InvalidWorkgroupId.NotFound",
            Self::WorkgroupNameTaken(_) => "WorkgroupName.Duplicate",
            Self::WorkgroupQuota => "QuotaExceeded.Workgroup",
            Self::WorkgroupFull => "QuotaExceeded.WorkgroupSourceServer",
            Self::InWorkgroup { .. } => "SourceServer.InWorkgroup",
            Self::WorkgroupNotEmpty(_) => "Workgroup.NotEmpty",
            Self::NoJob(_) => "InvalidJobId.NotFound",
            Self::JobNameTaken(_) => "ReplicationJobName.Duplicate",
            Self::JobQuota => "QuotaExceeded.ReplicationJob",
            Self::ImageNamePlanned(_) => "ImageName.UsedByReplicationJob",
            Self::SourceBusy { .. } | Self::SourceUnavailable { .. } => "SourceServerState.Invalid",
            Self::SourceWithRunningJob { .. } => "SourceServer.WithRunningReplicationJob",
            Self::SourceWithJobs { .. } => "ReplicationJob.Related",
            Self::Job(Refused::Stage { .. }) => "ReplicationJob.InvalidBusinessStatus",
            Self::Job(_) => "ReplicationJob.InvalidStatus",
            Self::Disks(Unfit::NoDisk | Unfit::NoDataDisk(_)) => "ReplicationJobDataDiskIndex.Invalid",
            Self::Disks(Unfit::Resized { .. }) => "UnsupportedFeature.PartitionResizing",
            Self::Disks(Unfit::Smaller { .. }) => "UnsupportedFeature.DiskShrinking",
            Self::TokenReused => "IdempotentParameterMismatch",
            Self::Meaning { code, .. }
            | Self::NotIncremental { code, .. }
            | Self::Disks(Unfit::NoPart { code, .. }) => code,
            Self::Store(StoreError::Unavailable(_) | StoreError::Full(_)) => "ServiceUnavailable",
            Self::Store(_) | Self::Random(_) => "InternalError",
        }
    }
}

/// Why a machine was not imported. Whoever holds no real code learns [`Refusal::UnknownCode`] and no more.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// No code has this id and value.
    #[error("no activation code has this id and this value; check both, or ask for a new code")]
    UnknownCode,
    /// The code is real, but imports nothing now.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// The machine already belongs to another account than the code.
    #[error(
        "this machine is already imported as {source_id} into another account than that of {token_id}; delete it there first, or remove the agent's state directory to import it anew"
    )]
    OtherAccount {
        /// The source it is.
        source_id: SourceId,
        /// The code presented.
        token_id: AccessTokenId,
    },
    /// The name asked for is taken.
    #[error("another source server of the account is named {0}; choose another with --name")]
    NameTaken(String),
    /// The inventory is not acceptable.
    #[error(transparent)]
    Inventory(#[from] Unacceptable),
    /// A text that the agent sent is out of form.
    #[error("the {0} that the agent sent is out of form; use a current agent")]
    Malformed(&'static str),
    /// The store did not do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl Refusal {
    /// The code that agents show and the book explains.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownCode => "AccessToken.Unknown",
            Self::Unusable(reason) => reason.code(),
            Self::OtherAccount { .. } => "Source.OtherAccount",
            Self::NameTaken(_) => "SourceServerName.Duplicate",
            Self::Inventory(_) => "Inventory.Invalid",
            Self::Malformed(_) => "Request.Malformed",
            Self::Store(StoreError::Unavailable(_) | StoreError::Full(_)) => "ServiceUnavailable",
            Self::Store(_) | Self::Random(_) => "InternalError",
        }
    }
}
