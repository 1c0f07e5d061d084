//! Damage: whatever bit changes in whatever file, it is named.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use image::{
    Damage, Format, How, ImageError, Opened, Place, SignatureFault, Signer, Staging, StagingError,
    qcow2::{Cluster, Qcow2Reader},
};

use crate::bench::{Fixture, KEY, MIB, Mounted, SIZE, flip, noise, on, text};

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
        let exported = fixture.library.image("i-1").unwrap().export(0, &fixture.path("x"), Format::Raw, on);
        assert_eq!(exported.is_err(), file != "manifest.sig", "{file} {offset}");
        assert_eq!(fixture.path("x").exists(), exported.is_ok());
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

/// Flips every bit of a file in turn, and tells what `check` says of each.
fn every_bit(path: &Path, mut check: impl FnMut(usize, u8)) {
    let original = fs::read(path).unwrap();
    for at in 0..original.len() {
        for bit in 0..8 {
            let mut bytes = original.clone();
            bytes[at] ^= 1 << bit;
            fs::write(path, &bytes).unwrap();
            check(at, bit);
        }
    }
    fs::write(path, &original).unwrap();
}

#[test]
fn no_bit_of_manifest_signature_and_digests_changes_unnoticed() {
    let fixture = Fixture::of(2 * MIB);
    fixture.write(0, &noise(8192));
    fixture.build("i-1").unwrap();
    let trusted = fixture.signer.public_key().unwrap();
    for name in ["manifest.json", "manifest.sig"] {
        every_bit(&fixture.path("images/i-1").join(name), |at, bit| {
            let unnoticed =
                fixture.library.image("i-1").is_ok_and(|image| image.signed_by(Some(trusted)).is_ok());
            assert!(!unnoticed, "{name} byte {at} bit {bit}");
        });
    }
    every_bit(&fixture.path("images/i-1/disk-0.chunks"), |at, bit| {
        assert_eq!(fixture.damage("i-1"), [Damage::Chunks(0)], "byte {at} bit {bit}");
    });
    assert_eq!(fixture.damage("i-1"), []);
}

/// Places in a file that differ in kind: each byte of what is sparsely written, as heads and tables are, and some of what
/// is filled with content or with nothing.
fn places(path: &Path) -> Vec<u64> {
    let bytes = fs::read(path).unwrap();
    let mut places = Vec::new();
    for (page, begin) in bytes.chunks(4096).zip((0..).step_by(4096)) {
        let written = page.iter().filter(|byte| **byte != 0).count();
        let table = (1..300).contains(&written);
        let chosen = page
            .iter()
            .enumerate()
            .filter(|(at, byte)| if table { **byte != 0 } else { *at == begin / 61 % 4096 });
        places.extend(chosen.map(|(at, _)| (begin + at) as u64));
    }
    places
}

/// Files of an image that is a layer, with places in each that differ in kind.
#[test]
fn damage_of_a_layer_is_named() {
    let mounted = Mounted::new("ext4");
    let fixture = Fixture::within(mounted.directory(), 4 * MIB);
    fixture.write(0, &noise(4 << 20));
    fixture.build_of("i-1", "j-1").unwrap();
    fixture.write(MIB, &text(65_536));
    fixture.write(2 * MIB, &vec![0; 65_536]);
    let built = fixture.build_of("i-2", "j-1").unwrap();
    assert!(matches!(built.how[..], [How::Overlay { .. }]), "{:?}", built.how);
    let directory = fixture.path("images/i-2");
    let layer = directory.join("disk-0.qcow2");
    assert_eq!(fixture.damage("i-2"), []);
    // Head, name of the base, tables, content, reference counts.
    let (mut named, mut without_effect) = (0, 0);
    for at in places(&layer) {
        flip(&layer, at);
        let damage = fixture.damage("i-2");
        assert!(damage.contains(&Damage::Layer(0)), "{at}: {damage:?}");
        let exported = fixture.library.image("i-2").unwrap().export(0, &fixture.path("x"), Format::Raw, on);
        // Reference counts and padding are nobody's content: then what is given out is still equal.
        if exported.is_ok() {
            let image = fixture.library.image("i-2").unwrap();
            assert_eq!(image.verify_file(0, &fixture.path("x"), |_| ()).unwrap(), [], "{at}");
            fs::remove_file(fixture.path("x")).unwrap();
            without_effect += 1;
        } else {
            assert!(damage.len() > 1, "{at}: {damage:?}");
            named += 1;
        }
        flip(&layer, at);
    }
    assert!(named > 20 && without_effect > 10, "{named} {without_effect}");
    // Below, where the layer has nothing, and where it hides it.
    flip(&directory.join("disk-0.base"), 3 * MIB);
    let content = Damage::Content { disk: 0, offset: 3 * MIB, length: MIB };
    for id in ["i-1", "i-2"] {
        assert_eq!(fixture.damage(id), std::slice::from_ref(&content), "{id}");
    }
    flip(&directory.join("disk-0.base"), 3 * MIB);
    flip(&directory.join("disk-0.base"), MIB);
    assert_eq!(fixture.damage("i-2"), []);
    fs::remove_file(directory.join("disk-0.base")).unwrap();
    assert!(matches!(fixture.damage("i-2")[..], [Damage::Unreadable { disk: 0, .. }]));
    fs::write(directory.join("disk-0.base"), [0; 512]).unwrap();
    assert!(matches!(fixture.damage("i-2")[..], [Damage::Unreadable { disk: 0, .. }]));
}

/// What a qcow2 holds, read in full.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut reader = Qcow2Reader::open(File::open(path).unwrap()).ok()?;
    let step = usize::try_from(reader.cluster_bytes()).unwrap();
    let mut disk = Vec::new();
    for offset in (0..reader.size()).step_by(step) {
        match reader.cluster(offset).ok()? {
            Cluster::Data(data) => disk.extend(data),
            Cluster::Absent | Cluster::Zeros => disk.resize(disk.len() + step, 0),
        }
    }
    disk.truncate(usize::try_from(reader.size()).unwrap());
    Some(disk)
}

#[test]
fn damage_of_an_exported_qcow2_is_named_or_without_effect() {
    for level in [None, Some(3)] {
        let fixture = Fixture::of(4 * MIB);
        fixture.write(0, &text(65_536));
        fixture.write(2 * MIB, &noise(65_536));
        fixture.build("i-1").unwrap();
        let image = fixture.library.image("i-1").unwrap();
        let path = fixture.path("x.qcow2");
        image.export(0, &path, Format::Qcow2 { level }, on).unwrap();
        let original = read(&path).unwrap();
        let (mut named, mut without_effect) = (0, 0);
        for at in (0..128).chain(places(&path)) {
            flip(&path, at);
            match image.verify_file(0, &path, |_| ()) {
                Ok(damage) if damage.is_empty() => {
                    assert!(read(&path).unwrap() == original, "{at}");
                    without_effect += 1;
                }
                _ => named += 1,
            }
            flip(&path, at);
        }
        assert!(named > 50 && without_effect > 10, "{named} {without_effect}");
        assert_eq!(image.verify_file(0, &path, |_| ()).unwrap(), []);
    }
}

#[test]
fn damage_of_a_raw_export_is_named() {
    let fixture = Fixture::of(4 * MIB);
    fixture.write(0, &text(65_536));
    fixture.build("i-1").unwrap();
    let image = fixture.library.image("i-1").unwrap();
    let path = fixture.path("x.raw");
    image.export(0, &path, Format::Raw, on).unwrap();
    flip(&path, 3 * MIB + 9);
    let content = Damage::Content { disk: 0, offset: 3 * MIB, length: MIB };
    assert_eq!(image.verify_file(0, &path, |_| ()).unwrap(), [content]);
    File::options().write(true).open(&path).unwrap().set_len(3 * MIB).unwrap();
    let size = Damage::Size { disk: 0, found: 3 * MIB, expected: 4 * MIB };
    assert_eq!(image.verify_file(0, &path, |_| ()).unwrap(), [size]);
}

/// Opens the staging disk of a fixture again, whose files may have changed.
fn reopened(directory: &Path) -> Result<(Staging, Opened), StagingError> {
    Staging::open(Place::new(directory, 0), SIZE, KEY)
}

#[test]
fn damage_of_a_staging_disk_is_named_before_an_image_is_made_of_it() {
    let fixture = Fixture::filled();
    fixture.staging.checkpoint().unwrap();
    let Fixture { directory, library, staging, signer } = fixture;
    drop(staging);
    let file = |kind: &str| -> PathBuf { directory.path().join(format!("disk-0.{kind}")) };
    // Content, a hole, the last leaf; the digest of content, of a hole, of the last leaf.
    let places = [
        ("raw", 5000),
        ("raw", 300 * MIB + 1),
        ("raw", SIZE - 1),
        ("leaves", 1),
        ("leaves", 300 * MIB / 4096 * 16),
        ("leaves", SIZE.div_ceil(4096) * 16 - 1),
    ];
    for (number, (kind, at)) in places.into_iter().enumerate() {
        flip(&file(kind), at);
        let (staging, _) = reopened(directory.path()).unwrap();
        let damaged = staging.verify(|_| ()).unwrap();
        let leaf = if kind == "raw" { at / 4096 } else { at / 16 };
        assert_eq!(
            damaged.iter().map(|range| range.offset()).collect::<Vec<_>>(),
            [leaf * 4096],
            "{kind} {at}"
        );
        let origin = image::Origin { id: format!("i-{number}"), ..image::Origin::default() };
        let refused = library.build(origin, &[(0, &staging)], &signer, |_| ());
        assert!(
            matches!(refused, Err(ImageError::CopyDamaged { disk: 0, offset }) if offset == leaf * 4096),
            "{kind} {at}: {refused:?}"
        );
        drop(staging);
        flip(&file(kind), at);
    }
    // What says which disk it is: no bit may change.
    for at in 0..48 {
        for bit in 0..8 {
            let state = File::options().read(true).write(true).open(file("state")).unwrap();
            let mut byte = [0];
            state.read_exact_at(&mut byte, at).unwrap();
            state.write_all_at(&[byte[0] ^ 1 << bit], at).unwrap();
            let refused = reopened(directory.path());
            assert!(matches!(refused, Err(StagingError::Foreign { .. })), "{at} {bit}: {refused:?}");
            state.write_all_at(&byte, at).unwrap();
        }
    }
    // A mark that nobody set costs reading, and changes nothing.
    flip(&file("state"), 4096 + 4);
    let (staging, opened) = reopened(directory.path()).unwrap();
    assert_eq!(opened.recovered_bytes, 64 * MIB);
    assert_eq!(staging.verify(|_| ()).unwrap(), []);
    assert_eq!(library.ids().unwrap(), [""; 0]);
}
