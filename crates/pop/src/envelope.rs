//! Replies: one form for every success and one for every failure, in JSON or XML.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use crate::{ApiError, percent, xml};

const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=utf-8");
/// Official clients parse XML only under exactly this type.
const XML: HeaderValue = HeaderValue::from_static("text/xml;charset=utf-8");

const XML_DECLARATION: &str = "<?xml version='1.0' encoding='UTF-8'?>";

/// The form of a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// What clients get that do not ask.
    #[default]
    Json,
    /// `Format=XML`.
    Xml,
}

impl Format {
    /// Reads the value of the `Format` parameter, in any case. Absent, empty and `None` (which one official client
    /// sends) are JSON; anything else is `InvalidParameter.Format`.
    pub fn parse(value: Option<&str>) -> Result<Self, ApiError> {
        match value.unwrap_or_default() {
            "" => Ok(Self::Json),
            text if text.eq_ignore_ascii_case("json") || text.eq_ignore_ascii_case("none") => Ok(Self::Json),
            text if text.eq_ignore_ascii_case("xml") => Ok(Self::Xml),
            _ => Err(ApiError::invalid_parameter("Format", "it must be JSON or XML")),
        }
    }

    /// Finds out what a request that may be malformed wants to be answered in: the first readable `Format` in the raw
    /// query or form, otherwise JSON.
    pub fn wanted(raw_query: &str, raw_form: &[u8]) -> Self {
        let segments =
            raw_query.as_bytes().split(|&byte| byte == b'&').chain(raw_form.split(|&byte| byte == b'&'));
        let mut values = segments.filter_map(|segment| segment.strip_prefix(b"Format="));
        let value = values.next().and_then(|raw| percent::decode(raw).ok());
        Self::parse(value.as_deref()).unwrap_or_default()
    }
}

/// What an error envelope says besides the error.
pub struct ErrorContext<'a> {
    /// The id of the request: an upper-case GUID.
    pub request_id: &'a str,
    /// The value of the `Host` header as received; may be empty.
    pub host: &'a str,
    /// The product's name.
    pub product: &'a str,
    /// The form to answer in.
    pub format: Format,
}

/// Makes the reply for a failure. The HTTP layer uses it too, for what never reaches the gateway.
pub fn error_response(error: &ApiError, context: &ErrorContext<'_>) -> Response<Bytes> {
    let mut recommend = String::from("https://api.aliyun.com/troubleshoot?q=");
    percent::encode_into(&mut recommend, &error.code);
    recommend.push_str("&product=");
    percent::encode_into(&mut recommend, context.product);
    let body = match context.format {
        Format::Json => to_json(&ErrorBody {
            request_id: context.request_id,
            host_id: context.host,
            code: &error.code,
            message: &error.message,
            recommend: &recommend,
            access_denied_detail: error.access_denied_detail.as_deref(),
        }),
        Format::Xml => error_xml(error, context, &recommend),
    };
    // A status outside 4xx and 5xx would make clients take the failure for a success, or follow it somewhere.
    let status =
        StatusCode::from_u16(error.status).ok().filter(|s| s.is_client_error() || s.is_server_error());
    let mut response =
        reply(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), context.format, body, context.request_id);
    if let Some(milliseconds) = error.retry_after_ms {
        response.headers_mut().insert("x-acs-retry-after", HeaderValue::from(milliseconds));
    }
    response
}

/// Makes the reply for a success: `RequestId` first, then the members of `value`, which has to be an object or null.
/// A member `Code` is left out: one official client takes a reply that has one for a failure.
pub(crate) fn success(
    action: &str,
    value: &Value,
    format: Format,
    request_id: &str,
) -> Result<Response<Bytes>, ApiError> {
    let no_members = serde_json::Map::new();
    let members = match value {
        Value::Object(members) => members,
        Value::Null => &no_members,
        _ => return Err(ApiError::internal_error()),
    };
    let members = members.iter().filter(|(name, _)| *name != "RequestId" && *name != "Code");
    let body = match format {
        Format::Json => {
            let mut out = format!("{{\"RequestId\":{}", Value::from(request_id)).into_bytes();
            for (name, value) in members {
                out.push(b',');
                out.extend(to_json(name));
                out.push(b':');
                out.extend(to_json(value));
            }
            out.push(b'}');
            out
        }
        Format::Xml => {
            let root = format!("{action}Response");
            let mut out = String::from(XML_DECLARATION);
            xml::open(&mut out, &root);
            xml::text_element(&mut out, "RequestId", request_id);
            for (name, value) in members {
                xml::element(&mut out, name, value);
            }
            xml::close(&mut out, &root);
            out.into_bytes()
        }
    };
    Ok(reply(StatusCode::OK, format, body, request_id))
}

/// Returns the `Host` header as text, for `HostId`.
pub(crate) fn host(headers: &HeaderMap) -> std::borrow::Cow<'_, str> {
    headers.get(header::HOST).map_or_else(Default::default, |host| String::from_utf8_lossy(host.as_bytes()))
}

/// All members are strings or objects, never null: one official client panics on anything else.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorBody<'a> {
    request_id: &'a str,
    host_id: &'a str,
    code: &'a str,
    message: &'a str,
    recommend: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_denied_detail: Option<&'a crate::AccessDeniedDetail>,
}

fn error_xml(error: &ApiError, context: &ErrorContext<'_>, recommend: &str) -> Vec<u8> {
    let mut out = String::from(XML_DECLARATION);
    xml::open(&mut out, "Error");
    for (name, text) in [
        ("RequestId", context.request_id),
        ("HostId", context.host),
        ("Code", &error.code),
        ("Message", &error.message),
    ] {
        xml::text_element(&mut out, name, text);
    }
    // Percent-encoded, so it cannot hold the end of a CDATA section.
    out.push_str("<Recommend><![CDATA[");
    out.push_str(recommend);
    out.push_str("]]></Recommend>");
    if let Some(detail) = &error.access_denied_detail {
        xml::element(&mut out, "AccessDeniedDetail", &serde_json::to_value(detail).unwrap_or_default());
    }
    xml::close(&mut out, "Error");
    out.into_bytes()
}

/// Serializes what has string keys and no fallible parts, so that it cannot fail.
fn to_json(value: &(impl Serialize + ?Sized)) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn reply(status: StatusCode, format: Format, body: Vec<u8>, request_id: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, if format == Format::Xml { XML } else { JSON });
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // There is one hop, so the trace is the request: its id in the form clients expect of a trace, 32 hexadecimal digits.
    let trace_id = request_id.replace('-', "").to_ascii_lowercase();
    for (name, value) in [("x-acs-request-id", request_id), ("x-acs-trace-id", &trace_id)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}
