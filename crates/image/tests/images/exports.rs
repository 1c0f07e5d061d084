//! Exports: equal for other programs too, whole or not there.

use std::{fs, ops::ControlFlow};

use image::{Damage, Form, Format, ImageError};

use crate::bench::{Fixture, MIB, SIZE, on, run};

#[test]
fn exports_are_equal_for_qemu_too() {
    let fixture = Fixture::filled();
    let built = fixture.build("i-1").unwrap();
    let image = fixture.library.image("i-1").unwrap();
    let Form::Whole(raw) = image.form(&built.manifest.disks[0]) else { panic!("a first image is whole") };
    for (name, format) in [
        ("plain.qcow2", Format::Qcow2 { level: None }),
        ("packed.qcow2", Format::Qcow2 { level: Some(3) }),
        ("out.raw", Format::Raw),
    ] {
        let path = fixture.path(name);
        let mut passed = 0;
        image
            .export(0, &path, format, |bytes| {
                passed += bytes;
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(passed, SIZE);
        let (form, path_text) = (if format == Format::Raw { "raw" } else { "qcow2" }, path.to_str().unwrap());
        run("qemu-img", &["compare", "-f", "raw", "-F", form, raw.to_str().unwrap(), path_text]);
        if format != Format::Raw {
            let said = run("qemu-img", &["check", "-f", "qcow2", path_text]);
            assert!(said.contains("No errors were found"), "{said}");
        }
        assert_eq!(image.verify_file(0, &path, |_| ()).unwrap(), []);
        assert!(matches!(image.export(0, &path, format, on), Err(ImageError::InTheWay(_))));
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
        assert_eq!(image.verify_file(0, &path, |_| ()).unwrap(), [], "{name}");
    }
    // Changed behind our back, it is told where.
    let path = fixture.path("plain.qcow2");
    run("qemu-io", &["-f", "qcow2", "-c", "write -P 7 601M 64k", path.to_str().unwrap()]);
    let expected = Damage::Content { disk: 0, offset: 601 * MIB, length: MIB };
    assert_eq!(image.verify_file(0, &path, |_| ()).unwrap(), [expected]);
}

#[test]
fn an_export_that_is_broken_off_leaves_nothing() {
    let fixture = Fixture::filled();
    fixture.build("i-1").unwrap();
    let image = fixture.library.image("i-1").unwrap();
    let out = fixture.path("out");
    fs::create_dir(&out).unwrap();
    let mut chunks = 0;
    let stopped = image.export(0, &out.join("x"), Format::Raw, |_| {
        chunks += 1;
        if chunks > 600 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(stopped, Err(ImageError::Stopped)));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    // What comes up there meanwhile is not overwritten.
    let late = image.export(0, &out.join("x"), Format::Raw, |_| {
        fs::write(out.join("x"), "mine").unwrap();
        ControlFlow::Continue(())
    });
    assert!(matches!(late, Err(ImageError::InTheWay(_))));
    assert_eq!(fs::read_to_string(out.join("x")).unwrap(), "mine");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}
