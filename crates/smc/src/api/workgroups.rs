//! Workgroups in the words of the contract.

use smc_model::generated::{
    shared::{self, TagList, WorkgroupStatus},
    workgroup::{
        AssociateSourceServersRequest, AssociateSourceServersResponse, CreateWorkgroupRequest,
        CreateWorkgroupResponse, DeleteWorkgroupRequest, DeleteWorkgroupResponse, DescribeWorkgroupsRequest,
        DescribeWorkgroupsResponse, DisassociateSourceServersRequest, DisassociateSourceServersResponse,
        ModifyWorkgroupAttributeRequest, ModifyWorkgroupAttributeResponse, Workgroup as Shown, WorkgroupList,
        WorkgroupWarning, WorkgroupWarningList, WorkgroupWarningSourceIdList,
    },
};

use super::{page, source_id, total};
use crate::{
    SourceId, WorkgroupId,
    account::Caller,
    ports::{Clock, Random, Store},
    registry::{Error, NewWorkgroup, Registry, WorkgroupFilter},
    tag::{Tag, TagFilter},
    workgroup::{Member, Status, Workgroup, warnings},
};

impl<S: Store, C: Clock, R: Random> Registry<S, C, R> {
    pub(super) async fn create_workgroup_call(
        &self,
        caller: &Caller,
        request: CreateWorkgroupRequest,
    ) -> Result<CreateWorkgroupResponse, Error> {
        let new = NewWorkgroup {
            name: request.name,
            description: request.description.unwrap_or_default(),
            tags: request.tag.into_iter().map(|pair| Tag { key: pair.key, value: pair.value }).collect(),
            client_token: request.client_token,
        };
        let id = self.create_workgroup(caller, new).await?;
        Ok(CreateWorkgroupResponse { workgroup_id: Some(id.to_string()) })
    }

    pub(super) async fn modify_workgroup_attribute(
        &self,
        caller: &Caller,
        request: ModifyWorkgroupAttributeRequest,
    ) -> Result<ModifyWorkgroupAttributeResponse, Error> {
        let id = workgroup_id(&request.workgroup_id)?;
        self.modify_workgroup(caller, id, request.name, request.description).await?;
        Ok(ModifyWorkgroupAttributeResponse {})
    }

    pub(super) async fn delete_workgroup_call(
        &self,
        caller: &Caller,
        request: DeleteWorkgroupRequest,
    ) -> Result<DeleteWorkgroupResponse, Error> {
        self.delete_workgroup(caller, workgroup_id(&request.workgroup_id)?).await?;
        Ok(DeleteWorkgroupResponse {})
    }

    pub(super) async fn describe_workgroups(
        &self,
        caller: &Caller,
        request: DescribeWorkgroupsRequest,
    ) -> Result<DescribeWorkgroupsResponse, Error> {
        let (page_number, page_size) = (request.page_number, request.page_size);
        let mut reply = DescribeWorkgroupsResponse { page_number, page_size, ..Default::default() };
        let Some(filter) = filter(request) else { return Ok(reply) };
        let found = self.list_workgroups(caller.account, filter).await?;
        reply.total_count = total(found.len() as u64);
        let page = page(page_number, page_size);
        let passed_over = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let rows = found.iter().skip(passed_over).take(page.limit as usize);
        reply.workgroups =
            WorkgroupList { items: rows.map(|(group, members)| shown(group, members)).collect() };
        Ok(reply)
    }

    pub(super) async fn associate_source_servers(
        &self,
        caller: &Caller,
        request: AssociateSourceServersRequest,
    ) -> Result<AssociateSourceServersResponse, Error> {
        let (id, sources) = (workgroup_id(&request.workgroup_id)?, source_ids(&request.source_id)?);
        self.associate_sources(caller, id, sources).await?;
        Ok(AssociateSourceServersResponse {})
    }

    pub(super) async fn disassociate_source_servers(
        &self,
        caller: &Caller,
        request: DisassociateSourceServersRequest,
    ) -> Result<DisassociateSourceServersResponse, Error> {
        let (id, sources) = (workgroup_id(&request.workgroup_id)?, source_ids(&request.source_id)?);
        self.disassociate_sources(caller, id, sources).await?;
        Ok(DisassociateSourceServersResponse {})
    }
}

/// Ids that are not in the form of an id name nothing.
fn workgroup_id(text: &str) -> Result<WorkgroupId, Error> {
    WorkgroupId::parse(text).map_err(|_| Error::NoWorkgroup(text.to_owned()))
}

fn source_ids(texts: &[String]) -> Result<Vec<SourceId>, Error> {
    texts.iter().map(|text| source_id(text)).collect()
}

/// The filter of a request; `None` if nothing can match.
fn filter(request: DescribeWorkgroupsRequest) -> Option<WorkgroupFilter> {
    let ids: Vec<_> = request.workgroup_id.iter().filter_map(|id| WorkgroupId::parse(id).ok()).collect();
    if ids.is_empty() && !request.workgroup_id.is_empty() {
        return None;
    }
    let status = request.status.map(|status| match status {
        WorkgroupStatus::NotStarted => Status::NotStarted,
        WorkgroupStatus::InProgress => Status::InProgress,
        WorkgroupStatus::Cutover => Status::Cutover,
        WorkgroupStatus::Completed => Status::Completed,
    });
    let tags = request.tag.into_iter().map(|tag| TagFilter { key: tag.key, value: tag.value }).collect();
    Some(WorkgroupFilter { ids, name: request.name, status, tags })
}

fn shown(workgroup: &Workgroup, members: &[Member]) -> Shown {
    let warnings = warnings(members).into_iter().map(|(warning, sources)| WorkgroupWarning {
        source_ids: WorkgroupWarningSourceIdList { items: sources.iter().map(ToString::to_string).collect() },
        warning_type: warning.as_str().to_owned(),
    });
    let tags =
        workgroup.tags.iter().map(|tag| shared::Tag { key: tag.key.clone(), value: tag.value.clone() });
    Shown {
        description: (!workgroup.description.is_empty()).then(|| workgroup.description.clone()),
        name: workgroup.name.clone(),
        status: Status::of(members).as_str().to_owned(),
        tags: TagList { items: tags.collect() },
        warnings: WorkgroupWarningList { items: warnings.collect() },
        workgroup_id: Some(workgroup.id.to_string()),
    }
}
