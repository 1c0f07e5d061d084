//! `landfall job create`.

use clap::Args;
use serde_json::{Map, Value};
use smc_model::{Request, generated::replication_job::CreateReplicationJobRequest};

use crate::{
    client::Client,
    output::{Output, Said},
};

/// Options of `landfall job create`.
#[derive(Args)]
pub(super) struct CreateArgs {
    /// Id of the source
    #[arg(value_name = "s-…")]
    source: String,

    /// Name of the job, 2 to 128 characters
    #[arg(long)]
    name: Option<String>,

    /// What the job is for
    #[arg(long)]
    description: Option<String>,

    /// Name of the image; images of an incremental job carry the number of their cycle besides
    #[arg(long, value_name = "NAME")]
    image_name: Option<String>,

    /// Make the job incremental: hours from the end of one cycle to the start of the next, 1 to 168
    #[arg(long, value_name = "HOURS", requires = "keep")]
    every: Option<u32>,

    /// How many images an incremental job keeps, 1 to 10; the oldest unused goes first
    #[arg(long, value_name = "IMAGES", requires = "every")]
    keep: Option<u32>,

    /// Start by itself at this time, YYYY-MM-DDThh:mm:ssZ, within 30 days
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    /// When the job expires, YYYY-MM-DDThh:mm:ssZ, in 7 to 90 days [default: in 30 days]
    #[arg(long, value_name = "TIME")]
    valid_until: Option<String>,

    /// Use at most this much of the network, in KiB a second; 0 for no limit
    #[arg(long, value_name = "KIB")]
    bandwidth: Option<u64>,

    /// How hard to compress, 0 (not at all) to 10; by default the agent chooses by what it measures
    #[arg(long, value_name = "LEVEL")]
    compress: Option<u8>,

    /// Compare everything with the source by checksums at the end of each run; by default only of the run that ends the job
    #[arg(long, value_name = "WHETHER", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    checksum: Option<bool>,

    /// Region to store with the job; a private center has one
    #[arg(long, default_value = "local")]
    region: String,

    /// Name a repetition of this call, so that it makes no second job
    #[arg(long, value_name = "TOKEN")]
    client_token: Option<String>,
}

pub(super) async fn run(client: &Client, args: CreateArgs, output: Output) -> anyhow::Result<Said> {
    let given = [("RegionId".to_owned(), args.region.clone()), ("SourceId".to_owned(), args.source.clone())];
    let mut request = CreateReplicationJobRequest::parse(&given)?;
    request.replication_parameters = parameters(&args);
    request.run_once = args.every.is_none();
    request.frequency = args.every;
    request.max_number_of_image_to_keep = args.keep;
    request.scheduled_start_time = args.at;
    request.valid_time = args.valid_until;
    request.name = args.name;
    request.description = args.description;
    request.image_name = args.image_name;
    request.client_token = args.client_token;
    let created = client.call(&request).await?;
    let id = created.job_id.as_deref().unwrap_or_default();
    let next = if request.scheduled_start_time.is_some() {
        format!("It starts by itself; landfall job show {id} says when")
    } else {
        format!("Nothing is copied before: landfall job start {id}")
    };
    Ok(output.say(&created, || format!("{id}\n")).with_aside(next))
}

/// ReplicationParameters of what was given; `None` when nothing was.
fn parameters(args: &CreateArgs) -> Option<String> {
    let mut object = Map::new();
    if let Some(limit) = args.bandwidth {
        object.insert("bandwidth_limit".to_owned(), Value::from(limit));
    }
    if let Some(level) = args.compress {
        object.insert("compress_level".to_owned(), Value::from(level));
    }
    if let Some(checksum) = args.checksum {
        object.insert("checksum".to_owned(), Value::from(checksum));
    }
    (!object.is_empty()).then(|| Value::Object(object).to_string())
}
