//! The real binary in a folder of its own; it is killed, and the folder removed, when the value goes out of scope.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// How long anything may take before a test gives up on it. Never waited for in a test that passes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a configuration, in which commands run and daemons start.
pub struct Home {
    dir: tempfile::TempDir,
}

/// A running daemon.
pub struct Daemon {
    child: Child,
    log: Arc<Mutex<String>>,
    pub address: SocketAddr,
    data_dir: PathBuf,
}

/// An answer to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Home {
    /// A home whose configuration has no sources but those of `more`; `more` is appended to it.
    pub fn new(more: &str) -> Self {
        let home = Self { dir: tempfile::tempdir().expect("a temporary folder") };
        home.configure(more);
        home
    }

    /// Replaces the configuration.
    pub fn configure(&self, more: &str) {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
        let text = format!(
            "[daemon]\ndata_dir = \"data\"\nseeds = {seeds:?}\ncontact = \"https://example.org/contact\"\n\n[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://watchfire.example/\"\n\n{more}\n"
        );
        fs::write(self.config(), text).expect("a configuration is written");
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.dir.path().join("watchfire.toml")
    }

    /// A path inside the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs a command to its end.
    pub fn command(&self, arguments: &[&str]) -> Output {
        self.command_with(arguments, &[])
    }

    /// The same with variables in its environment.
    pub fn command_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        self.to_run(arguments).envs(variables.iter().copied()).output().expect("the binary runs")
    }

    /// Starts a command and does not wait for it; nobody hears what it says.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.to_run(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts")
    }

    fn to_run(&self, arguments: &[&str]) -> Command {
        let mut command = binary();
        command.args(arguments).arg("--config").arg(self.config()).current_dir(self.dir.path());
        command
    }

    /// Starts the daemon and waits until it is ready.
    pub fn start(&self) -> Daemon {
        self.start_with(&[])
    }

    /// The same with variables in its environment.
    pub fn start_with(&self, variables: &[(&str, &str)]) -> Daemon {
        let mut command = binary();
        command.envs(variables.iter().copied());
        command.arg("run").arg("--config").arg(self.config()).stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().expect("the binary starts");
        let log = collect(child.stderr.take().expect("standard error is piped"));
        let data_dir = self.path("data");
        let address = wait_for("an address in daemon.json", &log, || {
            if let Some(status) = child.try_wait().expect("a child") {
                panic!("the daemon ended with {status}:\n{}", log.lock().expect("log"));
            }
            address_of(&data_dir, child.id())
        });
        let daemon = Daemon { child, log, address, data_dir };
        daemon.wait_for("readiness", |daemon| daemon.get("/healthz").status == 200);
        daemon
    }
}

impl Daemon {
    /// GET without extra headers.
    pub fn get(&self, path: &str) -> Answer {
        request(self.address, "GET", path, &[], "")
    }

    /// A request with headers.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        request(self.address, method, path, headers, "")
    }

    /// Sends a signal by name: "TERM", "HUP", "KILL".
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(status.expect("kill runs").success());
    }

    /// Waits for the process to end; its exit code, none if a signal ended it.
    pub fn wait(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("the daemon does not end:\n{}", self.log());
    }

    /// SIGTERM, and a clean end.
    pub fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.wait(), Some(0), "{}", self.log());
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.signal("KILL");
        assert_eq!(self.wait(), None);
    }

    /// All log lines so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("log").clone()
    }

    /// Waits until something holds.
    pub fn wait_for(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        wait_for(what, &self.log, || holds(self).then_some(()));
    }

    /// The folder with the store.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request on a connection of its own.
pub fn request(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = match TcpStream::connect(address) {
        Ok(stream) => stream,
        Err(error) => return Answer { status: 0, head: error.to_string(), body: String::new() },
    };
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout is set");
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let mut bytes = Vec::new();
    let sent = stream.write_all(format!("{head}\r\n{body}").as_bytes()).and_then(|()| stream.read_to_end(&mut bytes));
    if let Err(error) = sent {
        return Answer { status: 0, head: error.to_string(), body: String::new() };
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// The binary under test, deaf to the configuration of whoever runs the tests.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchfire"));
    command
        .env_remove("WATCHFIRE_CONFIG")
        .env_remove("WATCHFIRE_LOG")
        .env_remove("WATCHFIRE_LOG_FORMAT")
        .env_remove("NOTIFY_SOCKET")
        .env_remove("WATCHDOG_USEC")
        .stdin(Stdio::null());
    command
}

fn address_of(data_dir: &Path, pid: u32) -> Option<SocketAddr> {
    let text = fs::read_to_string(data_dir.join("daemon.json")).ok()?;
    let file: serde_json::Value = serde_json::from_str(&text).ok()?;
    (file["pid"] == pid).then(|| file["address"].as_str().expect("an address").parse().expect("an address"))
}

fn wait_for<T>(what: &str, log: &Mutex<String>, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(found) = look() {
            return found;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("waited in vain for {what}:\n{}", log.lock().expect("log"));
}

fn collect(stream: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let log = Arc::new(Mutex::new(String::new()));
    let lines = log.clone();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut log = lines.lock().expect("log");
            log.push_str(&line);
            log.push('\n');
        }
    });
    log
}
