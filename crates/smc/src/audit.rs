//! The audit trail: who did what to a code, a source, a job, an image, a workgroup or an identity, and who signed in, when, from
//! where, and what was refused and why.
//!
//! Events are only ever added. None carries the value of a code: there is no field it could be put in that
//! is not written by this crate.

use crate::{Timestamp, account::AccountId};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A code was created.
    TokenCreated,
    /// A code was switched off.
    TokenDisabled,
    /// A code was removed.
    TokenDeleted,
    /// A use of a code was spent and a source created.
    TokenRedeemed,
    /// A real code was presented and refused.
    TokenRefused,
    /// A machine that was imported before came again; nothing was spent.
    SourceReturned,
    /// A machine that was imported before came again with a new key of its agent.
    SourceRekeyed,
    /// A source was removed.
    SourceDeleted,
    /// A job was created.
    JobCreated,
    /// A job's settings were changed.
    JobChanged,
    /// A run of a job began.
    JobStarted,
    /// A job was stopped.
    JobStopped,
    /// An incremental job was cut over.
    JobCutOver,
    /// A run of an incremental job made its image.
    JobRan,
    /// A job came to its end.
    JobFinished,
    /// A run of a job failed.
    JobFailed,
    /// A job is past its time.
    JobExpired,
    /// A job was deleted.
    JobDeleted,
    /// An image was read and compared with what was signed.
    ImageVerified,
    /// An image was started in a virtual machine.
    ImageBooted,
    /// A workgroup was created.
    WorkgroupCreated,
    /// A workgroup was renamed or described anew.
    WorkgroupChanged,
    /// Sources were put into a workgroup.
    WorkgroupJoined,
    /// Sources were taken out of a workgroup.
    WorkgroupLeft,
    /// A workgroup was removed.
    WorkgroupDeleted,
    /// Somebody signed in to the console.
    SessionBegan,
    /// Somebody signed out of the console.
    SessionEnded,
    /// Somebody gave a wrong secret of an AccessKey to the console, or a disabled key.
    SessionRefused,
    /// An account was made.
    AccountCreated,
    /// The master key was rotated, which concerns every account.
    MasterKeyRotated,
    /// A user was made.
    UserCreated,
    /// A user was removed, with its keys.
    UserDeleted,
    /// An AccessKey was made.
    KeyCreated,
    /// An AccessKey was switched on.
    KeyEnabled,
    /// An AccessKey was switched off.
    KeyDisabled,
    /// An AccessKey was removed.
    KeyDeleted,
    /// A policy was written under a new name.
    PolicyCreated,
    /// A policy was written anew.
    PolicyChanged,
    /// A policy was removed.
    PolicyDeleted,
    /// A user was given a policy.
    PolicyAttached,
    /// A policy was taken from a user.
    PolicyDetached,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 41] = [
        Self::TokenCreated,
        Self::TokenDisabled,
        Self::TokenDeleted,
        Self::TokenRedeemed,
        Self::TokenRefused,
        Self::SourceReturned,
        Self::SourceRekeyed,
        Self::SourceDeleted,
        Self::JobCreated,
        Self::JobChanged,
        Self::JobStarted,
        Self::JobStopped,
        Self::JobCutOver,
        Self::JobRan,
        Self::JobFinished,
        Self::JobFailed,
        Self::JobExpired,
        Self::JobDeleted,
        Self::ImageVerified,
        Self::ImageBooted,
        Self::WorkgroupCreated,
        Self::WorkgroupChanged,
        Self::WorkgroupJoined,
        Self::WorkgroupLeft,
        Self::WorkgroupDeleted,
        Self::SessionBegan,
        Self::SessionEnded,
        Self::SessionRefused,
        Self::AccountCreated,
        Self::MasterKeyRotated,
        Self::UserCreated,
        Self::UserDeleted,
        Self::KeyCreated,
        Self::KeyEnabled,
        Self::KeyDisabled,
        Self::KeyDeleted,
        Self::PolicyCreated,
        Self::PolicyChanged,
        Self::PolicyDeleted,
        Self::PolicyAttached,
        Self::PolicyDetached,
    ];

    /// The word in the store and in front of people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TokenCreated => "token.created",
            Self::TokenDisabled => "token.disabled",
            Self::TokenDeleted => "token.deleted",
            Self::TokenRedeemed => "token.redeemed",
            Self::TokenRefused => "token.refused",
            Self::SourceReturned => "source.returned",
            Self::SourceRekeyed => "source.rekeyed",
            Self::SourceDeleted => "source.deleted",
            Self::JobCreated => "job.created",
            Self::JobChanged => "job.changed",
            Self::JobStarted => "job.started",
            Self::JobStopped => "job.stopped",
            Self::JobCutOver => "job.cutover",
            Self::JobRan => "job.ran",
            Self::JobFinished => "job.finished",
            Self::JobFailed => "job.failed",
            Self::JobExpired => "job.expired",
            Self::JobDeleted => "job.deleted",
            Self::ImageVerified => "image.verified",
            Self::ImageBooted => "image.booted",
            Self::WorkgroupCreated => "workgroup.created",
            Self::WorkgroupChanged => "workgroup.changed",
            Self::WorkgroupJoined => "workgroup.joined",
            Self::WorkgroupLeft => "workgroup.left",
            Self::WorkgroupDeleted => "workgroup.deleted",
            Self::SessionBegan => "session.began",
            Self::SessionEnded => "session.ended",
            Self::SessionRefused => "session.refused",
            Self::AccountCreated => "account.created",
            Self::MasterKeyRotated => "master-key.rotated",
            Self::UserCreated => "user.created",
            Self::UserDeleted => "user.deleted",
            Self::KeyCreated => "key.created",
            Self::KeyEnabled => "key.enabled",
            Self::KeyDisabled => "key.disabled",
            Self::KeyDeleted => "key.deleted",
            Self::PolicyCreated => "policy.created",
            Self::PolicyChanged => "policy.changed",
            Self::PolicyDeleted => "policy.deleted",
            Self::PolicyAttached => "policy.attached",
            Self::PolicyDetached => "policy.detached",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == text)
    }
}

/// One line of the trail, before it has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose trail it belongs to.
    pub account: AccountId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
    /// The id of what it happened to.
    pub resource: String,
    /// Who: an ARN, `machine:` and the start of a machine's identity, `center` for what it does by
    /// itself, `operator` for whoever administers it on its own machine, or `unknown`.
    pub actor: String,
    /// From where; empty for work done on the center's own machine.
    pub address: String,
    /// What else there is to know: the source created, the reason of a refusal.
    pub detail: String,
}

/// One line of the trail as it is read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number; later events have greater ones.
    pub id: i64,
    /// What it says.
    pub entry: Entry,
}

/// Which events to read; an empty field does not limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this event.
    pub event: Option<Event>,
    /// Only events of this code, source, job, image, workgroup, user, key or policy.
    pub resource: Option<String>,
    /// Only what this one did.
    pub actor: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Only events with a smaller number: the next page.
    pub before: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::Event;

    #[test]
    fn event_words_read_back() {
        for event in Event::ALL {
            assert_eq!(Event::parse(event.as_str()), Some(event));
        }
        assert_eq!(Event::parse("token.revealed"), None);
    }
}
