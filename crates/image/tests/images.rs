//! Images: equal to what they were made of, or what is wrong with them is named.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::{FileExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use image::{
    Boot, BootOutcome, Built, CHUNK_BYTES, Damage, Firmware, Format, How, ImageError, Library, Origin, Place,
    SignatureFault, Signer, Staging,
};
use replication::{LeafKey, Range};

const KEY: LeafKey = LeafKey::new([9; 32]);
const MIB: u64 = CHUNK_BYTES;
/// Ends with a chunk of three and a half leaves.
const SIZE: u64 = 700 * MIB + 14_336;

struct Fixture {
    directory: tempfile::TempDir,
    library: Library,
    staging: Staging,
    signer: Signer,
}

impl Fixture {
    fn new() -> Self {
        Self::of(SIZE)
    }

    fn of(size: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let staging = Staging::create(Place::new(directory.path(), 0), size, KEY).unwrap();
        let library = Library::new(directory.path().join("images"));
        Self { directory, library, staging, signer: Signer::from_seed(&[5; 32]).unwrap() }
    }

    /// A disk with text, noise and holes at places that matter: both ends, and both sides of a qcow2 table's end.
    fn filled() -> Self {
        let fixture = Self::new();
        fixture.write(0, &text(300_000 / 4096 * 4096));
        fixture.write(512 * MIB - 8192, &noise(16_384));
        fixture.write(600 * MIB, &noise(3 << 20));
        fixture.write(650 * MIB, &text(5 << 20)[..4 << 20]);
        fixture.write(700 * MIB + 4096, &noise(10_240));
        fixture
    }

    fn write(&self, offset: u64, data: &[u8]) {
        for (number, piece) in (0..).zip(data.chunks(1 << 20)) {
            let range = Range::new(offset + number * MIB, piece.len() as u64, MIB).unwrap();
            self.staging.write(range, piece, &KEY.leaves(piece)).unwrap();
        }
    }

    fn build(&self, id: &str) -> Result<Built, ImageError> {
        let origin = Origin { id: id.to_owned(), name: "web".to_owned(), ..Origin::default() };
        self.library.build(origin, &[(0, &self.staging)], &self.signer, |_| ())
    }

    fn damage(&self, id: &str) -> Vec<Damage> {
        let trusted = self.signer.public_key().unwrap();
        self.library.image(id).unwrap().verify(Some(trusted), |_| ()).unwrap().damage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|at| b"all work and no play "[at % 21]).collect()
}

/// Bytes without a pattern that zstd could find.
fn noise(length: usize) -> Vec<u8> {
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
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; install what it comes in"));
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    said
}

fn flip(path: &Path, offset: u64) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 1], offset).unwrap();
}

#[test]
fn an_image_is_what_was_copied_and_is_signed() {
    let fixture = Fixture::filled();
    let built = fixture.build("i-1").unwrap();
    assert_eq!(built.manifest.disks[0].size_bytes, SIZE);
    assert_eq!(fixture.library.ids().unwrap(), ["i-1"]);
    let image = fixture.library.image("i-1").unwrap();
    assert_eq!(*image.manifest(), built.manifest);
    let mut passed = 0;
    let verified = image.verify(None, |bytes| passed += bytes).unwrap();
    assert_eq!((verified.signed_by, verified.damage), (fixture.signer.public_key().ok(), vec![]));
    assert_eq!(passed, SIZE);
    let data = image.data(&built.manifest.disks[0]);
    run("cmp", &[data.to_str().unwrap(), fixture.path("disk-0.raw").to_str().unwrap()]);
    assert!(fs::metadata(data).unwrap().blocks() * 512 < 16 * MIB, "the image is not sparse");
    assert!(matches!(fixture.build("i-1"), Err(ImageError::Exists(_))));
    // What the next run changes does not reach it.
    fixture.write(0, &noise(8192));
    assert_eq!(fixture.damage("i-1"), []);
}

#[test]
fn every_kind_of_damage_is_named() {
    let content = |offset, length| Damage::Content { disk: 0, offset, length };
    let cases: [(&str, u64, &[Damage]); 5] = [
        ("disk-0.raw", 601 * MIB + 77, &[content(601 * MIB, MIB)]),
        ("disk-0.raw", 300 * MIB, &[content(300 * MIB, MIB)]),
        ("disk-0.raw", SIZE - 1, &[content(700 * MIB, 14_336)]),
        ("disk-0.chunks", 32, &[Damage::Chunks(0)]),
        ("manifest.sig", 40, &[Damage::Signature(SignatureFault::Unreadable)]),
    ];
    for (file, offset, expected) in cases {
        let fixture = Fixture::filled();
        fixture.build("i-1").unwrap();
        flip(&fixture.path("images/i-1").join(file), offset);
        assert_eq!(fixture.damage("i-1"), expected, "{file} {offset}");
        let exported =
            fixture.library.image("i-1").unwrap().export(0, &fixture.path("x"), Format::Raw, |_| ());
        assert_eq!(exported.is_err(), file != "manifest.sig", "{file} {offset}");
        assert_eq!(fixture.path("x").exists(), exported.is_ok());
        assert!(!fixture.path("x.part").exists());
    }
}

#[test]
fn a_manifest_of_another_content_or_key_is_named() {
    let fixture = Fixture::of(MIB);
    fixture.build("i-1").unwrap();
    let path = fixture.path("images/i-1/manifest.json");
    let original = fs::read_to_string(&path).unwrap();
    fs::write(&path, original.replace("\"web\"", "\"wed\"")).unwrap();
    assert_eq!(fixture.damage("i-1"), [Damage::Signature(SignatureFault::Wrong)]);
    fs::write(&path, &original[..original.len() - 3]).unwrap();
    assert!(matches!(fixture.library.image("i-1"), Err(ImageError::Manifest { .. })));
    fs::write(&path, original.replace("i-1", "i-2")).unwrap();
    assert!(matches!(fixture.library.image("i-1"), Err(ImageError::Manifest { .. })));
    fs::write(&path, &original).unwrap();
    let other = Signer::from_seed(&[6; 32]).unwrap().public_key().unwrap();
    let verified = fixture.library.image("i-1").unwrap().verify(Some(other), |_| ()).unwrap();
    assert_eq!(verified.damage, [Damage::Signature(SignatureFault::OtherKey)]);
    fs::remove_file(fixture.path("images/i-1/disk-0.raw")).unwrap();
    assert!(matches!(fixture.damage("i-1")[..], [Damage::Unreadable { disk: 0, .. }]));
}

#[test]
fn no_image_is_made_of_a_copy_that_was_damaged() {
    let fixture = Fixture::filled();
    fixture.staging.checkpoint().unwrap();
    flip(&fixture.path("disk-0.raw"), 602 * MIB + 5000);
    let refused = fixture.build("i-1").unwrap_err();
    let expected = 602 * MIB + 4096;
    assert!(
        matches!(refused, ImageError::CopyDamaged { disk: 0, offset } if offset == expected),
        "{refused}"
    );
    assert_eq!(fixture.library.ids().unwrap(), [""; 0]);
    assert_eq!(fs::read_dir(fixture.path("images")).unwrap().count(), 0);
}

#[test]
fn what_is_read_is_not_removed_and_what_died_is_swept() {
    let fixture = Fixture::of(MIB);
    fixture.build("i-1").unwrap();
    let image = fixture.library.image("i-1").unwrap();
    let second = fixture.library.image("i-1").unwrap();
    assert!(matches!(fixture.library.remove("i-1"), Err(ImageError::InUse(_))));
    drop((image, second));
    fixture.library.remove("i-1").unwrap();
    assert!(matches!(fixture.library.image("i-1"), Err(ImageError::Missing(_))));
    assert!(matches!(fixture.library.remove("i-1"), Err(ImageError::Missing(_))));
    fs::create_dir_all(fixture.path("images/.i-2.building/deep")).unwrap();
    fs::create_dir_all(fixture.path("images/.i-3.removed")).unwrap();
    assert_eq!(fixture.library.ids().unwrap(), [""; 0]);
    fixture.library.sweep().unwrap();
    assert_eq!(fs::read_dir(fixture.path("images")).unwrap().count(), 0);
    for id in ["", "..", "a/b", ".hidden", &"x".repeat(65)] {
        assert!(matches!(fixture.library.image(id), Err(ImageError::Id(_))), "{id}");
    }
}

#[test]
fn exports_are_equal_for_qemu_too() {
    let fixture = Fixture::filled();
    let built = fixture.build("i-1").unwrap();
    let image = fixture.library.image("i-1").unwrap();
    let raw = image.data(&built.manifest.disks[0]);
    for (name, format) in [
        ("plain.qcow2", Format::Qcow2 { level: None }),
        ("packed.qcow2", Format::Qcow2 { level: Some(3) }),
        ("out.raw", Format::Raw),
    ] {
        let path = fixture.path(name);
        let mut passed = 0;
        image.export(0, &path, format, |bytes| passed += bytes).unwrap();
        assert_eq!(passed, SIZE);
        let (form, path_text) = (if format == Format::Raw { "raw" } else { "qcow2" }, path.to_str().unwrap());
        run("qemu-img", &["compare", "-f", "raw", "-F", form, raw.to_str().unwrap(), path_text]);
        if format != Format::Raw {
            let said = run("qemu-img", &["check", "-f", "qcow2", path_text]);
            assert!(said.contains("No errors were found"), "{said}");
            assert_eq!(image.verify_qcow2(0, &path).unwrap(), []);
        }
        assert!(matches!(image.export(0, &path, format, |_| ()), Err(ImageError::Exists(_))));
    }
    let size = |name| fs::metadata(fixture.path(name)).unwrap().len();
    assert!(size("packed.qcow2") + 3 * MIB < size("plain.qcow2"), "packing did not pay");
    // What QEMU itself makes, with other cluster sizes and kinds, is read as well.
    for (name, options) in [
        ("small.qcow2", "cluster_size=4k"),
        ("large.qcow2", "cluster_size=2M,compression_type=zstd"),
        ("old.qcow2", "compat=0.10"),
    ] {
        let path = fixture.path(name);
        let packed = if name == "large.qcow2" { "-c" } else { "-p" };
        let (from, to) = (raw.to_str().unwrap(), path.to_str().unwrap());
        run("qemu-img", &["convert", "-q", packed, "-O", "qcow2", "-o", options, "-f", "raw", from, to]);
        assert_eq!(image.verify_qcow2(0, &path).unwrap(), [], "{name}");
    }
    // Changed behind our back, it is told where.
    let path = fixture.path("plain.qcow2");
    run("qemu-io", &["-f", "qcow2", "-c", "write -P 7 601M 64k", path.to_str().unwrap()]);
    let expected = Damage::Content { disk: 0, offset: 601 * MIB, length: MIB };
    assert_eq!(image.verify_qcow2(0, &path).unwrap(), [expected]);
}

/// A filesystem in a file, mounted until dropped.
struct Mounted(tempfile::TempDir);

impl Mounted {
    fn new(kind: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (file, at) = (directory.path().join("fs"), directory.path().join("at"));
        fs::File::create(&file).unwrap().set_len(400 << 20).unwrap();
        run(&format!("mkfs.{kind}"), &["-q", file.to_str().unwrap()]);
        fs::create_dir(&at).unwrap();
        run("mount", &["-o", "loop", file.to_str().unwrap(), at.to_str().unwrap()]);
        Self(directory)
    }

    fn at(&self) -> PathBuf {
        self.0.path().join("at")
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.at()).status();
    }
}

#[test]
fn blocks_are_shared_where_they_can_be_and_a_copy_is_said() {
    assert!(rustix_is_root(), "mounting filesystems needs root: run the tests as root");
    for (kind, shared) in [("xfs", true), ("ext4", false)] {
        let mounted = Mounted::new(kind);
        let staging = Staging::create(Place::new(mounted.at(), 0), 64 * MIB, KEY).unwrap();
        let data = noise(1 << 20);
        staging.write(Range::new(8 * MIB, MIB, MIB).unwrap(), &data, &KEY.leaves(&data)).unwrap();
        let library = Library::new(mounted.at().join("images"));
        let signer = Signer::from_seed(&[1; 32]).unwrap();
        let origin = Origin { id: "i-1".to_owned(), ..Origin::default() };
        let built = library.build(origin, &[(0, &staging)], &signer, |_| ()).unwrap();
        let expected = if shared { How::Reflink } else { How::Copied { bytes: MIB } };
        assert_eq!(built.how, [expected], "{kind}");
        let image = library.image("i-1").unwrap();
        assert_eq!(image.verify(None, |_| ()).unwrap().damage, [], "{kind}");
    }
}

fn rustix_is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Sends its text to the first serial port: the first sector of a disk, for a PC's old firmware.
fn boot_sector(text: &str) -> Vec<u8> {
    let mut sector = vec![
        0x31, 0xc0, // xor ax, ax
        0x8e, 0xd8, // mov ds, ax
        0xbe, 0x15, 0x7c, // mov si, text
        0xba, 0xf8, 0x03, // mov dx, the port
        0xac, // next: lodsb
        0x84, 0xc0, // test al, al
        0x74, 0x03, // jz end
        0xee, // out dx, al
        0xeb, 0xf8, // jmp next
        0xf4, // end: hlt
        0xeb, 0xfd, // jmp end
    ];
    sector.extend(text.as_bytes());
    sector.resize(510, 0);
    sector.extend([0x55, 0xaa]);
    sector.resize(4096, 0);
    sector
}

#[test]
fn an_image_is_started_and_left_as_it_is() {
    let fixture = Fixture::of(16 * MIB);
    fixture.write(0, &boot_sector("Debian GNU/Linux 12 web ttyS0\r\n\r\nweb login: "));
    fixture.build("i-1").unwrap();
    let image = fixture.library.image("i-1").unwrap();
    let boot = |firmware, pattern: &str, seconds| Boot {
        firmware,
        pattern: pattern.to_owned(),
        bound: Duration::from_secs(seconds),
        memory_mib: 128,
        scratch: fixture.directory.path().to_owned(),
    };
    let booted = image.test_boot(&boot(Firmware::Bios, "login:", 60)).unwrap();
    assert_eq!(booted.outcome, BootOutcome::Up, "{}", booted.said);
    assert!(booted.said.contains("web login:"), "{}", booted.said);
    let late = image.test_boot(&boot(Firmware::Bios, "another text", 2)).unwrap();
    assert_eq!(late.outcome, BootOutcome::TooLate, "{}", late.said);
    // The disk has nothing for UEFI, which says so itself.
    let uefi = image.test_boot(&boot(Firmware::Uefi, "BdsDxe", 120)).unwrap();
    assert_eq!(uefi.outcome, BootOutcome::Up, "{}", uefi.said);
    assert_eq!(image.verify(None, |_| ()).unwrap().damage, []);
    drop(image);
    fixture.library.remove("i-1").unwrap();
}
