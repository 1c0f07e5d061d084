//! What a denied caller is told: the `AccessDeniedDetail` of the error envelope, field for field as the SDKs read it.
//!
//! The caller learns what it asked for, who it is, and whether something denies it or nothing allows it; not which
//! policies there are or what they say. That is [`explain`](crate::explain)'s to tell, to whoever manages policies.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

use crate::{Decision, Principal, context::Request};

/// The detail of a denial; the names on the wire are the fields' in Pascal case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccessDeniedDetail {
    /// The operation, such as `smc:CreateAccessToken`.
    pub auth_action: String,
    /// The caller's name; the account's number for its owner.
    pub auth_principal_display_name: String,
    /// The number of the caller's account.
    pub auth_principal_owner_id: String,
    /// `SubUser`, or `Account` for an owner (who is denied in other accounts only).
    pub auth_principal_type: &'static str,
    /// `ExplicitDeny` or `ImplicitDeny`.
    pub no_permission_type: &'static str,
    /// `AccountLevelIdentityBasedPolicy`, the only kind of policy here.
    pub policy_type: &'static str,
    /// JSON in Base64: `AuthAction`, `AuthPrincipal` (an ARN), `AuthResource` (the refused one, absent if the request
    /// named none), `ExplicitDeny` (a boolean) and `NoPermissionPolicyType`.
    pub encoded_diagnostic_message: String,
}

/// What the encoded message holds: nothing the caller did not send, but the verdict.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Diagnosis<'a> {
    auth_action: &'a str,
    auth_principal: String,
    /// The resource that was refused; absent if the request named none.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_resource: Option<String>,
    explicit_deny: bool,
    no_permission_policy_type: &'a str,
}

impl AccessDeniedDetail {
    /// Describes a decision; nothing if it allows.
    pub fn of(decision: &Decision, request: &Request<'_>) -> Option<Self> {
        const POLICY_TYPE: &str = "AccountLevelIdentityBasedPolicy";
        let (no_permission_type, resource) = match decision {
            Decision::AllowOwner | Decision::Allow { .. } => return None,
            Decision::ExplicitDeny { resource, .. } => ("ExplicitDeny", Some(resource)),
            Decision::ImplicitDeny { resource } => ("ImplicitDeny", resource.as_ref()),
        };
        let account = request.principal.account().to_string();
        let (auth_principal_type, display_name) = match request.principal {
            Principal::Owner { .. } => ("Account", account.clone()),
            Principal::User { name, .. } => ("SubUser", name.to_string()),
        };
        let auth_action = request.action.to_string();
        let diagnosis = Diagnosis {
            auth_action: &auth_action,
            auth_principal: request.principal.arn(),
            auth_resource: resource.map(ToString::to_string),
            explicit_deny: no_permission_type == "ExplicitDeny",
            no_permission_policy_type: POLICY_TYPE,
        };
        // Text and a boolean always serialize; should that ever change, an empty message still denies.
        let message = serde_json::to_vec(&diagnosis).unwrap_or_default();
        Some(Self {
            encoded_diagnostic_message: STANDARD.encode(message),
            auth_action,
            auth_principal_display_name: display_name,
            auth_principal_owner_id: account,
            auth_principal_type,
            no_permission_type,
            policy_type: POLICY_TYPE,
        })
    }
}
