//! Layers: where blocks cannot be shared, only what changed is written, and no image needs another one.

use std::{fs, os::unix::fs::MetadataExt};

use image::{Form, Format, How, Room};

use crate::bench::{Fixture, MIB, Mounted, noise, on, run};

fn overlay(how: &[How]) -> (&str, u64) {
    match how {
        [How::Overlay { base, bytes, .. }] => (base, *bytes),
        other => panic!("no layer: {other:?}"),
    }
}

/// A disk of 32 MiB of which 8 MiB hold noise, and its first image.
fn first(mounted: &Mounted) -> Fixture {
    let fixture = Fixture::within(mounted.directory(), 32 * MIB + 1536);
    fixture.write(4 * MIB, &noise(8 << 20));
    let built = fixture.build_of("i-1", "j-1").unwrap();
    assert_eq!(built.how, [How::Copied { bytes: 8 * MIB }]);
    fixture
}

#[test]
fn only_what_changed_is_written_and_every_image_stays_what_it_was() {
    let mounted = Mounted::new("ext4");
    let fixture = first(&mounted);
    let states = [(5 * MIB, noise(4096)), (9 * MIB, vec![0; 131_072]), (32 * MIB, noise(1536))];
    let mut copies = vec![fs::read(fixture.path("disk-0.raw")).unwrap()];
    for (number, (at, data)) in (2..).zip(&states) {
        fixture.write(*at, data);
        copies.push(fs::read(fixture.path("disk-0.raw")).unwrap());
        let built = fixture.build_of(&format!("i-{number}"), "j-1").unwrap();
        let (base, bytes) = overlay(&built.how);
        assert_eq!(base, format!("i-{}", number - 1));
        assert!(bytes < MIB, "{bytes}");
    }
    for (number, copy) in (1..).zip(&copies) {
        let id = format!("i-{number}");
        assert_eq!(fixture.damage(&id), [], "{id}");
        let image = fixture.library.image(&id).unwrap();
        let (raw, packed) = (fixture.path(&format!("{id}.raw")), fixture.path(&format!("{id}.qcow2")));
        image.export(0, &raw, Format::Raw, on).unwrap();
        image.export(0, &packed, Format::Qcow2 { level: Some(1) }, on).unwrap();
        assert!(fs::read(&raw).unwrap() == *copy, "{id}");
        assert_eq!(image.verify_file(0, &packed, |_| ()).unwrap(), []);
        // Others read it alike.
        if let Form::Layer { layer, base } = image.form(&image.manifest().disks[0]) {
            let (layer, raw) = (layer.to_str().unwrap(), raw.to_str().unwrap());
            let said = run("qemu-img", &["check", "-f", "qcow2", layer]);
            assert!(said.contains("No errors were found"), "{said}");
            run("qemu-img", &["compare", "-f", "qcow2", "-F", "raw", layer, raw]);
            assert_eq!(fs::metadata(base).unwrap().nlink(), 4);
        }
        fs::remove_file(raw).unwrap();
    }
}

#[test]
fn any_image_may_be_removed_in_any_order() {
    for order in [["i-1", "i-2", "i-3"], ["i-3", "i-1", "i-2"], ["i-2", "i-3", "i-1"]] {
        let mounted = Mounted::new("ext4");
        let fixture = first(&mounted);
        fixture.write(5 * MIB, &noise(8192));
        overlay(&fixture.build_of("i-2", "j-1").unwrap().how);
        fixture.write(6 * MIB, &noise(8192));
        overlay(&fixture.build_of("i-3", "j-1").unwrap().how);
        for (gone, id) in order.iter().enumerate() {
            fixture.library.remove(id).unwrap();
            for left in &order[gone + 1..] {
                assert_eq!(fixture.damage(left), [], "{left} after {id}");
                let Room { own, shared } = fixture.library.image(left).unwrap().room().unwrap();
                let last = gone + 2 == order.len();
                assert_eq!(shared == 0, last, "{left} after {id}: {own} {shared}");
                assert_eq!(own >= 8 * MIB, last, "{left} after {id}: {own} {shared}");
            }
        }
        assert_eq!(fs::read_dir(fixture.path("images")).unwrap().count(), 0);
    }
}

#[test]
fn a_layer_is_only_over_an_image_of_the_same_job_that_is_there_and_alike() {
    let mounted = Mounted::new("ext4");
    let fixture = first(&mounted);
    let copied = |id, job| {
        let how = fixture.build_of(id, job).unwrap().how;
        matches!(how[..], [How::Copied { .. }])
    };
    assert!(copied("i-2", "j-2"), "another job");
    assert!(copied("i-3", ""), "no job");
    assert!(!copied("i-4", "j-1"), "the same content");
    // More than half of the content is another.
    fixture.write(4 * MIB, &noise(6 << 20).iter().map(|byte| byte ^ 1).collect::<Vec<_>>());
    assert!(copied("i-5", "j-1"), "much changed");
    assert_eq!(fs::read_dir(fixture.path("images/i-5")).unwrap().count(), 4);
    // The newest is what the next one is put over.
    fixture.write(4 * MIB, &[1; 4096]);
    let built = fixture.build_of("i-6", "j-1").unwrap();
    assert_eq!(overlay(&built.how).0, "i-5");
    for id in ["i-2", "i-3", "i-4", "i-5", "i-6"] {
        assert_eq!(fixture.damage(id), [], "{id}");
    }
}

/// A damaged base is not trusted: what differs from it is stored, whatever the reason.
#[test]
fn damage_below_does_not_reach_the_next_image() {
    let mounted = Mounted::new("ext4");
    let fixture = first(&mounted);
    crate::bench::flip(&fixture.path("images/i-1/disk-0.raw"), 5 * MIB);
    crate::bench::flip(&fixture.path("images/i-1/disk-0.raw"), 20 * MIB);
    assert!(!fixture.damage("i-1").is_empty());
    let built = fixture.build_of("i-2", "j-1").unwrap();
    assert!(overlay(&built.how).1 > 65_536);
    assert_eq!(fixture.damage("i-2"), []);
}
