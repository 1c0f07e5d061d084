//! Images as their keeper meets them: made by the library under a center's key, damaged, looked at, given out.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use center::{keyring::MasterKeySource, server::open_keyring};
use image::{Library, Origin, Place, Signer, Staging};
use replication::{LeafKey, Range};
use smc::{ImageId, JobId, RunId, SourceId, Timestamp, ports::JobTx};
use store::{Database, Location, Options};

use crate::bench::{Bench, replacements};

/// Compares with what differs from run to run and from filesystem to filesystem replaced.
macro_rules! assert_told {
    ($told:expr, @$expected:literal) => {
        let filters: Vec<_> =
            [
                (r"(Room +|\d MiB +|takes |took )\d+\.\d [KM]iB", "${1}ROOM"),
                (r"(sharing blocks|copying 1.0 MiB)", "HOW"),
                (r"(RoomBytes.: )\d+", "${1}ROOM"),
                (r"(after|within) [0-9.]+ s", "$1 SECONDS"),
            ]
                .into_iter()
                .chain(replacements())
                .collect();
        insta::with_settings!({ filters => filters }, {
            insta::assert_snapshot!($told, @$expected);
        });
    };
}

const KEY: LeafKey = LeafKey::new([9; 32]);
const MIB: u64 = 1 << 20;

/// The key that the bench's center signs with.
fn signer(bench: &Bench) -> Signer {
    let database = Location::Sqlite(bench.data().join("landfall.db"));
    let master = MasterKeySource::File { path: bench.data().join("master.key"), generate: false };
    let keyring = bench.runtime().block_on(async {
        open_keyring(&Database::open(&database, Options::default()).unwrap(), &master).await.unwrap()
    });
    Signer::from_seed(&keyring.image_signer_seed()).unwrap()
}

/// Makes an image of one disk that begins with the given bytes and has text at 9 MiB.
fn build(bench: &Bench, id: &str, head: &[u8], signer: &Signer) {
    let directory = tempfile::tempdir().unwrap();
    let staging = Staging::create(Place::new(directory.path(), 0), 16 * MIB, KEY).unwrap();
    let text: Vec<u8> = b"all work and no play ".iter().copied().cycle().take(1 << 20).collect();
    for (offset, data) in [(0, head), (9 * MIB, &text[..])] {
        let range = Range::new(offset, data.len() as u64, MIB).unwrap();
        staging.write(range, data, &KEY.leaves(data)).unwrap();
    }
    let origin = Origin {
        id: id.to_owned(),
        name: "web".to_owned(),
        source: "s-0123456789abcdefghij".to_owned(),
        job: format!("j-of-{id}"),
        run: "run-1".to_owned(),
        started: "2026-11-24T13:00:00Z".to_owned(),
        finished: "2026-11-24T13:10:00Z".to_owned(),
        tools: [("center".to_owned(), "0.1.0".to_owned())].into(),
    };
    let library = Library::new(bench.data().join("images"));
    library.build(origin, &[(0, &staging)], signer, |_| ()).unwrap();
}

/// What a session says, without what differs from center to center.
fn session(bench: &Bench, lines: &[&str]) -> String {
    let key = hex::encode(signer(bench).public_key().unwrap().0);
    bench.session(lines).replace(&key, "PUBLIC-KEY").replace(&key[..16], "KEY-ID")
}

fn disk(bench: &Bench, id: &str) -> PathBuf {
    bench.data().join("images").join(id).join("disk-0.raw")
}

fn flip(path: &Path, offset: u64) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 1], offset).unwrap();
}

#[test]
fn images_are_listed_shown_and_verified() {
    let bench = Bench::new();
    assert_told!(session(&bench, &["image list", "image list --output json", "image show m-1"]), @r"
    $ landfall image list
    ID  NAME  SOURCE  DISKS  ROOM  SIGNED BY  FINISHED
    | No images; a replication job makes one when its copy equals the source

    $ landfall image list --output json
    []
    | No images; a replication job makes one when its copy equals the source

    $ landfall image show m-1
    | landfall: there is no image m-1; landfall image list shows those there are
    [exit 1]
    ");
    let signer = signer(&bench);
    build(&bench, "m-1", &[7; 4096], &signer);
    build(&bench, "m-2", &[8; 4096], &Signer::from_seed(&[1; 32]).unwrap());
    build(&bench, "m-3", &[9; 4096], &signer);
    fs::write(bench.data().join("images/m-3/manifest.json"), "{").unwrap();
    assert_told!(session(&bench, &["image list", "image show m-1", "image verify m-1", "image verify m-2"]), @r"
    $ landfall image list
    ID  NAME  SOURCE  DISKS  ROOM  SIGNED BY  FINISHED
    m-3  -  -  -  -  damaged  -
    m-1  web  s-ID  1, 16.0 MiB  ROOM  this center  TIME (HINT)
    m-2  web  s-ID  1, 16.0 MiB  ROOM  another key  TIME (HINT)
    | m-3: the manifest DIR/data/images/m-3/manifest.json cannot be used: EOF while parsing an object at line 1 column 1; it was damaged, or is of a newer version

    $ landfall image show m-1
    Id  m-1
    Name  web
    Source  s-ID
    Job  j-of-m-1
    Run  run-1
    Started  TIME (HINT)
    Finished  TIME (HINT)
    Signed  by this center, key KEY-ID
    Made with  center 0.1.0
    Directory  DIR/data/images/m-1
    Room  ROOM

    DISK  SIZE  MADE BY  ROOT (BLAKE3)
    0  16.0 MiB  HOW  d177d3522a07e6da36cf186f3c2679888c4a4ce0767cc96383469e4ece156db3
    | landfall image verify m-1 reads all of it and compares

    $ landfall image verify m-1
    equal: m-1 is what this center signed (1 disk, 16.0 MiB, key KEY-ID)

    $ landfall image verify m-2
    different: m-2 is not what this center signed
      the manifest is signed by another key than this center's
    | Do not trust this image: what it says of itself is not what this center signed. Use another one
    [exit 1]
    ");
    flip(&disk(&bench, "m-1"), 9 * MIB + 5);
    flip(&disk(&bench, "m-1"), 3 * MIB);
    assert_told!(session(&bench, &["image verify m-1", "image verify m-1 --output json", "image verify m-3"]), @r#"
    $ landfall image verify m-1
    different: m-1 is not what this center signed
      disk 0 differs in the 1048576 bytes at 3145728
      disk 0 differs in the 1048576 bytes at 9437184
    | Use another image, or replicate the source again; check the disk that holds it
    [exit 1]

    $ landfall image verify m-1 --output json
    {
      "ImageId": "m-1",
      "Equal": false,
      "SignedBy": "PUBLIC-KEY",
      "CheckedBytes": 16777216,
      "Damage": [
        {
          "Kind": "Content",
          "Disk": 0,
          "Offset": 3145728,
          "Length": 1048576,
          "Message": "disk 0 differs in the 1048576 bytes at 3145728"
        },
        {
          "Kind": "Content",
          "Disk": 0,
          "Offset": 9437184,
          "Length": 1048576,
          "Message": "disk 0 differs in the 1048576 bytes at 9437184"
        }
      ]
    }
    | Use another image, or replicate the source again; check the disk that holds it
    [exit 1]

    $ landfall image verify m-3
    | landfall: the manifest DIR/data/images/m-3/manifest.json cannot be used: EOF while parsing an object at line 1 column 1; it was damaged, or is of a newer version
    [exit 1]
    "#);
}

#[test]
fn disks_are_exported_and_compared() {
    let bench = Bench::new();
    build(&bench, "m-1", &[7; 4096], &signer(&bench));
    build(&bench, "m-2", &[8; 4096], &Signer::from_seed(&[1; 32]).unwrap());
    let told = session(
        &bench,
        &[
            "image export m-1 --format qcow2 --compress --to web.qcow2",
            "image export m-1 --format raw --to web.raw --output json",
            "image export m-1 --format raw --to web.raw",
            "image export m-1 --format raw --compress --to other.raw",
            "image export m-1 --format raw --disk 3 --to other.raw",
            "image export m-2 --format raw --to other.raw",
            "image export m-1 --format raw --to missing/other.raw",
            "image verify m-1 --against web.qcow2",
            "image verify m-1 --against web.raw",
            "image verify m-1 --against missing.raw",
            "image verify m-2 --against web.raw",
        ],
    );
    assert_told!(told, @r#"
    $ landfall image export m-1 --format qcow2 --compress --to web.qcow2
    | Wrote disk 0 of m-1, 16.0 MiB, as qcow2 to web.qcow2; it takes ROOM
    | landfall image verify m-1 --against web.qcow2 --disk 0 compares it with what was signed

    $ landfall image export m-1 --format raw --to web.raw --output json
    {
      "ImageId": "m-1",
      "Disk": 0,
      "File": "web.raw",
      "Format": "raw",
      "SizeBytes": 16777216,
      "RoomBytes": ROOM
    }
    | Wrote disk 0 of m-1, 16.0 MiB, as raw to web.raw; it takes ROOM
    | landfall image verify m-1 --against web.raw --disk 0 compares it with what was signed

    $ landfall image export m-1 --format raw --to web.raw
    | landfall: web.raw is there already; remove it first, or choose another name
    [exit 1]

    $ landfall image export m-1 --format raw --compress --to other.raw
    | landfall: a raw file cannot be packed; leave --compress away, or use --format qcow2
    [exit 2]

    $ landfall image export m-1 --format raw --disk 3 --to other.raw
    | landfall: the image has no disk 3; its disks are listed in its manifest
    [exit 1]

    $ landfall image export m-2 --format raw --to other.raw
    | landfall: exporting m-2: the manifest is signed by another key than this center's; nothing was exported: use another image
    [exit 1]

    $ landfall image export m-1 --format raw --to missing/other.raw
    | landfall: opening missing: No such file or directory (os error 2)
    [exit 1]

    $ landfall image verify m-1 --against web.qcow2
    equal: web.qcow2 is what this center signed for m-1 (1 disk, 16.0 MiB, key KEY-ID)

    $ landfall image verify m-1 --against web.raw
    equal: web.raw is what this center signed for m-1 (1 disk, 16.0 MiB, key KEY-ID)

    $ landfall image verify m-1 --against missing.raw
    | landfall: opening missing.raw: No such file or directory (os error 2)
    [exit 1]

    $ landfall image verify m-2 --against web.raw
    different: web.raw is not what this center signed for m-2
      the manifest is signed by another key than this center's
      disk 0 differs in the 1048576 bytes at 0
    | Do not trust this image: what it says of itself is not what this center signed. Use another one
    [exit 1]
    "#);
    flip(&bench.path().join("web.raw"), 9 * MIB + 5);
    assert_told!(session(&bench, &["image verify m-1 --against web.raw --disk 0"]), @r"
    $ landfall image verify m-1 --against web.raw --disk 0
    different: web.raw is not what this center signed for m-1
      disk 0 differs in the 1048576 bytes at 9437184
    | Export it again with landfall image export, and copy it without a change
    [exit 1]
    ");
    flip(&disk(&bench, "m-1"), 9 * MIB + 5);
    assert_told!(session(&bench, &["image export m-1 --format raw --to other.raw"]), @r"
    $ landfall image export m-1 --format raw --to other.raw
    | landfall: disk 0 differs from the manifest, first at byte 9437184; nothing was exported: use another image
    [exit 1]
    ");
    let left: Vec<_> = fs::read_dir(bench.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("other")), "{left:?}");
}

#[test]
fn an_image_is_removed_unless_it_is_used() {
    let bench = Bench::new();
    build(&bench, "m-1", &[7; 4096], &signer(&bench));
    let library = Library::new(bench.data().join("images"));
    let held = library.image("m-1").unwrap();
    assert_told!(session(&bench, &["image remove m-1"]), @r"
    $ landfall image remove m-1
    | landfall: image m-1 is in use: it is being verified, exported, started or removed; try again when that is done
    [exit 1]
    ");
    drop(held);
    assert_told!(session(&bench, &["image remove m-1", "image remove m-1", "image remove ../m-1"]), @r#"
    $ landfall image remove m-1
    | Removed m-1
    | It took ROOM

    $ landfall image remove m-1
    | landfall: there is no image m-1; landfall image list shows those there are
    [exit 1]

    $ landfall image remove ../m-1
    | landfall: "../m-1" cannot name an image: use 1 to 64 letters, digits, hyphens and underscores
    [exit 1]
    "#);
    assert_eq!(library.ids().unwrap(), [""; 0]);
    // The center's record goes as well, and also when its files are gone.
    for id in ["m-0123456789abcdefghij", "m-1123456789abcdefghij"] {
        record(&bench, id);
    }
    build(&bench, "m-0123456789abcdefghij", &[7; 4096], &signer(&bench));
    let lines = ["image remove m-0123456789abcdefghij", "image remove m-1123456789abcdefghij"];
    assert_told!(session(&bench, &[lines, lines].concat()), @r"
    $ landfall image remove m-0123456789abcdefghij
    | Removed m-0123456789abcdefghij
    | It took ROOM

    $ landfall image remove m-1123456789abcdefghij
    | Removed the center's record of m-1123456789abcdefghij, whose files were gone

    $ landfall image remove m-0123456789abcdefghij
    | landfall: there is no image m-0123456789abcdefghij; landfall image list shows those there are
    [exit 1]

    $ landfall image remove m-1123456789abcdefghij
    | landfall: there is no image m-1123456789abcdefghij; landfall image list shows those there are
    [exit 1]
    ");
}

/// Has the center know of an image.
fn record(bench: &Bench, id: &str) {
    let accounts = bench.json(&["admin", "account", "list", "--output", "json"]);
    let image = smc::job::Image {
        id: ImageId::parse(id).unwrap(),
        account: accounts[0]["AccountId"].as_str().unwrap().parse().unwrap(),
        job: JobId::parse("j-0123456789abcdefghij").unwrap(),
        run: RunId::parse("run-0123456789abcdefghij").unwrap(),
        source: SourceId::parse("s-0123456789abcdefghij").unwrap(),
        name: id.to_owned(),
        created: Timestamp::from_unix(1_795_000_000),
        size_bytes: 16 * MIB,
        roots: Vec::new(),
        storage: String::new(),
    };
    let location = Location::Sqlite(bench.data().join("landfall.db"));
    let database = Database::open(&location, Options::default()).unwrap();
    let inserted = database.write(move |tx| tx.insert_image(&image));
    bench.runtime().block_on(inserted).unwrap();
}

/// Sends its text to the first serial port and halts: the first sector of a disk, for a PC's old firmware.
fn boot_sector(text: &str) -> Vec<u8> {
    let mut sector = vec![
        0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x15, 0x7c, 0xba, 0xf8, 0x03, 0xac, 0x84, 0xc0, 0x74, 0x03, 0xee, 0xeb,
        0xf8, 0xf4, 0xeb, 0xfd,
    ];
    sector.extend(text.as_bytes());
    sector.resize(510, 0);
    sector.extend([0x55, 0xaa]);
    sector.resize(4096, 0);
    sector
}

#[test]
fn an_image_is_started() {
    let bench = Bench::new();
    build(&bench, "m-1", &boot_sector("Debian GNU/Linux 13 web ttyS0\r\n\r\nweb login: "), &signer(&bench));
    // Where KVM is there, it may be used; whether it is there differs from machine to machine.
    let told = session(
        &bench,
        &[
            "image test-boot m-1 --timeout 120 --memory 128",
            "image test-boot m-1 --timeout 4 --memory 128 --expect hello",
        ],
    );
    let told = told.replace("kvm", "ACCELERATOR").replace("tcg", "ACCELERATOR");
    assert_told!(told, @r#"
    $ landfall image test-boot m-1 --timeout 120 --memory 128
    Start  up: "login:" came up after SECONDS
    Firmware  bios, by the disk's partition table
    Accelerator  ACCELERATOR
    Image  untouched: all of it is what this center signed

    $ landfall image test-boot m-1 --timeout 4 --memory 128 --expect hello
    Start  not up: no "hello" within SECONDS
    Firmware  bios, by the disk's partition table
    Accelerator  ACCELERATOR
    Image  untouched: all of it is what this center signed

    The last that it said on its serial line:
      Debian GNU/Linux 13 web ttyS0
      web login:
    | Give it more time with --timeout, or say what it prints when it is up with --expect
    [exit 1]
    "#);
    let mut bare = bench.command(&["image", "test-boot", "m-1"]);
    let without_qemu = bare.env("PATH", "/nonexistent").output().unwrap();
    assert_told!(crate::bench::Done::from(without_qemu).told(), @r"
    | landfall: qemu-system-x86_64 was not found; install it (Debian: apt install qemu-system-x86), then try again
    [exit 1]
    ");
}

#[test]
fn what_was_found_of_an_image_is_kept_with_it_and_told_in_the_trail() {
    let bench = Bench::new();
    let id = "m-2123456789abcdefghij";
    build(&bench, id, &boot_sector("web login: "), &signer(&bench));
    record(&bench, id);
    let lines = [
        format!("image test-boot {id} --timeout 4 --memory 128 --expect hello"),
        format!("image test-boot {id} --timeout 120 --memory 128"),
    ];
    let shown = format!("image show {id} --output json");
    let checks = |bench: &Bench| {
        let shown: Vec<_> = shown.split(' ').collect();
        let checks = bench.json(&shown)["Checks"].as_array().unwrap().clone();
        let told = checks.iter().map(|check| {
            assert!(Timestamp::parse(check["Time"].as_str().unwrap()).is_some());
            format!("{} {}", check["Kind"].as_str().unwrap(), check["Result"].as_str().unwrap())
        });
        let mut told: Vec<_> = told.collect();
        told.sort();
        told.join(", ")
    };
    assert_eq!(checks(&bench), "");
    bench.session(&[&lines[0]]);
    assert_eq!(checks(&bench), "TestBoot Failed, Verification Passed");
    bench.session(&[&lines[1]]);
    assert_eq!(checks(&bench), "TestBoot Passed, Verification Passed");
    // An exported file is not what the center has.
    let exported = bench.data().join("exported.raw");
    let exported = exported.to_str().unwrap();
    bench.session(&[&format!("image export {id} --format raw --to {exported}")]);
    flip(Path::new(exported), 9 * MIB);
    bench.session(&[&format!("image verify {id} --against {exported}")]);
    assert_eq!(checks(&bench), "TestBoot Passed, Verification Passed");
    flip(&disk(&bench, id), 9 * MIB + 5);
    bench.session(&[&format!("image verify {id}")]);
    assert_eq!(checks(&bench), "TestBoot Passed, Verification Failed");
    let told = bench.session(&[&format!("image show {id}")]);
    assert!(told.contains("Verified") && told.contains("failed, "), "{told}");
    assert!(told.contains(r#""login:" came up after"#), "{told}");
    let trail = bench.session(&["admin audit"]);
    for line in ["image.booted", "image.verified", "Failed: no", r#"Passed: "login:" came up"#] {
        assert!(trail.contains(line), "{line}: {trail}");
    }
}

#[test]
fn ctrl_c_ends_a_start_and_its_machine() {
    let bench = Bench::new();
    build(&bench, "m-1", &[7; 4096], &signer(&bench));
    let mut command = bench.command(&["image", "test-boot", "m-1", "--timeout", "600", "--memory", "64"]);
    let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = process.id();
    while !qemus().contains(&id) {
        std::thread::yield_now();
    }
    let signalled = Command::new("kill").args(["-INT", &id.to_string()]).status().unwrap();
    assert!(signalled.success());
    assert_told!(crate::bench::Done::from(process.wait_with_output().unwrap()).told(), @r"
    | landfall: stopped; nothing was changed
    [exit 1]
    ");
    assert!(!qemus().contains(&id), "QEMU outlived its start");
}

/// The parents of the running QEMUs.
fn qemus() -> Vec<u32> {
    let statuses = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.unwrap().path().join("stat")).ok());
    statuses
        .filter(|stat| stat.contains("(qemu-system-x86"))
        .filter_map(|stat| stat.rsplit(") ").next()?.split(' ').nth(1)?.parse().ok())
        .collect()
}
