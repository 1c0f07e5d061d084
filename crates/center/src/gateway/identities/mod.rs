//! The operations on users, AccessKeys and policies, and the simulation of access.
//!
//! Names were checked by the contract before they come here; whether the caller may make the call at all was decided by
//! its policies.

mod refused;
mod simulate;

use pop::{ApiError, Call};
use ram::{AccessKeyId, AccountId, KeyStatus, PolicyName, Principal, UserName, builtin};
use serde_json::Value;
use smc_model::{
    OneTimeSecret, Operation, Request,
    generated::{
        identities::{
            AccessKey, AttachPolicyToUserRequest, AttachPolicyToUserResponse, CreateAccessKeyRequest,
            CreateAccessKeyResponse, CreatePolicyRequest, CreatePolicyResponse, CreateUserRequest,
            CreateUserResponse, DeleteAccessKeyRequest, DeleteAccessKeyResponse, DeletePolicyRequest,
            DeletePolicyResponse, DeleteUserRequest, DeleteUserResponse, DetachPolicyFromUserRequest,
            DetachPolicyFromUserResponse, GetPolicyRequest, GetPolicyResponse, ListAccessKeysRequest,
            ListAccessKeysResponse, ListPoliciesForUserRequest, ListPoliciesForUserResponse,
            ListPoliciesRequest, ListPoliciesResponse, ListUsersRequest, ListUsersResponse,
            SimulateAccessRequest, UpdateAccessKeyRequest, UpdateAccessKeyResponse, UpdatePolicyRequest,
            UpdatePolicyResponse, User,
        },
        shared::{AccessKeyStatus, PolicySummary},
    },
};
use std::sync::Arc;

use self::refused::{Refused, named};
use super::Center;
use crate::identity::{Actor, Identities, Identity, PolicyKind, PolicyText, UserSummary};

/// The operations here, by the group that the contract has them in.
pub(super) const GROUP: &str = "identities";

/// One call on identities, with what every operation needs of it.
pub(super) struct Desk<'a> {
    pub(super) identities: Identities,
    pub(super) account: AccountId,
    pub(super) principal: &'a Principal,
    /// The key that signed, or that the session was begun with.
    pub(super) key: Option<AccessKeyId>,
}

impl Center {
    /// Performs an operation on identities.
    pub(super) async fn identities(
        &self,
        call: &Call<&'static Operation, Arc<Identity>>,
    ) -> Result<Value, ApiError> {
        let principal = &call.principal.principal;
        let key = self.parts.access.permanent_key(&call.access_key_id);
        let actor = Actor::Caller { principal: principal.clone(), address: call.peer, key: key.clone() };
        let identities = self.parts.identities.by(actor);
        let desk = Desk { identities, account: principal.account(), principal, key };
        let answer = match call.operation.name {
            "SimulateAccess" => match parsed::<SimulateAccessRequest>(&call.params) {
                Ok(request) => self.simulate(call, &desk, request).await.and_then(|said| reply(&said)),
                Err(refused) => Err(refused),
            },
            _ => desk.perform(call.operation, &call.params).await,
        };
        // What was read about keys is as old as a second; of what was changed here, nothing is.
        self.parts.lookup.forget();
        answer.map_err(|refused| refused.into_api_error(call.operation))
    }
}

fn parsed<T: Request>(params: &[(String, String)]) -> Result<T, Refused> {
    Ok(T::parse(params)?)
}

fn reply(response: &impl serde::Serialize) -> Result<Value, Refused> {
    serde_json::to_value(response).map_err(|_| Refused::Internal)
}

impl Desk<'_> {
    async fn perform(
        &self,
        operation: &'static Operation,
        params: &[(String, String)],
    ) -> Result<Value, Refused> {
        match operation.name {
            "ListUsers" => self.list_users(parsed(params)?).await,
            "CreateUser" => self.create_user(parsed(params)?).await,
            "DeleteUser" => self.delete_user(parsed(params)?).await,
            "ListAccessKeys" => self.list_access_keys(parsed(params)?).await,
            "CreateAccessKey" => self.create_access_key(parsed(params)?).await,
            "UpdateAccessKey" => self.update_access_key(parsed(params)?).await,
            "DeleteAccessKey" => self.delete_access_key(parsed(params)?).await,
            "ListPolicies" => self.list_policies(parsed(params)?).await,
            "GetPolicy" => self.get_policy(parsed(params)?).await,
            "CreatePolicy" => self.create_policy(parsed(params)?).await,
            "UpdatePolicy" => self.update_policy(parsed(params)?).await,
            "DeletePolicy" => self.delete_policy(parsed(params)?).await,
            "ListPoliciesForUser" => self.list_policies_for_user(parsed(params)?).await,
            "AttachPolicyToUser" => self.attach(parsed(params)?).await,
            "DetachPolicyFromUser" => self.detach(parsed(params)?).await,
            _ => Err(Refused::Internal),
        }
    }

    async fn list_users(&self, request: ListUsersRequest) -> Result<Value, Refused> {
        let all = self.identities.user_summaries(self.account).await?;
        let total_count = count(all.len());
        let shown = page(all, request.page_number, request.page_size).map(|summary| self.user(summary));
        reply(&ListUsersResponse {
            users: shown.collect::<Vec<_>>().into(),
            page_number: request.page_number,
            page_size: request.page_size,
            total_count,
        })
    }

    fn user(&self, summary: UserSummary) -> User {
        let arn = Principal::User { account: self.account, name: summary.user.name.clone() }.arn();
        User {
            user_name: summary.user.name.to_string(),
            comments: present(summary.user.display_name),
            arn,
            creation_time: summary.user.created.to_string(),
            access_key_count: count(summary.keys),
            active_access_key_count: count(summary.active_keys),
            policy_count: count(summary.policies),
        }
    }

    async fn create_user(&self, request: CreateUserRequest) -> Result<Value, Refused> {
        let name = named(&request.user_name)?;
        let comments = request.comments.unwrap_or_default();
        let user = self.identities.create_user(self.account, name, comments).await?;
        let arn = Principal::User { account: self.account, name: user.name.clone() }.arn();
        reply(&CreateUserResponse {
            user_name: user.name.to_string(),
            comments: present(user.display_name),
            arn,
            creation_time: user.created.to_string(),
        })
    }

    async fn delete_user(&self, request: DeleteUserRequest) -> Result<Value, Refused> {
        self.identities.delete_user(self.account, named(&request.user_name)?).await?;
        reply(&DeleteUserResponse {})
    }

    async fn list_access_keys(&self, request: ListAccessKeysRequest) -> Result<Value, Refused> {
        let keys = match &request.user_name {
            None => self.identities.all_keys(self.account).await?,
            Some(name) => {
                let user = self.identities.user(self.account, named(name)?).await?;
                self.identities.keys(self.account, Some(user.name)).await?
            }
        };
        let total_count = count(keys.len());
        let shown = page(keys, request.page_number, request.page_size).map(|key| AccessKey {
            signing: self.key.as_ref() == Some(&key.id),
            access_key_id: key.id.to_string(),
            user_name: key.user.as_ref().map(UserName::to_string),
            status: key.status.as_str().to_owned(),
            creation_time: key.created.to_string(),
            last_used_time: key.last_used.map(|at| at.to_string()),
        });
        reply(&ListAccessKeysResponse {
            access_keys: shown.collect::<Vec<_>>().into(),
            page_number: request.page_number,
            page_size: request.page_size,
            total_count,
        })
    }

    async fn create_access_key(&self, request: CreateAccessKeyRequest) -> Result<Value, Refused> {
        let user: Option<UserName> = match (request.user_name, self.principal) {
            (Some(name), _) => Some(named(&name)?),
            (None, Principal::User { name, .. }) => Some(name.clone()),
            (None, Principal::Owner { .. }) => None,
        };
        let user_name = user.as_ref().map(UserName::to_string);
        let (key, created) = self.identities.create_dated_key(self.account, user).await?;
        reply(&CreateAccessKeyResponse {
            access_key_id: key.id.to_string(),
            access_key_secret: OneTimeSecret::new(key.secret.reveal().to_owned()),
            user_name,
            status: KeyStatus::Active.as_str().to_owned(),
            creation_time: created.to_string(),
        })
    }

    async fn update_access_key(&self, request: UpdateAccessKeyRequest) -> Result<Value, Refused> {
        let status = match request.status {
            AccessKeyStatus::Active => KeyStatus::Active,
            AccessKeyStatus::Inactive => KeyStatus::Inactive,
        };
        self.identities.set_key_status(self.account, named(&request.user_access_key_id)?, status).await?;
        reply(&UpdateAccessKeyResponse {})
    }

    async fn delete_access_key(&self, request: DeleteAccessKeyRequest) -> Result<Value, Refused> {
        self.identities.delete_key(self.account, named(&request.user_access_key_id)?).await?;
        reply(&DeleteAccessKeyResponse {})
    }

    async fn list_policies(&self, request: ListPoliciesRequest) -> Result<Value, Refused> {
        let all = self.identities.policies(self.account).await?;
        let attached = self.identities.attachments(self.account).await?;
        let total_count = count(all.len());
        let shown = page(all, request.page_number, request.page_size);
        let items: Vec<_> = shown.map(|policy| summary(policy, &attached)).collect();
        reply(&ListPoliciesResponse {
            policies: items.into(),
            page_number: request.page_number,
            page_size: request.page_size,
            total_count,
        })
    }

    async fn get_policy(&self, request: GetPolicyRequest) -> Result<Value, Refused> {
        let policy = self.identities.policy(self.account, named(&request.policy_name)?).await?;
        let attached = self.identities.attachments(self.account).await?;
        let users: Vec<String> = having(&policy.name, &attached).map(ToString::to_string).collect();
        reply(&GetPolicyResponse {
            policy_type: kind(&policy).to_owned(),
            policy_name: policy.name.to_string(),
            description: present(policy.description),
            policy_document: policy.document,
            update_time: policy.updated.map(|at| at.to_string()),
            attached_users: users.into(),
        })
    }

    async fn create_policy(&self, request: CreatePolicyRequest) -> Result<Value, Refused> {
        let CreatePolicyRequest { description, policy_document, policy_name } = request;
        let name = named(&policy_name)?;
        self.identities.create_policy(self.account, name, policy_document, description).await?;
        reply(&CreatePolicyResponse {})
    }

    async fn update_policy(&self, request: UpdatePolicyRequest) -> Result<Value, Refused> {
        let UpdatePolicyRequest { description, policy_document, policy_name } = request;
        let name = named(&policy_name)?;
        self.identities.update_policy(self.account, name, policy_document, description).await?;
        reply(&UpdatePolicyResponse {})
    }

    async fn delete_policy(&self, request: DeletePolicyRequest) -> Result<Value, Refused> {
        self.identities.delete_policy(self.account, named(&request.policy_name)?).await?;
        reply(&DeletePolicyResponse {})
    }

    async fn list_policies_for_user(&self, request: ListPoliciesForUserRequest) -> Result<Value, Refused> {
        let user = self.identities.user(self.account, named(&request.user_name)?).await?;
        let all = self.identities.policies(self.account).await?;
        let attached = self.identities.attachments(self.account).await?;
        let has = |policy: &PolicyText| having(&policy.name, &attached).any(|name| *name == user.name);
        let items: Vec<_> = all.into_iter().filter(has).map(|policy| summary(policy, &attached)).collect();
        reply(&ListPoliciesForUserResponse { policies: items.into() })
    }

    async fn attach(&self, request: AttachPolicyToUserRequest) -> Result<Value, Refused> {
        let (user, policy) = (named(&request.user_name)?, named(&request.policy_name)?);
        self.identities.attach(self.account, user, policy).await?;
        reply(&AttachPolicyToUserResponse {})
    }

    async fn detach(&self, request: DetachPolicyFromUserRequest) -> Result<Value, Refused> {
        let (user, policy): (UserName, PolicyName) =
            (named(&request.user_name)?, named(&request.policy_name)?);
        if !self.identities.detach(self.account, user.clone(), policy.clone()).await? {
            let user = self.identities.user(self.account, user).await?.name;
            return Err(Refused::NotAttached { user, policy });
        }
        reply(&DetachPolicyFromUserResponse {})
    }
}

fn summary(policy: PolicyText, attached: &[(UserName, PolicyName)]) -> PolicySummary {
    PolicySummary {
        policy_type: kind(&policy).to_owned(),
        attachment_count: count(having(&policy.name, attached).count()),
        policy_name: policy.name.to_string(),
        description: present(policy.description),
        update_time: policy.updated.map(|at| at.to_string()),
    }
}

/// The users that have a policy, under its own name or the official service's.
fn having<'a>(
    policy: &PolicyName,
    attached: &'a [(UserName, PolicyName)],
) -> impl Iterator<Item = &'a UserName> {
    let own = |name: &PolicyName| {
        builtin::find(name.as_str()).map_or_else(|| name.to_string(), |b| b.name.to_owned())
    };
    let wanted = own(policy);
    attached.iter().filter(move |(_, name)| own(name) == wanted).map(|(user, _)| user)
}

fn kind(policy: &PolicyText) -> &'static str {
    match policy.kind {
        PolicyKind::System => "System",
        PolicyKind::Custom => "Custom",
    }
}

fn present(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A page counted from 1. Accounts have few users, keys and policies, so all of them were read.
fn page<T>(all: Vec<T>, number: u32, size: u32) -> impl Iterator<Item = T> {
    let before = u64::from(number.saturating_sub(1)) * u64::from(size);
    all.into_iter().skip(usize::try_from(before).unwrap_or(usize::MAX)).take(size as usize)
}
