//! What the generated tables are made of. Only data: reading it is left to the other modules.

/// One operation of the API, with everything that is declared about it.
#[derive(Debug)]
pub struct Operation {
    /// The product it belongs to: `smc`, or `landfall` for extensions of this center.
    pub product: &'static str,
    /// The API version, as sent in `Version` or `x-acs-version`.
    pub version: &'static str,
    /// The name, as sent in `Action` or `x-acs-action`.
    pub name: &'static str,
    /// What it is about; also the generated module its types are in.
    pub group: &'static str,
    /// One sentence in the third person.
    pub summary: &'static str,
    /// What a caller should know, as prose.
    pub description: &'static str,
    /// Whether this version of the center offers it; if not, its parameters are still validated.
    pub built: bool,
    /// HTTP methods it may be called with.
    pub methods: &'static [Method],
    /// Whether the official service takes it over HTTPS only.
    pub https_only: bool,
    /// The RAM action, such as `smc:CreateAccessToken`.
    pub action: &'static str,
    /// The RAM access level.
    pub access: Access,
    /// The resources a policy is asked about; all of them must be allowed.
    pub resources: &'static [ResourcePattern],
    /// The parameters it reads. Others are ignored.
    pub parameters: &'static [Parameter],
    /// The reply, without `RequestId`, which every reply has.
    pub response: &'static [ResponseField],
    /// Every code it may answer with beyond those of the gateway.
    pub errors: &'static [&'static str],
}

/// An HTTP method an operation may be called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
}

/// What an operation does to what it names, in RAM's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Makes something.
    Create,
    /// Reads one thing.
    Get,
    /// Reads many things.
    List,
    /// Changes something.
    Update,
    /// Removes something.
    Delete,
}

/// A resource as policies name it, after `acs:<product>:<region>:<account>:`.
#[derive(Debug)]
pub struct ResourcePattern {
    /// The relative id; `{Parameter}` stands for the value of a parameter, or `*` if it is absent.
    pub pattern: &'static str,
    /// The parameter and value under which the pattern counts at all.
    pub only_if: Option<(&'static str, &'static str)>,
}

/// One parameter, or one member of an object parameter.
#[derive(Debug)]
pub struct Parameter {
    /// The last segment of the name: `Key` for `Tag.N.Key`, `Tag` for `Tag.N`.
    pub name: &'static str,
    /// The documented name, with `N` for each index: `Tag.N.Key`.
    pub path: &'static str,
    /// The documented name without dots and `N`, as error codes carry it: `TagKey`.
    pub code_name: &'static str,
    /// What the value, or each value of a repeated parameter, is.
    pub kind: Kind,
    /// How often it may be given as `Name.1`, `Name.2`, …; absent for a parameter given once.
    pub repeat: Option<Repeat>,
    /// Whether it must be there.
    pub presence: Presence,
    /// The value that stands for an absent one, as it would be sent.
    pub default: Option<&'static str>,
    /// The code for its absence, where it is not `MissingParameter.<code_name>`.
    pub missing_code: Option<&'static str>,
    /// The code for a value outside the rule, where it is not `InvalidParameter.<code_name>`.
    pub invalid_code: Option<&'static str>,
    /// The unit of a number: `GiB`, `byte`, `hour`, `day`.
    pub unit: Option<&'static str>,
    /// A value as it might be sent.
    pub example: Option<&'static str>,
    /// What it means.
    pub description: &'static str,
    /// Whether it is ours, and not part of the public contract.
    pub extension: bool,
}

/// What a value is.
#[derive(Debug)]
pub enum Kind {
    /// A text.
    Text(Text),
    /// A whole number, never negative.
    Integer(Integer),
    /// `true` or `false`, in any case.
    Boolean,
    /// Members, named after a dot.
    Object(&'static [Parameter]),
}

/// The rule of a text.
#[derive(Debug)]
pub struct Text {
    /// The fewest characters (Unicode scalar values).
    pub min: usize,
    /// The most characters (Unicode scalar values).
    pub max: usize,
    /// What the characters must spell.
    pub format: Format,
    /// The values allowed; empty if any that fits the format.
    pub choices: &'static [&'static str],
    /// Whether a choice may be spelled in any case; it is read in the documented one.
    pub any_case: bool,
}

/// What a text must spell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Anything without control characters.
    Plain,
    /// A letter or Chinese character, then also digits, `:`, `_`, `-`; not beginning `http://` or `https://`.
    Name,
    /// As `Name`, and also `.`.
    WorkgroupName,
    /// Anything without control characters that does not begin with `http://` or `https://`.
    Description,
    /// Printable ASCII.
    Ascii,
    /// A JSON object.
    JsonObject,
    /// A moment in UTC as `YYYY-MM-DDThh:mm:ssZ`.
    UtcTime,
    /// An id of this prefix, then letters, digits, `-`, `_` or the `*` of documented samples.
    Id(&'static str),
    /// The key of a tag: not beginning `aliyun` or `acs:`, without `http://` and `https://`.
    TagKey,
    /// The value of a tag: without `http://` and `https://`.
    TagValue,
    /// The name of a user: letters, digits, `.`, `-` and `_`, not beginning with `-`.
    UserName,
    /// The name of a policy: letters, digits and `-`.
    PolicyName,
    /// The id of an AccessKey: letters, digits, `.`, `-` and `_`.
    KeyId,
}

/// The rule of a whole number.
#[derive(Debug)]
pub struct Integer {
    /// The least value.
    pub min: u64,
    /// The greatest value.
    pub max: u64,
    /// How the contract types it.
    pub width: Width,
    /// The values allowed; empty if any in range.
    pub choices: &'static [&'static str],
}

/// How the contract types a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// `int32`.
    Int32,
    /// `int64`.
    Int64,
    /// A string that holds one.
    DecimalString,
}

/// Whether a parameter must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It may be absent.
    Optional,
    /// It must be there.
    Required,
    /// It must be there if the parameter beside it has the value.
    RequiredIf(&'static str, &'static str),
    /// It must be there if the parameter beside it is.
    RequiredWith(&'static str),
}

/// How a repeated parameter may be given.
#[derive(Debug)]
pub struct Repeat {
    /// The greatest index; indexes start at 1 and may leave gaps.
    pub max: u32,
    /// The code for a greater index, where it is not `InvalidParameter.<code_name>`.
    pub exceed_code: Option<&'static str>,
    /// What must differ between elements.
    pub distinct: Distinct,
}

/// What must differ between the elements of a repeated parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distinct {
    /// Nothing.
    No,
    /// The elements; else the code.
    Values(&'static str),
    /// This member of the elements; else the code.
    Member(&'static str, &'static str),
}

/// One member of a reply.
#[derive(Debug)]
pub struct ResponseField {
    /// The name on the wire.
    pub name: &'static str,
    /// What it is.
    pub kind: ResponseKind,
    /// Whether it is left out when there is nothing to say.
    pub optional: bool,
    /// Whether it is a secret, to be shown once.
    pub secret: bool,
    /// A value as it might be returned.
    pub example: Option<&'static str>,
    /// What it means.
    pub description: &'static str,
}

/// What a member of a reply is.
#[derive(Debug)]
pub enum ResponseKind {
    /// A JSON string.
    Text,
    /// A JSON number, whole.
    Integer,
    /// A JSON number.
    Float,
    /// A JSON boolean.
    Boolean,
    /// An object.
    Object(&'static [ResponseField]),
    /// A list of strings, inside an object of this one key.
    Texts(&'static str),
    /// A list of objects, inside an object of this one key.
    Objects(&'static str, &'static [ResponseField]),
}

/// What a caller is told about an error code.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorEntry {
    /// The code; a family ends in a placeholder, as `InvalidParameter.{Parameter}`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The message, with placeholders in braces.
    pub message: &'static str,
    /// When it is answered.
    pub cause: &'static str,
    /// What the caller can do.
    pub remedy: &'static str,
}

/// What a person is told about the `ErrorCode` of a replication job.
#[derive(Debug, PartialEq, Eq)]
pub struct JobError {
    /// The code.
    pub code: &'static str,
    /// When a job has it.
    pub cause: &'static str,
    /// What can be done.
    pub remedy: &'static str,
}

impl Operation {
    /// The declaration of a parameter by its documented name, such as `Tag.N.Key`.
    pub fn parameter(&self, path: &str) -> Option<&'static Parameter> {
        find(self.parameters, path)
    }
}

impl Parameter {
    /// An optional text of any length without a description: what a table entry starts from.
    pub(crate) const NEW: Self = Self {
        name: "",
        path: "",
        code_name: "",
        kind: Kind::Boolean,
        repeat: None,
        presence: Presence::Optional,
        default: None,
        missing_code: None,
        invalid_code: None,
        unit: None,
        example: None,
        description: "",
        extension: false,
    };

    /// The members of an object; none for any other kind.
    pub fn members(&self) -> &'static [Self] {
        match self.kind {
            Kind::Object(members) => members,
            _ => &[],
        }
    }
}

impl ErrorEntry {
    /// The message with each `{name}` replaced by its value; a placeholder without a value stays.
    pub fn render(&self, values: &[(&str, &str)]) -> String {
        values
            .iter()
            .fold(self.message.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }
}

fn find(parameters: &'static [Parameter], path: &str) -> Option<&'static Parameter> {
    parameters.iter().find_map(|parameter| {
        if parameter.path == path { Some(parameter) } else { find(parameter.members(), path) }
    })
}
