//! Workgroups: sources whose migration is followed as one.
//!
//! The status of a group is never stored: it follows from the jobs of its sources.

use crate::{
    SourceId, Timestamp, WorkgroupId,
    account::AccountId,
    job::{Cycle, Job, State},
    tag::Tag,
};

/// How many workgroups an account may have.
pub const MAX_WORKGROUPS: usize = 50;

/// How many sources a workgroup may hold.
pub const MAX_SOURCES: usize = 50;

/// A named set of sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workgroup {
    /// Names the group.
    pub id: WorkgroupId,
    /// Whose it is.
    pub account: AccountId,
    /// What people call it, unique in its account; a group may go without.
    pub name: Option<String>,
    /// Free text.
    pub description: String,
    /// Set when it is created; no operation of the contract changes them.
    pub tags: Vec<Tag>,
    /// When it was created.
    pub created: Timestamp,
}

/// The call that created a group, kept so that the same call again gives the same group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatingCall {
    /// The text the caller chose.
    pub client_token: String,
    /// What was asked for.
    pub parameters: String,
}

/// That a source is in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub workgroup: WorkgroupId,
    /// The source.
    pub source: SourceId,
}

/// How far the job of a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It was never started.
    Ready,
    /// It was started and goes on.
    Active,
    /// It makes its last copy.
    CuttingOver,
    /// It is done.
    Finished,
    /// It stopped with an error.
    Failed,
}

impl Stage {
    /// Where a job stands as its group sees it. One that expired undone wants attention as one that failed does.
    pub fn of(job: &Job) -> Self {
        let incremental = job.cycle != Cycle::Once;
        match &job.state {
            State::Running(running) if running.last && incremental => Self::CuttingOver,
            State::Stopped { last: true } if incremental => Self::CuttingOver,
            State::Running(_) | State::Stopped { .. } | State::Waiting { .. } => Self::Active,
            State::Ready => Self::Ready,
            State::Finished | State::Deleting => Self::Finished,
            State::InError { .. } | State::Expired { .. } => Self::Failed,
        }
    }
}

/// A source of a group, and its job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The source.
    pub source: SourceId,
    /// Its job's stage; `None` without a job.
    pub stage: Option<Stage>,
    /// Whether the last test of its image failed.
    pub test_failed: bool,
}

/// The status of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No job of it was started.
    NotStarted,
    /// Some job was started, and not all are done.
    InProgress,
    /// Some job makes its last copy.
    Cutover,
    /// It has sources, and the jobs of all of them are done.
    Completed,
}

impl Status {
    /// Derives the status of a group of these members.
    pub fn of(members: &[Member]) -> Self {
        let any = |wanted: Stage| members.iter().any(|member| member.stage == Some(wanted));
        if !members.is_empty() && members.iter().all(|member| member.stage == Some(Stage::Finished)) {
            Self::Completed
        } else if any(Stage::CuttingOver) {
            Self::Cutover
        } else if any(Stage::Active) || any(Stage::Finished) || any(Stage::Failed) {
            Self::InProgress
        } else {
            Self::NotStarted
        }
    }

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "NotStarted",
            Self::InProgress => "InProgress",
            Self::Cutover => "Cutover",
            Self::Completed => "Completed",
        }
    }
}

/// What needs attention in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The job of a source failed.
    InError,
    /// A source has no job.
    Unrelated,
    /// The test of an image failed.
    NotPassed,
}

impl Warning {
    const ALL: [Self; 3] = [Self::InError, Self::Unrelated, Self::NotPassed];

    /// The contract's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InError => "InError",
            Self::Unrelated => "UnRelated",
            Self::NotPassed => "NotPassed",
        }
    }

    fn concerns(self, member: &Member) -> bool {
        match self {
            Self::InError => member.stage == Some(Stage::Failed),
            Self::Unrelated => member.stage.is_none(),
            Self::NotPassed => member.test_failed,
        }
    }
}

/// The warnings of a group, each with the sources it concerns.
pub fn warnings(members: &[Member]) -> Vec<(Warning, Vec<SourceId>)> {
    let concerned = |warning: Warning| {
        let sources: Vec<_> =
            members.iter().filter(|m| warning.concerns(m)).map(|m| m.source.clone()).collect();
        (!sources.is_empty()).then_some((warning, sources))
    };
    Warning::ALL.into_iter().filter_map(concerned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(number: u8, stage: Option<Stage>) -> Member {
        Member { source: SourceId::from_random(&[number; 32]), stage, test_failed: false }
    }

    #[test]
    fn the_status_follows_from_the_jobs() {
        use Stage::{Active, CuttingOver, Failed, Finished, Ready};
        for (stages, expected) in [
            (&[][..], Status::NotStarted),
            (&[None], Status::NotStarted),
            (&[Some(Ready), None], Status::NotStarted),
            (&[Some(Ready), Some(Active)], Status::InProgress),
            (&[Some(Failed)], Status::InProgress),
            (&[Some(Finished), None], Status::InProgress),
            (&[Some(Finished), Some(Ready)], Status::InProgress),
            (&[Some(Active), Some(CuttingOver)], Status::Cutover),
            (&[Some(Finished), Some(CuttingOver)], Status::Cutover),
            (&[Some(Finished), Some(Finished)], Status::Completed),
        ] {
            let members: Vec<_> = stages.iter().zip(0..).map(|(stage, n)| member(n, *stage)).collect();
            assert_eq!(Status::of(&members), expected, "{stages:?}");
        }
    }

    #[test]
    fn warnings_name_the_sources_they_concern() {
        let mut tested = member(4, Some(Stage::Finished));
        tested.test_failed = true;
        let members = [member(1, None), member(2, Some(Stage::Failed)), member(3, None), tested];
        let source = |n: usize| members[n].source.clone();
        assert_eq!(
            warnings(&members),
            [
                (Warning::InError, vec![source(1)]),
                (Warning::Unrelated, vec![source(0), source(2)]),
                (Warning::NotPassed, vec![source(3)]),
            ]
        );
        assert!(warnings(&[member(1, Some(Stage::Active))]).is_empty());
    }
}
