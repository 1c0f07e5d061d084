//! The policies every account has from the start. They cannot be changed, only attached.

use crate::{Policy, PolicyError};

/// A policy that comes with Landfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltinPolicy {
    /// The name it is attached and listed by.
    pub name: &'static str,
    /// The name of the official service's policy of the same meaning, accepted in its place.
    pub upstream_name: Option<&'static str>,
    /// What it is for, for a person choosing among them.
    pub description: &'static str,
    /// The document.
    pub document: &'static str,
}

/// May do everything, identities included.
pub const ADMINISTRATOR_ACCESS: BuiltinPolicy = BuiltinPolicy {
    name: "LandfallAdministratorAccess",
    upstream_name: Some("AdministratorAccess"),
    description: "Everything in the account, also users, AccessKeys and policies",
    document: r#"{
  "Version": "1",
  "Statement": [
    { "Effect": "Allow", "Action": ["smc:*", "landfall:*"], "Resource": "*" }
  ]
}"#,
};

/// May do everything but change identities, so that who has it cannot give it to others or raise itself.
pub const FULL_ACCESS: BuiltinPolicy = BuiltinPolicy {
    name: "LandfallFullAccess",
    upstream_name: Some("AliyunSMCFullAccess"),
    description: "Everything in the account but changing users, AccessKeys and policies",
    document: r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "smc:*",
        "landfall:Describe*",
        "landfall:Get*",
        "landfall:List*",
        "landfall:FollowReplicationJobs",
        "landfall:CreateSignInLink",
        "landfall:SimulateAccess"
      ],
      "Resource": "*"
    }
  ]
}"#,
};

/// May look. No secret is ever seen through it: only the replies to CreateAccessToken and CreateAccessKey hold one.
pub const READ_ONLY_ACCESS: BuiltinPolicy = BuiltinPolicy {
    name: "LandfallReadOnlyAccess",
    upstream_name: None,
    description: "See codes and identities (never a secret), sources, jobs and tags; change nothing",
    document: r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "smc:Describe*",
        "smc:List*",
        "landfall:Describe*",
        "landfall:Get*",
        "landfall:List*",
        "landfall:FollowReplicationJobs",
        "landfall:SimulateAccess"
      ],
      "Resource": "*"
    }
  ]
}"#,
};

/// May make codes and see which there are, and nothing else: for pipelines that hand codes to machines.
pub const CODE_ISSUER_ACCESS: BuiltinPolicy = BuiltinPolicy {
    name: "LandfallCodeIssuerAccess",
    upstream_name: None,
    description: "Create and list activation codes, and learn where agents connect; nothing else",
    document: r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["smc:CreateAccessToken", "smc:ListAccessTokens", "landfall:GetAgentEndpoint"],
      "Resource": "*"
    }
  ]
}"#,
};

/// Every built-in policy, widest first.
pub const ALL: [BuiltinPolicy; 4] = [ADMINISTRATOR_ACCESS, FULL_ACCESS, READ_ONLY_ACCESS, CODE_ISSUER_ACCESS];

/// Finds a built-in policy by its name or its upstream name.
pub fn find(name: &str) -> Option<&'static BuiltinPolicy> {
    const { &ALL }.iter().find(|policy| policy.name == name || policy.upstream_name == Some(name))
}

impl BuiltinPolicy {
    /// Parses the document. A test parses every one of them.
    pub fn policy(&self) -> Result<Policy, PolicyError> {
        Policy::parse(self.document)
    }
}
