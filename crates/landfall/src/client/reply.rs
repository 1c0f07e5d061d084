//! A center's answer: a reply of an operation, or a refusal in the error envelope.

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, de::DeserializeOwned};
use smc_model::Operation;

use super::failure::{Refused, Unanswered};

/// The form a reply is asked for in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    #[default]
    Json,
    Xml,
}

/// The reply of an operation, as it came.
pub(crate) struct Reply {
    body: Bytes,
    format: Format,
}

/// Why an answer is no reply.
pub(super) enum Failure {
    /// It is a refusal.
    Refused(Box<Refused>),
    /// It is nothing of the API.
    Unanswered(Unanswered),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorBody {
    request_id: String,
    code: String,
    message: String,
    access_denied_detail: Option<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Detail {
    auth_action: String,
    auth_principal_display_name: String,
    no_permission_type: String,
}

impl Reply {
    /// Reads a JSON reply.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| error.to_string())
    }

    /// The reply for a person or a pipe: JSON indented, XML as it came; one line break at its end.
    pub(crate) fn text(&self) -> String {
        let indented = || {
            let value: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
            serde_json::to_string_pretty(&value).ok()
        };
        let indented = if self.format == Format::Json { indented() } else { None };
        let mut text = indented.unwrap_or_else(|| String::from_utf8_lossy(&self.body).into_owned());
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }
}

/// Tells replies from refusals, and both from what is no answer of the API.
pub(super) fn read(operation: &Operation, answer: Response<Bytes>, format: Format) -> Result<Reply, Failure> {
    let (status, of_the_api) = (answer.status(), answer.headers().contains_key("x-acs-request-id"));
    let body = answer.into_body();
    if status.is_success() && of_the_api {
        return Ok(Reply { body, format });
    }
    let parsed = match format {
        Format::Json => serde_json::from_slice::<ErrorBody>(&body).ok(),
        Format::Xml => from_xml(&String::from_utf8_lossy(&body)),
    };
    match parsed {
        Some(error) if !status.is_success() => Err(Failure::Refused(Box::new(Refused {
            action: operation.name.to_owned(),
            status: status.as_u16(),
            code: error.code,
            message: without_signed_text(&error.message).to_owned(),
            request_id: error.request_id,
            denied: error.access_denied_detail.map(Detail::told),
        }))),
        _ => Err(Failure::Unanswered(Unanswered::Stranger(status.as_u16()))),
    }
}

/// A message without what the center signed, which is for those who write a signer and a page long.
fn without_signed_text(message: &str) -> &str {
    message.split_once(" server StringToSign").map_or(message, |(before, _)| before)
}

impl Detail {
    fn told(self) -> String {
        let kind = match self.no_permission_type.as_str() {
            "ExplicitDeny" => "a policy denies it",
            _ => "no policy allows it",
        };
        format!("{} to {}: {kind}", self.auth_action, self.auth_principal_display_name)
    }
}

/// Reads the error envelope of one center out of its XML; it has neither attributes nor elements of one name twice.
fn from_xml(text: &str) -> Option<ErrorBody> {
    let member = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (content, _) = rest.split_once(&format!("</{name}>"))?;
        let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
        Some(entities.iter().fold(content.to_owned(), |text, (entity, plain)| text.replace(entity, plain)))
    };
    let detail = member("AuthAction").map(|auth_action| Detail {
        auth_action,
        auth_principal_display_name: member("AuthPrincipalDisplayName").unwrap_or_default(),
        no_permission_type: member("NoPermissionType").unwrap_or_default(),
    });
    Some(ErrorBody {
        request_id: member("RequestId")?,
        code: member("Code")?,
        message: member("Message")?,
        access_denied_detail: detail,
    })
}
