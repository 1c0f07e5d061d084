//! A staging disk, a library, what damages them, and filesystems to have them on.

use std::{
    fs::{self, OpenOptions},
    ops::ControlFlow,
    os::unix::fs::{FileExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

use image::{Built, CHUNK_BYTES, Damage, ImageError, Library, Origin, Place, Signer, Staging};
use replication::{LeafKey, Range};

pub(crate) const KEY: LeafKey = LeafKey::new([9; 32]);
pub(crate) const MIB: u64 = CHUNK_BYTES;
/// Ends with a chunk of three and a half leaves.
pub(crate) const SIZE: u64 = 700 * MIB + 14_336;

pub(crate) struct Fixture {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) library: Library,
    pub(crate) staging: Staging,
    pub(crate) signer: Signer,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::of(SIZE)
    }

    pub(crate) fn of(size: u64) -> Self {
        Self::within(tempfile::tempdir().unwrap(), size)
    }

    /// A disk and a library in a directory.
    pub(crate) fn within(directory: tempfile::TempDir, size: u64) -> Self {
        let staging = Staging::create(Place::new(directory.path(), 0), size, KEY).unwrap();
        let library = Library::new(directory.path().join("images"));
        Self { directory, library, staging, signer: Signer::from_seed(&[5; 32]).unwrap() }
    }

    /// A disk with text, noise and holes at places that matter: both ends, and both sides of a qcow2 table's end.
    pub(crate) fn filled() -> Self {
        let fixture = Self::new();
        fixture.write(0, &text(300_000 / 4096 * 4096));
        fixture.write(512 * MIB - 8192, &noise(16_384));
        fixture.write(600 * MIB, &noise(3 << 20));
        fixture.write(650 * MIB, &text(5 << 20)[..4 << 20]);
        fixture.write(700 * MIB + 4096, &noise(10_240));
        fixture
    }

    pub(crate) fn write(&self, offset: u64, data: &[u8]) {
        for (number, piece) in (0..).zip(data.chunks(1 << 20)) {
            let range = Range::new(offset + number * MIB, piece.len() as u64, MIB).unwrap();
            self.staging.write(range, piece, &KEY.leaves(piece)).unwrap();
        }
    }

    pub(crate) fn build(&self, id: &str) -> Result<Built, ImageError> {
        self.build_of(id, "")
    }

    /// Makes an image of a run of a job.
    pub(crate) fn build_of(&self, id: &str, job: &str) -> Result<Built, ImageError> {
        let origin =
            Origin { id: id.to_owned(), name: "web".to_owned(), job: job.to_owned(), ..Origin::default() };
        self.library.build(origin, &[(0, &self.staging)], &self.signer, |_| ())
    }

    pub(crate) fn damage(&self, id: &str) -> Vec<Damage> {
        let trusted = self.signer.public_key().unwrap();
        self.library.image(id).unwrap().verify(Some(trusted), |_| ()).unwrap().damage
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

pub(crate) fn text(length: usize) -> Vec<u8> {
    (0..length).map(|at| b"all work and no play "[at % 21]).collect()
}

/// Bytes without a pattern that zstd could find.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// Runs a program of the test's surroundings; gives what it said.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; install what it comes in"));
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    said
}

pub(crate) fn flip(path: &Path, offset: u64) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 1], offset).unwrap();
}

/// A filesystem in a file, mounted until dropped.
pub(crate) struct Mounted(tempfile::TempDir);

impl Mounted {
    pub(crate) fn new(kind: &str) -> Self {
        assert!(is_root(), "mounting filesystems needs root: run the tests as root");
        let directory = tempfile::tempdir().unwrap();
        let (file, at) = (directory.path().join("fs"), directory.path().join("at"));
        fs::File::create(&file).unwrap().set_len(400 << 20).unwrap();
        run(&format!("mkfs.{kind}"), &["-q", file.to_str().unwrap()]);
        fs::create_dir(&at).unwrap();
        run("mount", &["-o", "loop", file.to_str().unwrap(), at.to_str().unwrap()]);
        Self(directory)
    }

    /// A directory in it.
    pub(crate) fn directory(&self) -> tempfile::TempDir {
        tempfile::tempdir_in(self.at()).unwrap()
    }

    pub(crate) fn at(&self) -> PathBuf {
        self.0.path().join("at")
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.at()).status();
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// For exports that are wanted to their end.
pub(crate) fn on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
