//! Images as their keeper meets them: made by the library under a center's key, damaged, looked at, given out.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
};

use center::{keyring::MasterKeySource, server::open_keyring};
use image::{Library, Origin, Place, Signer, Staging};
use replication::{LeafKey, Range};
use store::{Database, Location, Options};

use crate::bench::{Bench, replacements};

/// Compares with what differs from run to run and from filesystem to filesystem replaced.
macro_rules! assert_told {
    ($told:expr, @$expected:literal) => {
        let filters: Vec<_> =
            [(r"(Room +|\d MiB +)\d+\.\d [KM]iB", "${1}ROOM"), (r"(RoomBytes.: )\d+", "${1}ROOM")]
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
        job: "j-0123456789abcdefghij".to_owned(),
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
    Job  j-0123456789abcdefghij
    Run  run-1
    Started  TIME (HINT)
    Finished  TIME (HINT)
    Signed  by this center, key KEY-ID
    Made with  center 0.1.0
    Directory  DIR/data/images/m-1
    Room  ROOM

    DISK  SIZE  ROOT (BLAKE3)
    0  16.0 MiB  d177d3522a07e6da36cf186f3c2679888c4a4ce0767cc96383469e4ece156db3
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
