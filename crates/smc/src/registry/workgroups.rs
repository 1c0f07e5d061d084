//! Creating, describing and deleting workgroups; putting sources into them and taking them out.

use std::collections::HashSet;

use super::{Error, Registry};
use crate::{
    ImageId, SourceId, WorkgroupId,
    account::{AccountId, Caller},
    audit::Event,
    ids::ID_ENTROPY,
    job::{Job, State},
    ports::{Clock, Random, Store, StoreError, Tx},
    tag::{Tag, TagFilter},
    workgroup::{CreatingCall, MAX_SOURCES, MAX_WORKGROUPS, Member, Stage, Status, Workgroup},
};

/// A group to create.
#[derive(Clone, Debug, Default)]
pub struct NewWorkgroup {
    /// Its name, by the contract's rule.
    pub name: Option<String>,
    /// Free text.
    pub description: String,
    /// Its tags, each key once.
    pub tags: Vec<Tag>,
    /// Makes the call idempotent.
    pub client_token: Option<String>,
}

/// Which groups to list; what is empty does not limit, what is given must all hold.
#[derive(Clone, Debug, Default)]
pub struct WorkgroupFilter {
    /// One of these.
    pub ids: Vec<WorkgroupId>,
    /// Exactly this name.
    pub name: Option<String>,
    /// In this status.
    pub status: Option<Status>,
    /// Carrying all of these.
    pub tags: Vec<TagFilter>,
}

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    /// Creates a group, or gives the one that the same call created before.
    pub async fn create_workgroup(&self, caller: &Caller, new: NewWorkgroup) -> Result<WorkgroupId, Error> {
        let account = caller.account;
        let workgroup = Workgroup {
            id: WorkgroupId::from_random(&self.random.bytes::<ID_ENTROPY>()?),
            account,
            name: new.name,
            description: new.description,
            tags: new.tags,
            created: self.clock.now(),
        };
        let parameters = parameters(&workgroup);
        let call = new.client_token.map(|client_token| CreatingCall { client_token, parameters });
        let entry = self.entry(caller, Event::WorkgroupCreated, &workgroup.id, String::new());
        self.store
            .write(move |tx| {
                tx.lock_workgroups(&account)?;
                if let Some(call) = &call
                    && let Some((id, before)) = tx.workgroup_of_call(&account, &call.client_token)?
                {
                    return Ok(if before == call.parameters { Ok(id) } else { Err(Error::TokenReused) });
                }
                let present = tx.workgroups(&account)?;
                if present.len() >= MAX_WORKGROUPS {
                    return Ok(Err(Error::WorkgroupQuota));
                }
                if let Some(name) = name_taken(&present, workgroup.name.as_deref(), &workgroup.id) {
                    return Ok(Err(Error::WorkgroupNameTaken(name)));
                }
                tx.insert_workgroup(&workgroup, call.as_ref())?;
                tx.record(&entry)?;
                Ok(Ok(workgroup.id.clone()))
            })
            .await?
    }

    /// Changes name and description of a group; `None` leaves either as it is.
    pub async fn modify_workgroup(
        &self,
        caller: &Caller,
        id: WorkgroupId,
        name: Option<String>,
        description: Option<String>,
    ) -> Result<(), Error> {
        let account = caller.account;
        let entry = self.entry(caller, Event::WorkgroupChanged, &id, String::new());
        self.store
            .write(move |tx| {
                tx.lock_workgroups(&account)?;
                let present = tx.workgroups(&account)?;
                let Some(own) = present.iter().find(|workgroup| workgroup.id == id) else {
                    return Ok(Err(Error::NoWorkgroup(id.to_string())));
                };
                if let Some(name) = name_taken(&present, name.as_deref(), &id) {
                    return Ok(Err(Error::WorkgroupNameTaken(name)));
                }
                let name = name.as_deref().or(own.name.as_deref());
                let description = description.as_deref().unwrap_or(&own.description);
                tx.describe_workgroup(&id, name, description)?;
                tx.record(&entry)?;
                Ok(Ok(()))
            })
            .await?
    }

    /// Removes a group that has no sources left.
    pub async fn delete_workgroup(&self, caller: &Caller, id: WorkgroupId) -> Result<(), Error> {
        let account = caller.account;
        let entry = self.entry(caller, Event::WorkgroupDeleted, &id, String::new());
        self.store
            .write(move |tx| {
                tx.lock_workgroups(&account)?;
                if !has(tx, account, &id)? {
                    return Ok(Err(Error::NoWorkgroup(id.to_string())));
                }
                let members = tx.members(std::slice::from_ref(&id))?;
                if !members.is_empty() {
                    let names: Vec<_> = members.iter().map(|member| member.source.as_str()).collect();
                    return Ok(Err(Error::WorkgroupNotEmpty(names.join(", "))));
                }
                tx.delete_workgroup(&account, &id)?;
                tx.record(&entry)?;
                Ok(Ok(()))
            })
            .await?
    }

    /// Lists groups with their members, newest first.
    pub async fn list_workgroups(
        &self,
        account: AccountId,
        filter: WorkgroupFilter,
    ) -> Result<Vec<(Workgroup, Vec<Member>)>, Error> {
        let work = move |tx: &mut dyn Tx| {
            let mut workgroups = tx.workgroups(&account)?;
            workgroups.retain(|workgroup| matches(workgroup, &filter));
            let ids: Vec<_> = workgroups.iter().map(|workgroup| workgroup.id.clone()).collect();
            let memberships = tx.members(&ids)?;
            let sources: Vec<_> = memberships.iter().map(|membership| membership.source.clone()).collect();
            let jobs = tx.jobs_of_sources(&sources)?;
            let failed = failed_tests(tx, &jobs)?;
            let with_members = workgroups.into_iter().map(|workgroup| {
                let own = memberships.iter().filter(|membership| membership.workgroup == workgroup.id);
                let members: Vec<_> =
                    own.map(|membership| member(&membership.source, &jobs, &failed)).collect();
                (workgroup, members)
            });
            let in_status =
                |members: &[Member]| filter.status.is_none_or(|wanted| wanted == Status::of(members));
            Ok(with_members.filter(|(_, members)| in_status(members)).collect())
        };
        Ok(self.store.read(work).await?)
    }

    /// Puts sources into a group: all of them, or none. Those that are in it already stay.
    pub async fn associate_sources(
        &self,
        caller: &Caller,
        id: WorkgroupId,
        sources: Vec<SourceId>,
    ) -> Result<(), Error> {
        let account = caller.account;
        let entry = self.entry(caller, Event::WorkgroupJoined, &id, listed(&sources));
        self.store
            .write(move |tx| {
                tx.lock_workgroups(&account)?;
                if let Some(error) = missing(tx, account, &id, &sources)? {
                    return Ok(Err(error));
                }
                let known = tx.memberships(&sources)?;
                if let Some(elsewhere) = known.iter().find(|membership| membership.workgroup != id) {
                    return Ok(Err(Error::InWorkgroup {
                        source_id: elsewhere.source.clone(),
                        workgroup: elsewhere.workgroup.clone(),
                    }));
                }
                let mut new = sources.clone();
                new.sort();
                new.dedup();
                new.retain(|source| !known.iter().any(|membership| membership.source == *source));
                if tx.members(std::slice::from_ref(&id))?.len() + new.len() > MAX_SOURCES {
                    return Ok(Err(Error::WorkgroupFull));
                }
                tx.join_workgroup(&id, &new)?;
                tx.record(&entry)?;
                Ok(Ok(()))
            })
            .await?
    }

    /// Takes sources out of a group; those that are not in it are passed over.
    pub async fn disassociate_sources(
        &self,
        caller: &Caller,
        id: WorkgroupId,
        sources: Vec<SourceId>,
    ) -> Result<(), Error> {
        let account = caller.account;
        let entry = self.entry(caller, Event::WorkgroupLeft, &id, listed(&sources));
        self.store
            .write(move |tx| {
                tx.lock_workgroups(&account)?;
                if let Some(error) = missing(tx, account, &id, &sources)? {
                    return Ok(Err(error));
                }
                tx.leave_workgroup(&id, &sources)?;
                tx.record(&entry)?;
                Ok(Ok(()))
            })
            .await?
    }
}

/// A member with the stage of its latest job, and whether that job's latest image failed a test; a job that is being
/// deleted counts no more.
fn member(source: &SourceId, jobs: &[Job], failed: &HashSet<ImageId>) -> Member {
    let latest = jobs.iter().find(|job| job.source == *source && job.state != State::Deleting);
    let image = latest.and_then(|job| job.image.as_ref());
    Member {
        source: source.clone(),
        stage: latest.map(Stage::of),
        test_failed: image.is_some_and(|image| failed.contains(image)),
    }
}

/// Those of the jobs' latest images of which a test failed: the latest of either kind.
fn failed_tests(tx: &mut dyn Tx, jobs: &[Job]) -> Result<HashSet<ImageId>, StoreError> {
    let images: Vec<_> = jobs.iter().filter_map(|job| job.image.clone()).collect();
    let checks = tx.checks(&images)?.into_iter();
    Ok(checks.filter(|(_, check)| !check.passed).map(|(image, _)| image).collect())
}

fn listed(sources: &[SourceId]) -> String {
    let names: Vec<_> = sources.iter().map(SourceId::as_str).collect();
    names.join(", ")
}

fn has(tx: &mut dyn Tx, account: AccountId, id: &WorkgroupId) -> Result<bool, StoreError> {
    Ok(tx.workgroups(&account)?.iter().any(|workgroup| workgroup.id == *id))
}

/// What a call names and the account does not have.
fn missing(
    tx: &mut dyn Tx,
    account: AccountId,
    id: &WorkgroupId,
    sources: &[SourceId],
) -> Result<Option<Error>, StoreError> {
    if !has(tx, account, id)? {
        return Ok(Some(Error::NoWorkgroup(id.to_string())));
    }
    for source in sources {
        if tx.source(&account, source)?.is_none() {
            return Ok(Some(Error::NoSource(source.to_string())));
        }
    }
    Ok(None)
}

/// The name, if a group other than this one has it.
fn name_taken(present: &[Workgroup], name: Option<&str>, own: &WorkgroupId) -> Option<String> {
    let name = name?;
    let taken = present.iter().any(|other| other.id != *own && other.name.as_deref() == Some(name));
    taken.then(|| name.to_owned())
}

fn matches(workgroup: &Workgroup, filter: &WorkgroupFilter) -> bool {
    let carries = |wanted: &TagFilter| {
        workgroup
            .tags
            .iter()
            .any(|tag| tag.key == wanted.key && wanted.value.as_ref().is_none_or(|value| *value == tag.value))
    };
    (filter.ids.is_empty() || filter.ids.contains(&workgroup.id))
        && (filter.name.is_none() || filter.name == workgroup.name)
        && filter.tags.iter().all(carries)
}

/// What two calls must have in common to be the same call; JSON, so that no two differ and read alike.
fn parameters(workgroup: &Workgroup) -> String {
    let tags: std::collections::BTreeMap<_, _> =
        workgroup.tags.iter().map(|tag| (&tag.key, &tag.value)).collect();
    serde_json::json!([workgroup.name, workgroup.description, tags]).to_string()
}
