//! Where the running kernel keeps what the tracking program reads.

use super::btf::Btf;
use super::program::Faults;

/// Where this kernel keeps what the program reads.
#[derive(Clone, Debug)]
pub(super) struct Offsets {
    pub(super) sector: i32,
    pub(super) data_length: i32,
    pub(super) flags: i32,
    pub(super) bio: i32,
    /// The way from the request to its disk: one pointer, or two through the queue.
    pub(super) to_disk: Vec<i32>,
    pub(super) major: i32,
    pub(super) first_minor: i32,
    /// The disk's name, of 32 bytes.
    pub(super) disk_name: i32,
    pub(super) bio_next: i32,
    pub(super) bio_sector: i32,
    pub(super) bio_size: i32,
    pub(super) reads: Vec<i32>,
    pub(super) raw_writes: Vec<i32>,
    pub(super) discards: Vec<i32>,
    /// The types of the two tracepoints, for a typed program.
    pub(super) completed: Option<u32>,
    pub(super) issued: Option<u32>,
}

impl Offsets {
    /// The type of the tracepoint that a program is for.
    pub(super) const fn tracepoint_id(&self, faults: Faults) -> Option<u32> {
        match faults {
            Faults::ByHelper | Faults::Nested(_) | Faults::Classic => None,
            Faults::AtIssue => self.issued,
            _ => self.completed,
        }
    }

    /// Finds the fields; the error names the one that is missing or has another size than expected.
    pub(super) fn find(btf: &Btf<'_>) -> Result<Self, String> {
        let field = |structure: &str, name: &str, size: u32| match btf.field(structure, name) {
            Some(field) if field.size == size => Ok(field.offset),
            _ => Err(format!("{structure}.{name}")),
        };
        match btf.tracepoint("block_rq_complete").as_deref() {
            Some([request, error, bytes])
                if request == "*request" && bytes == "4" && ["1", "4"].contains(&error.as_str()) => {}
            _ => return Err("block_rq_complete(request, error, bytes)".into()),
        }
        let operations = btf.constants("REQ_OP_READ").ok_or("REQ_OP_READ")?;
        let values = |names: &[&str]| -> Vec<i32> {
            names.iter().filter_map(|name| i32::try_from(*operations.get(*name)?).ok()).collect()
        };
        let discards = values(&["REQ_OP_DISCARD", "REQ_OP_SECURE_ERASE"]);
        let raw_writes = values(&["REQ_OP_DRV_OUT", "REQ_OP_SCSI_OUT"]);
        if discards.len() != 2 || raw_writes.is_empty() {
            return Err("REQ_OP_DISCARD".into());
        }
        let iterator = btf.field("bio", "bi_iter").ok_or("bio.bi_iter")?.offset;
        Ok(Self {
            sector: field("request", "__sector", 8)?,
            data_length: field("request", "__data_len", 4)?,
            flags: field("request", "cmd_flags", 4)?,
            bio: field("request", "bio", 8)?,
            to_disk: match field("request", "rq_disk", 8) {
                Ok(disk) => vec![disk],
                Err(_) => vec![field("request", "q", 8)?, field("request_queue", "disk", 8)?],
            },
            major: field("gendisk", "major", 4)?,
            first_minor: field("gendisk", "first_minor", 4)?,
            disk_name: field("gendisk", "disk_name", 32)?,
            bio_next: field("bio", "bi_next", 8)?,
            bio_sector: iterator + field("bvec_iter", "bi_sector", 8)?,
            bio_size: iterator + field("bvec_iter", "bi_size", 4)?,
            reads: values(&["REQ_OP_READ", "REQ_OP_DRV_IN", "REQ_OP_SCSI_IN"]),
            raw_writes,
            discards,
            completed: btf.tracepoint_id("block_rq_complete"),
            issued: btf.tracepoint_id("block_rq_issue"),
        })
    }
}
