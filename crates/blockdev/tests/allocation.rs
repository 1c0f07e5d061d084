//! Allocation maps against the truth: everything that a map calls free is overwritten, and the filesystem must not notice.
//! Needs root for loop mounts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code outside #[test] functions")]

mod kit;
mod loops;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use blockdev::allocation::{Allocation, InUse, Method, map};
use blockdev::direct::Reader;
use blockdev::{Disk, Roots, disk_at, image_disk};
use kit::{MIB, blank, format_at, partition, patch, tool};
use loops::{Loop, Mounted};

const EXT: (&str, &str) = ("mkfs.ext4", "e2fsprogs");
const XFS: (&str, &str) = ("mkfs.xfs", "xfsprogs");
const FAT: (&str, &str) = ("mkfs.vfat", "dosfstools");

#[test]
fn ext_filesystems_do_not_miss_what_is_called_free() {
    for options in [
        "-t ext4 -g 2048",
        "-t ext4 -b 1024",
        "-t ext4 -b 1024 -g 1024",
        "-t ext4 -b 2048 -I 128",
        "-t ext4 -g 2048 -O ^metadata_csum",
        "-t ext4 -b 1024 -O ^metadata_csum,uninit_bg",
        "-t ext4 -g 1024 -O ^metadata_csum,uninit_bg,^64bit",
        "-t ext4 -g 2048 -O ^metadata_csum,^uninit_bg,^64bit",
        "-t ext4 -O bigalloc -C 65536",
        "-t ext4 -b 1024 -O bigalloc -C 16384",
        "-t ext4 -g 1024 -O meta_bg,^resize_inode",
        "-t ext4 -b 1024 -g 512 -O meta_bg,^resize_inode",
        "-t ext4 -b 1024 -g 512 -O meta_bg,^resize_inode,^64bit,^flex_bg",
        "-t ext4 -b 1024 -O ^flex_bg",
        "-t ext4 -b 1024 -g 1024 -G 64",
        "-t ext4 -b 1024 -g 1024 -O sparse_super2",
        "-t ext4 -g 1024 -E packed_meta_blocks=1",
        "-t ext4 -O metadata_csum_seed -g 2048",
        "-t ext2",
        "-t ext2 -b 1024 -O ^sparse_super,^resize_inode",
        "-t ext2 -b 1024 -r 0 -O none",
        "-t ext3 -b 1024",
    ] {
        let options: Vec<&str> = ["-q", "-F"].into_iter().chain(options.split(' ')).collect();
        let case = Case::make(EXT, &options, 96 * MIB);
        case.check_free_is_free(&|image| drop(tool("e2fsck", "e2fsprogs", &["-fn", image], "")));
        let header = tool("dumpe2fs", "e2fsprogs", &["-h", case.image()], "");
        let number = |name: &str| number_after(&header, name);
        let used = (number("Block count:") - number("Free blocks:")) * number("Block size:");
        case.check_total(used, number("Block size:"));
    }
}

#[test]
fn xfs_does_not_miss_what_is_called_free() {
    for options in [
        "",
        "-d agcount=2",
        "-d agcount=5",
        "-b size=1024",
        "-m rmapbt=1,reflink=1",
        "-m rmapbt=0,reflink=0,finobt=0,inobtcount=0",
        "-m bigtime=0 -i size=1024",
    ] {
        let options: Vec<&str> = ["-q", "-f"].into_iter().chain(options.split_whitespace()).collect();
        let case = Case::make(XFS, &options, 400 * MIB);
        case.check_free_is_free(&|image| drop(tool("xfs_repair", "xfsprogs", &["-n", "-f", image], "")));
        let arguments = ["-r", "-f", "-c", "sb 0", "-c", "print dblocks fdblocks blocksize", case.image()];
        let shown = tool("xfs_db", "xfsprogs", &arguments, "");
        let number = |name: &str| number_after(&shown, name);
        let used = (number("dblocks =") - number("fdblocks =")) * number("blocksize =");
        case.check_total(used, number("blocksize ="));
    }
}

/// Through mtools: kernels without vfat are not rare.
#[test]
fn fat_does_not_miss_what_is_called_free() {
    for (options, size) in [
        ("-F 12", 8 * MIB),
        ("-F 12 -f 1", 3 * MIB),
        ("-F 16", 64 * MIB),
        ("-F 32 -s 1", 64 * MIB),
        ("-F 32", 300 * MIB),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let image = directory.path().join("disk");
        blank(&image, 0);
        format_at(&image, 0, size, FAT, &options.split(' ').collect::<Vec<_>>());
        let (files, name) = (directory.path().join("files"), image.to_str().unwrap());
        churn(&files, size);
        mtool("mcopy", &["-s", "-i", name, files.to_str().unwrap(), "::"]);
        for (index, path) in contents(&files).into_keys().enumerate() {
            if index % 3 == 0 {
                mtool("mdel", &["-i", name, &format!("::files/{}", path.display())]);
            }
        }
        tool("fsck.vfat", "dosfstools", &["-n", name], "");
        let case = Case { options: options.to_owned(), image: image.clone(), directory };
        let allocation = case.map();
        let free: u64 = allocation.free().map(|range| range.end - range.start).sum();
        assert!(free > size / 4, "{options}: only {free} bytes are free");
        let copy = case.directory.path().join("copy");
        fs::copy(&image, &copy).unwrap();
        overwrite_free(&copy, &allocation);
        tool("fsck.vfat", "dosfstools", &["-n", copy.to_str().unwrap()], "");
        let listing = |image: &Path, to: &str| {
            let out = case.directory.path().join(to);
            fs::create_dir(&out).unwrap();
            mtool("mcopy", &["-s", "-i", image.to_str().unwrap(), "::files", out.to_str().unwrap()]);
            contents(&out)
        };
        let before = listing(&image, "before");
        assert!(before.len() > 5);
        assert_eq!(before, listing(&copy, "after"), "{options}");
    }
}

fn mtool(name: &str, arguments: &[&str]) {
    tool(name, "mtools", arguments, "");
}

/// Version 4 cannot be mounted everywhere any more: `mkfs` itself puts the files in.
#[test]
fn xfs_version_4_is_mapped() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("disk");
    blank(&image, 0);
    let file = directory.path().join("file");
    fs::write(&file, vec![0x33; 3_000_000]).unwrap();
    let prototype = directory.path().join("prototype");
    let mut script = "/dev/null\n0 0\nd--755 0 0\n".to_owned();
    for index in 0..20 {
        writeln!(script, "file{index} ---644 0 0 {}", file.display()).unwrap();
    }
    fs::write(&prototype, script + "$\n").unwrap();
    let options = ["-q", "-f", "-m", "crc=0,finobt=0", "-p", prototype.to_str().unwrap()];
    format_at(&image, 0, 320 * MIB, XFS, &options);
    let case = Case { directory, image, options: "version 4".to_owned() };
    let allocation = case.map();
    assert!(
        (60_000_000 + 64 * MIB..70_000_000 + 64 * MIB).contains(&allocation.allocated_bytes()),
        "{}",
        allocation.allocated_bytes()
    );
    overwrite_free(&case.image, &allocation);
    tool("xfs_repair", "xfsprogs", &["-n", "-f", case.image()], "");
    assert_eq!(case.map().allocated_bytes(), allocation.allocated_bytes());
}

#[test]
fn a_frozen_filesystem_in_use_is_mapped_from_its_device() {
    for (kind, fstype, options) in [(EXT, "ext4", vec!["-q", "-F"]), (XFS, "xfs", vec!["-q", "-f"])] {
        let directory = tempfile::tempdir().unwrap();
        let image = directory.path().join("disk");
        blank(&image, 0);
        format_at(&image, 0, 320 * MIB, kind, &options);
        let device = Loop::attach(&image);
        let point = directory.path().join("mnt");
        let mount = Mounted::at(device.path(), "rw", &point);
        churn(&point, 320 * MIB);
        let frozen = point.to_str().unwrap();
        tool("fsfreeze", "util-linux", &["--freeze", frozen], "");
        // No assertion between freeze and thaw: a failing one would leave it frozen.
        let disk = disk_at(&Roots::default(), device.path());
        let allocation =
            disk.ok().and_then(|disk| Some(map(&Reader::open(device.path()).ok()?, &disk, InUse::Settled)));
        let copy = directory.path().join("copy");
        let copied = fs::copy(&image, &copy);
        tool("fsfreeze", "util-linux", &["--unfreeze", frozen], "");
        copied.unwrap();
        let allocation = allocation.unwrap();
        assert_eq!(allocation.regions()[0].method, Method::Blocks, "{fstype}: {:?}", allocation.regions());
        let moving = map(
            &Reader::open(device.path()).unwrap(),
            &disk_at(&Roots::default(), device.path()).unwrap(),
            InUse::Moving,
        );
        assert_eq!(moving.allocated_bytes(), 320 * MIB);
        let before = contents(&point);
        drop(mount);
        overwrite_free(&copy, &allocation);
        let point = directory.path().join("copied");
        let after = {
            let _mount = Mounted::at(&copy, "loop", &point);
            contents(&point)
        };
        assert_eq!(before, after, "{fstype}");
        let name = copy.to_str().unwrap();
        match fstype {
            "ext4" => drop(tool("e2fsck", "e2fsprogs", &["-fn", name], "")),
            _ => drop(tool("xfs_repair", "xfsprogs", &["-n", "-f", name], "")),
        }
    }
}

#[test]
fn a_partitioned_disk_is_mapped_part_by_part() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("disk");
    blank(&image, 400 * MIB);
    partition(
        &image,
        "label: gpt\nstart=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649\n\
         start=4096, size=65536, type=U\nstart=80000, size=131072\nstart=300000, size=65536, type=S\n\
         start=400000, size=65536, type=V\n",
    );
    let sector = 512;
    format_at(&image, 4096 * sector, 32 * MIB, FAT, &[]);
    format_at(&image, 80_000 * sector, 64 * MIB, EXT, &["-q", "-F"]);
    format_at(&image, 300_000 * sector, 32 * MIB, ("mkswap", "util-linux"), &[]);
    let lvm = kit::lvm_label();
    patch(&image, 400_000 * sector + 512, &lvm);
    let report = |disk: &Disk| {
        let allocation = map(&File::open(&image).unwrap(), disk, InUse::Moving);
        allocation
            .regions()
            .iter()
            .map(|region| {
                let part = region.partition.map_or("gap".to_owned(), |number| format!("partition {number}"));
                let how = match &region.method {
                    Method::Blocks => "blocks".to_owned(),
                    Method::Edges => "edges".to_owned(),
                    Method::Everything { reason } => format!("everything: {reason}"),
                };
                let percent = region.allocated_bytes * 100 / region.size_bytes;
                format!(
                    "{part} {} {percent} % of {} KiB, {how}",
                    region.format.as_str(),
                    region.size_bytes / 1024
                )
            })
            .collect::<Vec<_>>()
            .join("\n")
    };
    let disk = image_disk(&image).unwrap();
    insta::assert_snapshot!(report(&disk));

    // A hibernated system sleeps in the swap space; the ext4 has one wrong bit.
    patch(&image, 300_000 * sector + 4086, b"S1SUSPEND\0");
    patch(&image, 80_000 * sector + 1024 + 4, &[0xff]);
    let damaged = report(&disk);
    assert!(
        damaged.contains("swap 100 % of 32768 KiB, everything: a hibernated system is in it"),
        "{damaged}"
    );
    assert!(
        damaged.contains("ext4 100 % of 65536 KiB, everything: its superblock's checksum is wrong"),
        "{damaged}"
    );
}

#[test]
fn filesystems_that_were_not_unmounted_count_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    for (kind, options) in [(EXT, ["-q", "-F"]), (XFS, ["-q", "-f"])] {
        let image = directory.path().join("disk");
        blank(&image, 0);
        format_at(&image, 0, 320 * MIB, kind, &options);
        let copy = directory.path().join("copy");
        {
            let point = directory.path().join("mnt");
            let _mount = Mounted::at(&image, "loop", &point);
            churn(&point, 320 * MIB);
            tool("sync", "coreutils", &["-f", point.to_str().unwrap()], "");
            fs::copy(&image, &copy).unwrap();
        }
        let disk = image_disk(&copy).unwrap();
        let allocation = map(&File::open(&copy).unwrap(), &disk, InUse::Moving);
        assert_eq!(allocation.allocated_bytes(), disk.size_bytes, "{:?}", allocation.regions());
        fs::remove_file(&image).unwrap();
    }
}

#[test]
fn what_is_allocated_later_is_found_by_comparing_maps() {
    let case = Case::make(EXT, &["-q", "-F"], 96 * MIB);
    let earlier = case.map();
    let added = vec![0x77; 3_000_000];
    {
        let _mount = Mounted::at(&case.image, "loop", &case.directory.path().join("mnt"));
        fs::write(case.directory.path().join("mnt/added"), &added).unwrap();
    }
    let later = case.map();
    let new: u64 = later.beyond(&earlier).map(|range| range.end - range.start).sum();
    assert!((2_900_000..3_200_000).contains(&new), "{new} bytes are new");
    assert_eq!(later.beyond(&later).count(), 0);
}

/// A filesystem in an image, filled with files of which half were deleted again, and unmounted.
struct Case {
    directory: tempfile::TempDir,
    image: PathBuf,
    options: String,
}

impl Case {
    fn make(kind: (&str, &str), options: &[&str], bytes: u64) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let image = directory.path().join("disk");
        blank(&image, 0);
        format_at(&image, 0, bytes, kind, options);
        let point = directory.path().join("mnt");
        {
            let _mount = Mounted::at(&image, "loop", &point);
            churn(&point, bytes);
        }
        Self { directory, image, options: format!("{} {}", kind.0, options.join(" ")) }
    }

    fn image(&self) -> &str {
        self.image.to_str().unwrap()
    }

    fn map(&self) -> Allocation {
        let disk = image_disk(&self.image).unwrap();
        let allocation = map(&File::open(&self.image).unwrap(), &disk, InUse::Moving);
        assert_eq!(
            allocation.regions()[0].method,
            Method::Blocks,
            "{}: {:?}",
            self.options,
            allocation.regions()
        );
        allocation
    }

    /// Overwrites what is called free in a copy; the copy must be clean and have the same files.
    fn check_free_is_free(&self, fsck: &dyn Fn(&str)) {
        let allocation = self.map();
        let free: u64 = allocation.free().map(|range| range.end - range.start).sum();
        assert!(free > allocation.size_bytes() / 4, "{}: only {free} bytes are free", self.options);
        let copy = self.directory.path().join("copy");
        fs::copy(&self.image, &copy).unwrap();
        overwrite_free(&copy, &allocation);
        fsck(copy.to_str().unwrap());
        let files = |image: &Path, name: &str| {
            let point = self.directory.path().join(name);
            let _mount = Mounted::at(image, "loop,ro", &point);
            contents(&point)
        };
        let (before, after) = (files(&self.image, "before"), files(&copy, "after"));
        assert!(before.len() > 20);
        assert_eq!(before, after, "{}", self.options);
    }

    /// Checks the total against the filesystem's own: within 1 %, and a leaf at either end of each free run where blocks are
    /// smaller than leaves.
    fn check_total(&self, used: u64, block: u64) {
        let allocation = self.map();
        let (ours, runs) = (allocation.allocated_bytes(), allocation.free().count() as u64);
        let rounding = if block < 4096 { (runs + 40) * 2 * 4096 } else { 0 };
        println!("{}: {ours} bytes allocated, {used} by its own count, {runs} free runs", self.options);
        assert!(ours + used / 100 + 65536 >= used, "{}: {ours} of {used}", self.options);
        assert!(ours <= used + used / 100 + rounding + 131_072, "{}: {ours} of {used}", self.options);
    }
}

fn overwrite_free(image: &Path, allocation: &Allocation) {
    let file = OpenOptions::new().write(true).open(image).unwrap();
    let garbage = vec![0x5a; 1 << 20];
    for range in allocation.free() {
        let mut at = range.start;
        while at < range.end {
            let count = (range.end - at).min(garbage.len() as u64);
            file.write_all_at(&garbage[..usize::try_from(count).unwrap()], at).unwrap();
            at += count;
        }
    }
}

/// Fills about half of a filesystem with files of many sizes, then deletes every other one and writes into the gaps.
fn churn(point: &Path, bytes: u64) {
    let mut state = 0x1234_5678_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    fs::create_dir_all(point).unwrap();
    let mut written = 0;
    let mut files = Vec::new();
    while written < bytes / 3 {
        let size = match files.len() % 8 {
            7 => 1_500_000,
            _ => random() % 60_000 + 1,
        }
        .min(bytes / 16);
        let directory = point.join(format!("d{}", files.len() % 5));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join(format!("file{}", files.len()));
        fs::write(&path, random().to_le_bytes().repeat(usize::try_from(size / 8 + 1).unwrap())).unwrap();
        files.push(path);
        written += size;
    }
    tool("sync", "coreutils", &["-f", point.to_str().unwrap()], "");
    for path in files.iter().step_by(2) {
        fs::remove_file(path).unwrap();
    }
    for path in files.iter().step_by(4) {
        fs::write(path, random().to_le_bytes().repeat(700)).unwrap();
    }
}

fn contents(point: &Path) -> BTreeMap<PathBuf, (usize, u64)> {
    let mut found = BTreeMap::new();
    let mut directories = vec![point.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                let mut hasher = DefaultHasher::new();
                bytes.hash(&mut hasher);
                found.insert(path.strip_prefix(point).unwrap().to_owned(), (bytes.len(), hasher.finish()));
            }
        }
    }
    found
}

fn number_after(text: &str, name: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {text}"));
    line[name.len()..].trim().parse().unwrap()
}
