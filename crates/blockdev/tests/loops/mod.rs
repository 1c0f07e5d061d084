//! Loop devices and mounts that go away with their values.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};

use crate::kit::tool;

#[path = "../unmount/mod.rs"]
mod unmount;

/// An image attached to a loop device.
pub(crate) struct Loop(PathBuf);

impl Loop {
    pub(crate) fn attach(image: &Path) -> Self {
        let path = tool("losetup", "mount", &["--show", "--find", image.to_str().unwrap()], "");
        Self(PathBuf::from(path.trim()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        tool("losetup", "mount", &["--detach", self.0.to_str().unwrap()], "");
    }
}

/// A filesystem in an image file, mounted.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    pub(crate) fn at(image: &Path, options: &str, point: &Path) -> Self {
        std::fs::create_dir_all(point).unwrap();
        let arguments = ["-o", options, image.to_str().unwrap(), point.to_str().unwrap()];
        tool("mount", "mount", &arguments, "");
        Self(point.to_owned())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        unmount::unmount(&self.0);
    }
}
