//! What a shell sees: exit codes, pipes, help, completions.

use std::{fs::File, process::Stdio};

use crate::bench::{Bench, Done, assert_told, bare};

fn run(words: &[&str]) -> Done {
    let home = tempfile::tempdir().unwrap();
    bare(home.path()).args(words).output().unwrap().into()
}

#[test]
fn wrong_usage_is_exit_code_2_and_help_is_0() {
    for (words, code) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["token", "create", "--help"], 0),
        (&["admin", "policy", "test", "--help"], 0),
        (&["serve", "--help"], 0),
        (&["demo", "--help"], 0),
        (&["agent", "--help"], 0),
        (&["agent", "import", "--help"], 0),
        (&["job", "--help"], 0),
        (&["image", "verify", "--help"], 0),
        (&[], 2),
        (&["frobnicate"], 2),
        (&["token"], 2),
        (&["token", "show"], 2),
        (&["token", "create", "--secret", "x"], 2),
        (&["agent"], 2),
        (&["admin", "key", "disable", "not a key"], 2),
        (&["completions", "cmd"], 2),
    ] {
        let done = run(words);
        assert_eq!(done.code, code, "{words:?}: {}", done.stderr);
        let (said, silent) =
            if code == 0 { (&done.stdout, &done.stderr) } else { (&done.stderr, &done.stdout) };
        assert!(!said.is_empty() && silent.is_empty(), "{words:?}: {said} {silent}");
    }
}

#[test]
fn help_reads_well() {
    assert_told!(run(&["--help"]).told(), @r"
    Moves servers into a private cloud while they run: a self-hosted Server Migration Center

    Usage: landfall <COMMAND>

    Commands:
      serve  Run a center
      demo  Do the whole job once, on this machine, in a temporary directory
      token  Activation codes: make, list, show, disable, delete
      source  Migration sources: list, show, rename, delete
      job  Replication jobs: create, start, stop, cutover, list, show, watch, delete
      image  Images: list, show, verify, export, test-boot, remove, directly on a center's data
      console  Make a link that signs in to the web console
      api  Call any operation of the API by its name
      admin  Accounts, users, keys, policies and audit, directly on a center's data
      agent  What landfall-agent does, for machines that have this program
      completions  Print completions for a shell
      help  Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help
      -V, --version  Print version

    Environment:
      LANDFALL_ENDPOINT  the center's API [http://127.0.0.1:PORT]
      ALIBABA_CLOUD_ACCESS_KEY_ID,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET  the AccessKey to sign with
      LANDFALL_DATA_DIR,
      LANDFALL_DATABASE_URL  the center's data, for serve and admin
      LANDFALL_LOG  what is logged to standard error: warn, info, debug
      NO_COLOR  no colours

    Data goes to standard output, everything else to standard error.
    Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
    ");
    assert_told!(run(&["token", "create", "--help"]).told(), @r"
    Make an activation code and print it, this once, with the command to paste on a source

    Usage: landfall token create [OPTIONS]

    Options:
          --name <NAME>  Name, 2 to 128 characters, such as the wave of the migration it is for
          --description <TEXT>  Description, at most 256 characters
          --count <N>  How many servers may be imported with it, 1 to 1000 [default: 100]
          --ttl-days <DAYS>  For how many days it can be redeemed, 1 to 90 [default: 30]
      -h, --help  Print help

    Connection:
          --endpoint <URL>  URL of the center's API [env: LANDFALL_ENDPOINT=] [default:
                                http://127.0.0.1:PORT]
          --access-key-id <ID>  Id of the AccessKey to sign with; its secret is read from
                                ALIBABA_CLOUD_ACCESS_KEY_SECRET [env: ALIBABA_CLOUD_ACCESS_KEY_ID]
          --ca-file <FILE>  Certificates (PEM) to trust for an https endpoint, in place of the
                                system's [env: LANDFALL_CA_FILE=]
          --output <FORM>  Write the result for people or for programs [default: text] [possible
                                values: text, json]
    ");
    assert_told!(run(&["admin", "--help"]).told(), @r"
    Accounts, users, keys, policies and audit, directly on a center's data

    Usage: landfall admin [OPTIONS] <COMMAND>

    Commands:
      account  Accounts: each sees its own codes, sources and users only
      user  RAM users of an account
      key  AccessKeys of an account's owner or of a user
      policy  Policies: what users may do
      audit  Show the audit trail, newest first
      rotate-master-key  Replace the master key and seal every secret anew; centers go on beside it
      help  Print this message or the help of the given subcommand(s)

    Options:
          --account <ACCOUNT>  Number or name of the account, where there are several
          --output <FORM>  Write the result for people or for programs [default: text] [possible
                               values: text, json]
      -h, --help  Print help

    Storage:
          --data-dir <DIR>  Directory of database, master key, staging disks and images
                                    [default: /var/lib/landfall for root, else ~/.local/share/landfall]
                                    [env: LANDFALL_DATA_DIR=]
          --database-url <URL>  PostgreSQL database instead of the embedded one, such as
                                    postgres://USER@HOST/DATABASE; give a URL with a password by the
                                    environment, where other users cannot read it [env:
                                    LANDFALL_DATABASE_URL]
          --master-key-file <FILE>  File of the master key [default: master.key in the data directory];
                                    the key itself can be given in LANDFALL_MASTER_KEY instead [env:
                                    LANDFALL_MASTER_KEY_FILE=]
    ");
}

#[test]
fn a_reader_that_is_gone_is_no_failure() {
    let bench = Bench::new();
    for words in [&["api", "--list"][..], &["token", "list"], &["--help"], &["completions", "bash"]] {
        // A pipe whose reading end is closed before anything is written.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = bench.command(words).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert!(done.status.success(), "{words:?}");
        let told = String::from_utf8(done.stderr).unwrap();
        assert!(!told.contains("landfall:") && !told.contains("panicked"), "{words:?}: {told}");
    }
}

#[test]
fn a_full_disk_is_a_failure() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let home = tempfile::tempdir().unwrap();
    let done =
        bare(home.path()).args(["api", "--list"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_told!(Done::from(done).told(), @r"
    | landfall: writing the result: No space left on device (os error 28)
    [exit 1]
    ");
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]).stdout;
        for word in ["rotate-master-key", "ttl-days", "disable"] {
            assert!(script.contains(word), "{shell} {word}");
        }
    }
}
