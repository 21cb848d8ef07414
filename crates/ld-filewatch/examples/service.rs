//! A service of plain threads that reads a flag on its hot path: `cargo run -p ld-filewatch
//! --example service`. It changes the file itself after a second; a real service leaves that to the
//! sidecar.

use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs, io::Read, io::Write, thread};

use ld_filewatch::{BoxError, FileWatcher, Reader, Text};

/// What the file holds: one `name = on|off` a line.
struct Flags {
    new_checkout: bool,
}

fn parse(text: &Text<'_>) -> Result<Flags, BoxError> {
    let mut flags = Flags { new_checkout: false };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.split_once('=').ok_or_else(|| format!("no `=` in {line:?}"))?;
        if name.trim() == "new_checkout" {
            flags.new_checkout = value.trim() == "on";
        }
    }
    Ok(flags)
}

/// One worker: takes connections, and asks its own reader for each. A read of unchanged flags is
/// one atomic load, so nothing has to be cached or passed around.
fn serve(listener: &TcpListener, mut flags: Reader<Flags>) -> std::io::Result<()> {
    loop {
        let (mut connection, _) = listener.accept()?;
        let page = if flags.get().new_checkout { "the new checkout" } else { "the old checkout" };
        write!(connection, "HTTP/1.0 200 OK\r\n\r\n{page}")?;
    }
}

fn replace(path: &Path, content: &str) -> std::io::Result<()> {
    let temp = path.with_extension("new");
    fs::write(&temp, content)?;
    fs::rename(&temp, path)
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let path = env::temp_dir().join(format!("flags-{}", std::process::id()));
    replace(&path, "new_checkout = off\n")?;

    // A service that cannot work without its flags waits for them at start; after that it always
    // has some.
    let flags = FileWatcher::builder(&path)
        .timeout(Duration::from_secs(30))
        .on_error(|error| eprintln!("serving the last good flags: {error}"))
        .text(Default::default(), parse)?;

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    for _ in 0..4 {
        let (listener, flags) = (listener.try_clone()?, flags.reader()?);
        thread::spawn(move || serve(&listener, flags));
    }

    let mut changes = flags.subscribe();
    for content in ["new_checkout = on\n", "new_checkout\n", "new_checkout = off\n"] {
        let mut answer = String::new();
        TcpStream::connect(address)?.read_to_string(&mut answer)?;
        println!("{address} serves {}", answer.lines().last().unwrap_or("nothing"));
        thread::sleep(Duration::from_secs(1));
        replace(&path, content)?;
        match changes.recv_timeout(Duration::from_millis(200)) {
            Some(change) => println!("the flags are new: version {}", change.version),
            None => println!("the flags are broken and stay: {:?}", flags.status().last_error),
        }
    }
    fs::remove_file(&path)?;
    Ok(())
}
