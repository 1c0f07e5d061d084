//! Builds the web console with Node and writes the table of its files that `lib.rs` includes.
//!
//! `LANDFALL_CONSOLE=skip` never builds it, `=require` makes a failure fail the build. Without it a machine that has no
//! Node, or cannot reach a registry, gets a program without a console and a warning. In the work tree only
//! `console/node_modules` and `console/.cache` change; what is built goes to cargo's directory.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the console is built from, beside its sources.
const INPUTS: [&str; 6] =
    ["src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts"];

/// The oldest Node that builds it.
const LEAST_NODE: (u32, u32) = (20, 19);

fn main() -> Outcome<()> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let console =
        manifest.join("../../console").canonicalize().unwrap_or_else(|_| manifest.join("../../console"));
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-env-changed=LANDFALL_CONSOLE");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=compress.mjs");
    for input in INPUTS {
        println!("cargo::rerun-if-changed={}", console.join(input).display());
    }

    let wish = env::var("LANDFALL_CONSOLE").unwrap_or_default();
    let dist = out.join("dist");
    let built = match wish.as_str() {
        "skip" => false,
        "require" => build(&manifest, &console, &dist).map(|()| true)?,
        "" => match build(&manifest, &console, &dist) {
            Ok(()) => true,
            Err(error) => {
                println!("cargo::warning=the web console is left out: {error}");
                false
            }
        },
        other => return Err(format!("LANDFALL_CONSOLE is {other:?}; it may be skip or require").into()),
    };
    let files = if built { listed(&dist)? } else { Vec::new() };
    fs::write(out.join("files.rs"), table(&dist, &files)?)?;
    Ok(())
}

fn build(manifest: &Path, console: &Path, dist: &Path) -> Outcome<()> {
    node_is_new_enough()?;
    let cache = console.join(".cache");
    fs::create_dir_all(&cache)?;
    // Cargo may build for several profiles, and several people may build, at once.
    let lock = File::create(cache.join("build.lock"))?;
    lock.lock()?;
    install(console, &cache)?;
    let vite = console.join("node_modules/vite/bin/vite.js");
    let mut bundle = Command::new("node");
    bundle.arg(vite).args(["build", "--emptyOutDir", "--logLevel", "warn", "--outDir"]).arg(dist);
    run(bundle.current_dir(console), "bundling the console")?;
    run(Command::new("node").arg(manifest.join("compress.mjs")).arg(dist), "compressing the console")
}

fn node_is_new_enough() -> Outcome<()> {
    let told = Command::new("node")
        .arg("--version")
        .output()
        .map_err(|_| "there is no Node; install Node 20.19 or newer")?;
    let version = String::from_utf8_lossy(&told.stdout).trim().trim_start_matches('v').to_owned();
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < LEAST_NODE {
        return Err(format!("Node {version} is too old; install Node 20.19 or newer").into());
    }
    Ok(())
}

/// Installs what the lock file names, unless that was done for this very file.
fn install(console: &Path, cache: &Path) -> Outcome<()> {
    let wanted = fs::read(console.join("package-lock.json"))?;
    let noted = cache.join("installed-lock.json");
    let there = console.join("node_modules/vite/bin/vite.js").is_file();
    if there && fs::read(&noted).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut install = Command::new("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(console);
    run(&mut install, "installing what the console is built with (npm ci)")?;
    fs::write(noted, wanted)?;
    Ok(())
}

fn run(command: &mut Command, what: &str) -> Outcome<()> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{what}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told)
        .lines()
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" | ");
    Err(format!("{what} failed ({}): {told}", output.status).into())
}

/// Every file that was built, by its path below the directory, without the compressed forms.
fn listed(dist: &Path) -> Outcome<Vec<String>> {
    let (mut files, mut folders) = (Vec::new(), vec![dist.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if !["br", "gz"]
                .into_iter()
                .any(|packed| path.extension().is_some_and(|ending| ending == packed))
            {
                let name = path.strip_prefix(dist)?.to_str().ok_or("a file's name is not text")?;
                files.push(name.to_owned());
            }
        }
    }
    files.sort();
    Ok(files)
}

fn table(dist: &Path, files: &[String]) -> Outcome<String> {
    let mut text = "&[\n".to_owned();
    for name in files {
        let path = dist.join(name);
        let packed = |ending: &str| {
            let path = format!("{}.{ending}", path.display());
            if Path::new(&path).is_file() {
                format!("Some(include_bytes!({path:?}))")
            } else {
                "None".to_owned()
            }
        };
        let plain = path.to_str().ok_or("a path is not text")?;
        let digest = blake3::hash(&fs::read(&path)?).to_hex();
        writeln!(
            text,
            "File {{ path: {name:?}, tag: {:?}, plain: include_bytes!({plain:?}), gzip: {}, brotli: {} }},",
            format!("\"{}\"", &digest[..32]),
            packed("gz"),
            packed("br"),
        )?;
    }
    text.push_str("]\n");
    Ok(text)
}
