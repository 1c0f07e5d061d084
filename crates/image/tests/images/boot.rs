//! Starting images.

use std::{cell::Cell, time::Duration};

use image::{Boot, BootOutcome, Firmware, How};

use crate::bench::{Fixture, MIB, Mounted, noise};

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
    assert_eq!(image.firmware().unwrap(), Firmware::Bios);
    assert!(booted.said.contains("web login:"), "{}", booted.said);
    let late = image.test_boot(&boot(Firmware::Bios, "another text", 2)).unwrap();
    assert_eq!(late.outcome, BootOutcome::TooLate, "{}", late.said);
    let asked = Cell::new(0);
    let wanted = || {
        asked.set(asked.get() + 1);
        asked.get() < 3
    };
    let stopped = image.test_boot_while(&boot(Firmware::Bios, "another text", 60), &wanted).unwrap();
    assert_eq!(stopped.outcome, BootOutcome::Stopped, "{}", stopped.said);
    // The disk has nothing for UEFI, which says so itself.
    let uefi = image.test_boot(&boot(Firmware::Uefi, "BdsDxe", 120)).unwrap();
    assert_eq!(uefi.outcome, BootOutcome::Up, "{}", uefi.said);
    assert_eq!(image.verify(None, |_| ()).unwrap().damage, []);
    drop(image);
    fixture.library.remove("i-1").unwrap();
}

/// A layer is started too: its text is what the layer has, its boot sector's code is the base's.
#[test]
fn a_layer_is_started_like_a_whole_image() {
    let mounted = Mounted::new("ext4");
    let fixture = Fixture::within(mounted.directory(), 16 * MIB);
    fixture.write(8 * MIB, &noise(4 << 20));
    fixture.write(0, &boot_sector("the first text\r\n"));
    fixture.build_of("i-1", "j-1").unwrap();
    fixture.write(0, &boot_sector("another text\r\n"));
    let built = fixture.build_of("i-2", "j-1").unwrap();
    assert!(matches!(built.how[..], [How::Overlay { .. }]), "{:?}", built.how);
    let image = fixture.library.image("i-2").unwrap();
    let boot = Boot {
        firmware: Firmware::Bios,
        pattern: "another text".to_owned(),
        bound: Duration::from_mins(1),
        memory_mib: 128,
        scratch: fixture.directory.path().to_owned(),
    };
    let booted = image.test_boot(&boot).unwrap();
    assert_eq!(booted.outcome, BootOutcome::Up, "{}", booted.said);
    assert_eq!(fixture.damage("i-2"), []);
}
