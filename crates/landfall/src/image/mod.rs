//! `landfall image`: the images of a center, directly on its data directory.
//!
//! It works beside a running center. It needs no AccessKey: whoever may read the data directory and the master key owns
//! the center anyway. The master key is needed because an image is trusted by the signature of this center alone.

mod checks;
mod damage;
mod export;
mod list;
mod progress;
mod remove;
mod shelf;
mod show;
mod stop;
mod test_boot;
mod verify;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::{
    location::Storage,
    output::{Output, OutputArgs, Said, Screen},
};

pub(crate) use shelf::Shelf;

/// Options of `landfall image`.
#[derive(Args)]
pub(crate) struct ImageArgs {
    #[command(subcommand)]
    command: ImageCommand,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    storage: Storage,
}

#[derive(Subcommand)]
enum ImageCommand {
    /// List images, oldest first, and whether this center signed them
    List,
    /// Show an image: where it comes from, its disks, who signed it, the room it takes
    Show(ImageArg),
    /// Read an image, or a file exported of it, and say whether it is what was signed or which bytes differ
    Verify(verify::VerifyArgs),
    /// Write a disk of an image to a file, checked on the way
    Export(export::ExportArgs),
    /// Start an image in QEMU without any network, wait for a text on its serial line, and leave the image as it is
    TestBoot(test_boot::TestBootArgs),
    /// Remove an image; the others stay what they are
    Remove(ImageArg),
}

#[derive(Args)]
struct ImageArg {
    /// Id of the image
    #[arg(value_name = "m-…")]
    id: String,
}

/// How what is found is shown.
#[derive(Clone, Copy)]
struct View {
    output: Output,
    screen: Screen,
}

/// Does what `landfall image` is asked for. An image that is not what it should be is told as data, with exit code 1.
pub(crate) async fn run(args: ImageArgs) -> anyhow::Result<(Said, ExitCode)> {
    let view = View { output: args.output.output, screen: Screen::of_stdout() };
    let shelf = Shelf::open(&args.storage).await?;
    let done = |said| (said, ExitCode::SUCCESS);
    match args.command {
        ImageCommand::List => list::run(&shelf, view).map(done),
        ImageCommand::Show(image) => show::run(&shelf, &image.id, view).await.map(done),
        ImageCommand::Verify(args) => verify::run(&shelf, &args, view).await,
        ImageCommand::Export(args) => export::run(&shelf, args, view).await.map(done),
        ImageCommand::TestBoot(args) => test_boot::run(&shelf, args, view).await,
        ImageCommand::Remove(image) => remove::run(&shelf, &image.id).await.map(done),
    }
}
