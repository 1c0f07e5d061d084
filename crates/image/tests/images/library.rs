//! The library: images are made, kept apart from what changes, and removed.

use std::{fs, os::unix::fs::MetadataExt};

use image::{Form, How, ImageError};

use crate::bench::{Fixture, MIB, Mounted, SIZE, flip, noise, run};

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
    let Form::Whole(data) = image.form(&built.manifest.disks[0]) else { panic!("a first image is whole") };
    run("cmp", &[data.to_str().unwrap(), fixture.path("disk-0.raw").to_str().unwrap()]);
    assert!(fs::metadata(data).unwrap().blocks() * 512 < 16 * MIB, "the image is not sparse");
    assert!(matches!(fixture.build("i-1"), Err(ImageError::Exists(_))));
    // What the next run changes does not reach it.
    fixture.write(0, &noise(8192));
    assert_eq!(fixture.damage("i-1"), []);
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
fn blocks_are_shared_where_they_can_be_and_a_copy_is_said() {
    for (kind, shared) in [("xfs", true), ("ext4", false)] {
        let mounted = Mounted::new(kind);
        let fixture = Fixture::within(mounted.directory(), 64 * MIB);
        fixture.write(8 * MIB, &noise(1 << 20));
        let built = fixture.build("i-1").unwrap();
        let expected = if shared { How::Reflink } else { How::Copied { bytes: MIB } };
        assert_eq!(built.how, std::slice::from_ref(&expected), "{kind}");
        assert_eq!(built.manifest.disks[0].how, Some(expected), "{kind}");
        assert_eq!(fixture.damage("i-1"), [], "{kind}");
    }
}
