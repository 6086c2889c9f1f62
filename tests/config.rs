//! The configuration: what is shipped loads, and every fault is named with file, line, key, value and rule.

use std::{fs, path::Path, time::Duration};

use watchfire::{
    config::{self, ConfigError, Settings},
    model::{Cadence, Carrier, MailTls, Pace, QuietHours, Receiver, SourceId},
    view::{Filter, Place, View},
};

/// A folder with configuration files.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("written");
        }
        Self(folder)
    }

    fn load(&self) -> Result<Settings, ConfigError> {
        config::load(&self.0.path().join("watchfire.toml"), &env)
    }

    /// The message, with file names as seen from the folder.
    fn faults(&self) -> String {
        let error = self.load().expect_err("faults").to_string();
        error.replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn env(name: &str) -> Option<String> {
    match name {
        "TOKEN" => Some("s3cret".to_owned()),
        "LONG_TOKEN" => Some("a token of some length\n".to_owned()),
        _ => None,
    }
}

fn load(text: &str) -> Settings {
    Folder::with(&[("watchfire.toml", text)]).load().unwrap_or_else(|error| panic!("{error}"))
}

/// One bad value per case: the key's line in a table, and the whole message.
#[test]
fn a_bad_value_is_named_with_its_rule() {
    for (text, wanted) in [
        (
            "[poll]\ninterval = 90",
            "2: `poll.interval` is `90`, must be a duration with its unit in quotes, such as `\"15m\"` or `\"1h30m\"`",
        ),
        (
            "[poll]\ninterval = \"soon\"",
            "2: `poll.interval` is `soon`, must be a duration with its unit in quotes, such as `\"15m\"` or `\"1h30m\"`",
        ),
        ("[poll]\ninterval = \"5m\"", "2: `poll.interval` is `5m`, must be from `15m` to `366d`"),
        ("[poll]\n\ninterval_min = \"0s\"", "3: `poll.interval_min` is `0s`, must be from `1s` to `1d`"),
        ("[poll]\nconcurrency = 0", "2: `poll.concurrency` is `0`, must be a whole number from `1` to `10000`"),
        ("[poll]\nconcurrency = 1.5", "2: `poll.concurrency` is `1.5`, must be a whole number from `1` to `10000`"),
        (
            "[poll]\nconcurrency = 99999999999999999999999",
            "2: `poll.concurrency` is `99999999999999999999999`, must be a whole number from `1` to `10000`",
        ),
        (
            "[poll]\nbody_bytes_max = 1000",
            "2: `poll.body_bytes_max` is `1000`, must be a size with its unit in quotes, such as `\"10MiB\"`",
        ),
        ("[poll]\nbody_bytes_max = \"2GiB\"", "2: `poll.body_bytes_max` is `2GiB`, must be from `1KiB` to `1GiB`"),
        ("[poll.timeouts]\ndns = \"1ms\"", "2: `poll.timeouts.dns` is `1ms`, must be from `1s` to `1h`"),
        ("[poll]\ntimeouts = \"5s\"", "2: `poll.timeouts` is `5s`, must be a table, written `[poll.timeouts]`"),
        ("[http]\nlisten = \"localhost\"", "2: `http.listen` is `localhost`, must be an address with its port, such as `127.0.0.1:8080`"),
        ("[http]\nlisten = 8080", "2: `http.listen` is `8080`, must be a text in quotes"),
        (
            "[http]\npublic_url = \"news.example\"",
            "2: `http.public_url` is `news.example`, must be an http or https URL without query and fragment",
        ),
        ("[feed]\nimages = \"none\"", "2: `feed.images` is `none`, must be `link`, `keep` or `drop`"),
        ("[daemon]\ncontact = \"me\"", "2: `daemon.contact` is `me`, must be a URL or a mail address at which publishers reach you"),
        (
            "[daemon]\ncontact = \"me@example.org) evil\"",
            "2: `daemon.contact` is `me@example.org) evil`, must be a URL or a mail address at which publishers reach you",
        ),
        ("[daemon]\ndata_dir = \"\"", "2: `daemon.data_dir` is ``, must be a folder"),
        ("[feed]\ntitle = \" \"", "2: `feed.title` is ` `, must be a text that is not empty"),
        (
            "[documents]\ntimezone = \"Asia/Shangai\"",
            "2: `documents.timezone` is `Asia/Shangai`, must be an IANA time zone such as `Asia/Shanghai`, did you mean `Asia/Shanghai`?",
        ),
        (
            "[documents]\ntimezone = \"CST\"",
            "2: `documents.timezone` is `CST`, must be an IANA time zone such as `Asia/Shanghai`, did you mean `Asia/Shanghai` or `America/Chicago`?",
        ),
        ("[merge]\ntext = 60", "2: `merge.text` is `60`, must be a number from `0.0` to `1.0`"),
        ("[merge]\ntext = nan", "2: `merge.text` is `nan`, must be a number from `0.0` to `1.0`"),
        ("[merge]\ntext_chars_min = -1", "2: `merge.text_chars_min` is `-1`, must be a whole number from `20` to `10000`"),
        ("feed = 1", "1: `feed` is `1`, must be a table, written `[feed]`"),
        ("[source]\nid = \"a\"", "1: `source` is `[source]`, must be a list of tables, each written `[[source]]`"),
        ("include = \"a.toml\"", "1: `include` is `a.toml`, must be a list of texts, such as `[\"a\", \"b\"]`"),
        ("include = [\"a.toml\"]", "1: `include` is `a.toml`, must name a file that exists"),
        ("include = [\"*/a.toml\"]", "1: `include` is `*/a.toml`, may have `*` in the file's name only, such as `sources.d/*.toml`"),
    ] {
        assert_eq!(Folder::with(&[("watchfire.toml", text)]).faults(), format!("watchfire.toml:{wanted}"), "{text}");
    }
}

#[test]
fn a_file_in_the_place_of_the_folder_of_sources_is_a_fault() {
    let faults = Folder::with(&[("watchfire.toml", ""), ("sources.d", "[[source]]")]).faults();
    assert!(
        faults.starts_with("watchfire.toml:1: `include` is `sources.d/*.toml`, must name files in a folder, and `sources.d` "),
        "{faults}"
    );
}

#[test]
fn a_bad_source_is_named_with_its_rule() {
    for (line, wanted) in [
        (
            "interval = \"5m\"",
            "`source.interval` is `5m`, must be at least `15m` (`poll.interval_min`) on hosts that `allow_private` does not name",
        ),
        ("interval = \"500ms\"\nallow_private = [\"a.example:443\"]", "`source.interval` is `500ms`, must be from `1s` to `366d`"),
        ("interval = 3600", "`source.interval` is `3600`, must be a duration with its unit in quotes, such as `\"15m\"` or `\"1h30m\"`"),
        ("schedule = \"0 25 * * *\"", "`source.schedule` is `0 25 * * *`: hour `25` must be 0 to 23"),
        ("schedule = \"0 0 31 2 *\"", "`source.schedule` is `0 0 31 2 *`: never comes: no month in it has such a day"),
        (
            "schedule = \"hourly\"",
            "`source.schedule` is `hourly`: has 1 fields, must have five (minute hour day month weekday) or six (second first)",
        ),
        ("schedule = \"@hourly\"\ninterval = \"1h\"", "`source.schedule` cannot stand beside `source.interval`, keep one of them"),
        (
            "timezone = \"Asia/Bejing\"",
            "`source.timezone` is `Asia/Bejing`, must be an IANA time zone such as `Asia/Shanghai`, did you mean `Asia/Shanghai`?",
        ),
        ("title = \"\"", "`source.title` is ``, must be a text that is not empty"),
        ("tags = [\"a\", \"\"]", "`source.tags` must be at most 32 texts that are not empty"),
        ("tags = \"a\"", "`source.tags` is `a`, must be a list of texts, such as `[\"a\", \"b\"]`"),
        ("private = \"yes\"", "`source.private` is `yes`, must be `true` or `false`"),
        ("priority = 101", "`source.priority` is `101`, must be a whole number from `0` to `100`"),
        ("encoding = \"gbx\"", "`source.encoding` is `gbx`, must be an encoding label of the web such as `gb18030`, `big5` or `utf-8`"),
        ("allow_private = [\"127.0.0.1\"]", "`source.allow_private` is `127.0.0.1`, must be `host:port` such as `192.168.1.10:1200`"),
        ("headers = { \"a b\" = \"x\" }", "`source.headers` `a b` must be a header name of letters, digits and `-`"),
        ("headers = { Host = \"x\" }", "`source.headers` `Host` is written by Watchfire itself, leave it out"),
        ("basic_auth = \"secret\"", "`source.basic_auth` must be `NAME:PASSWORD` of at most 1024 bytes"),
        ("basic_auth = \"a:${ABSENT}\"", "`source.basic_auth` needs the environment variable `ABSENT`, which is not set"),
        (
            "basic_auth = \"a:b\"\nheaders = { Authorization = \"x\" }",
            "`source.basic_auth` cannot stand beside `source.headers` `authorization`, keep one of them",
        ),
        (
            "proxy = \"https://me:secret@proxy.example:443\"",
            "`source.proxy` must be `http://HOST:PORT`, `socks5://HOST:PORT` or `socks5h://HOST:PORT`, with `NAME:PASSWORD@` where needed",
        ),
        ("ca_file = \"none.pem\"", "`source.ca_file` is `none.pem`, which cannot be read: entity not found"),
        ("ca_file = \"watchfire.toml\"", "`source.ca_file` is `watchfire.toml`, must be a file of PEM certificates of at most 1 MiB"),
        ("headers = { Keep-Alive = \"x\" }", "`source.headers` `Keep-Alive` belongs to a connection and not to a request, leave it out"),
        ("headers = { cookie = \"密\" }", "`source.headers` `cookie` must have a value of at most 4096 visible ASCII characters"),
        ("headers = { cookie = \"${ABSENT}\" }", "`source.headers` `cookie` needs the environment variable `ABSENT`, which is not set"),
        ("headers = { cookie = 1 }", "`source.headers` must be a table of texts, such as `{ authorization = \"Bearer ${TOKEN}\" }`"),
        ("intervall = \"1h\"", "unknown key `intervall` in `source`, did you mean `interval`?"),
        ("colour = \"red\"", "unknown key `colour` in `source`"),
    ] {
        let text = format!("[[source]]\nid = \"a\"\nurl = \"https://a.example/feed\"\n{line}\n");
        let faults = Folder::with(&[("watchfire.toml", &text)]).faults();
        let message = faults.split_once(": ").map(|(_, message)| message);
        assert_eq!(message, Some(wanted), "{faults}");
        assert!(faults.starts_with("watchfire.toml:4: ") || line.contains('\n'), "{faults}");
    }
}

#[test]
fn a_bad_id_or_url_is_named_with_its_rule() {
    const ID_RULE: &str = "must be 1 to 64 characters of a-z, 0-9, `-`, `_`, `.` and begin with a letter or digit";
    const URL_RULE: &str = "must be an absolute http or https URL of at most 2048 bytes";
    let userinfo = "must hold no user name and no password; send them with `basic_auth = \"NAME:${PASSWORD}\"`";
    for (text, wanted) in [
        ("url = \"https://a.example/\"", format!("2: `source.id` is missing, {ID_RULE}")),
        ("id = \"Krebs\"\nurl = \"https://a.example/\"", format!("2: `source.id` is `Krebs`, {ID_RULE}")),
        ("id = \"a\"", format!("2: `source.url` is missing, {URL_RULE}")),
        ("id = \"a\"\nurl = \"a.example/feed\"", format!("3: `source.url` is `a.example/feed`, {URL_RULE}")),
        ("id = \"a\"\nurl = \"ftp://a.example/?key=1\"", format!("3: `source.url` is `ftp://a.example/`, {URL_RULE}")),
        ("id = \"a\"\nurl = \"https://me:s3cret@a.example/\"", format!("3: `source.url` {userinfo}")),
        ("id = \"a\"\nurl = \"ftp://me:s3cret@a.example/\"", format!("3: `source.url` is `...@a.example/`, {URL_RULE}")),
        ("id = \"a\"\nurl = \"${TOKEN}\"", format!("3: `source.url` is `${{TOKEN}}`, {URL_RULE}")),
        (
            "id = \"a\"\nurl = \"https://a.example/${ABSENT}\"",
            "3: `source.url` needs the environment variable `ABSENT`, which is not set".to_owned(),
        ),
        ("id = \"a\"\nurl = \"https://a.example/${OPEN\"", "3: `source.url` has a `${` without its `}`".to_owned()),
    ] {
        let faults = Folder::with(&[("watchfire.toml", &format!("[[source]]\n{text}\n"))]).faults();
        assert_eq!(faults, format!("watchfire.toml:{wanted}"), "{text}");
        assert!(!faults.contains("s3cret"));
    }
}

#[test]
fn unknown_keys_come_with_a_guess() {
    for (text, wanted) in [
        ("[pol]\ninterval = \"1h\"", "1: unknown key `pol` at the top, did you mean `poll`?"),
        ("[[sources]]\nid = \"a\"", "1: unknown key `sources` at the top, did you mean `source`?"),
        ("[http]\nlistn = \"127.0.0.1:1\"", "2: unknown key `listn` in `http`, did you mean `listen`?"),
        ("[poll.timeouts]\nconect = \"5s\"", "2: unknown key `conect` in `poll.timeouts`, did you mean `connect`?"),
        ("\n\nxyz = 1", "3: unknown key `xyz` at the top"),
    ] {
        assert_eq!(Folder::with(&[("watchfire.toml", text)]).faults(), format!("watchfire.toml:{wanted}"), "{text}");
    }
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_files() {
    let folder = Folder::with(&[
        (
            "watchfire.toml",
            "include = [\"more/*.toml\"]\n[poll]\nintervall = \"1h\"\nconcurrency = 0\n[[source]]\nid = \"a\"\nurl = \"x\"\ninterval = \"1m\"\n",
        ),
        ("more/b.toml", "[[source]]\nid = \"B\"\nurl = \"https://b.example/\"\n"),
        ("more/a.toml", "[poll]\n[[source]]\nid = \"c\"\nurl = \"https://c.example/\"\nschedule = \"nope\"\n"),
    ]);
    let faults = folder.faults();
    let lines: Vec<_> = faults.lines().map(|line| line.split(": ").next().unwrap_or_default()).collect();
    assert_eq!(
        lines,
        ["watchfire.toml:3", "watchfire.toml:4", "watchfire.toml:7", "watchfire.toml:8", "more/a.toml:1", "more/a.toml:5", "more/b.toml:2"],
        "{faults}"
    );
}

#[test]
fn broken_toml_is_told_with_its_line() {
    let faults = Folder::with(&[("watchfire.toml", "[poll]\ninterval = \n\nx = \"a\n")]).faults();
    let mut lines = faults.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("watchfire.toml:2: not TOML: ")), "{faults}");
    assert!(lines.all(|line| line.contains(": not TOML: ")), "{faults}");
    let faults = Folder::with(&[("watchfire.toml", "[poll]\ninterval = \"1h\"\ninterval = \"2h\"\n")]).faults();
    assert_eq!(faults, "watchfire.toml:3: not TOML: duplicate key");
}

#[test]
fn no_id_and_no_url_stands_twice_in_all_files() {
    let folder = Folder::with(&[
        ("watchfire.toml", "include = [\"more/*.toml\"]\n[[source]]\nid = \"a\"\nurl = \"https://a.example/feed?key=${TOKEN}\"\n"),
        (
            "more/1.toml",
            "[[source]]\nid = \"a\"\nurl = \"https://b.example/\"\n\n[[source]]\nid = \"c\"\nurl = \"https://a.example/feed?key=s3cret#x\"\n",
        ),
    ]);
    assert_eq!(
        folder.faults(),
        "more/1.toml:2: `source.id` is `a`, which is taken already at watchfire.toml:3\n\
         more/1.toml:7: `source.url` of `c` is the same as that of `a` at watchfire.toml:4"
    );
}

#[test]
fn a_line_that_ticks_faster_than_sources_may_be_asked_is_a_warning() {
    let source = |id: &str, rest: &str| format!("[[source]]\nid = \"{id}\"\nurl = \"https://{id}.example/\"\n{rest}\n");
    let text = [
        "[daemon]\ncontact = \"https://me.example/\"\n",
        &source("fast", "schedule = \"*/5 * * * *\""),
        &source("slow", "schedule = \"*/15 * * * *\""),
        &source("own", "schedule = \"* * * * * *\"\nallow_private = [\"own.example:443\"]"),
    ]
    .concat();
    let settings = Folder::with(&[("watchfire.toml", &text)]).load().expect("loads");
    let wanted =
        "`schedule` of `fast` ticks every `5m`, but it is asked every `15m` at most: `poll.interval_min`; ticks in between are left out";
    assert_eq!(settings.warnings.len(), 1, "{:?}", settings.warnings);
    assert!(settings.warnings[0].ends_with(wanted), "{:?}", settings.warnings);
}

#[test]
fn one_feed_in_two_spellings_is_a_warning() {
    let settings = load(
        "[daemon]\ncontact = \"me@example.org\"\n[[source]]\nid = \"a\"\nurl = \"https://www.a.example/feed/\"\n[[source]]\nid = \"b\"\nurl = \"http://a.example/feed\"\n",
    );
    assert_eq!(settings.warnings.len(), 1);
    assert!(settings.warnings[0].contains("`b` and `a`"), "{:?}", settings.warnings);
}

#[test]
fn an_empty_file_is_all_defaults_and_a_missing_contact_is_a_warning() {
    let folder = Folder::with(&[("watchfire.toml", "")]);
    let settings = folder.load().expect("defaults");
    assert_eq!(
        settings.warnings,
        ["`daemon.contact` is not set: publishers cannot reach you before they block you; name a page or mail address of yours"]
    );
    assert_eq!(settings.daemon.data_dir, folder.0.path().join("data"));
    assert_eq!(settings.http.base_url().as_str(), "http://127.0.0.1:8080/");
    assert_eq!((settings.feed.entries_max, settings.poll.schedule.concurrency), (100, 256));
    assert_eq!(settings.documents.timezone.name(), "Asia/Shanghai");
}

#[test]
fn every_value_arrives() {
    let settings = load(
        r#"
        [daemon]
        data_dir = "/var/lib/watchfire"
        contact = "https://example.org/reader"
        subscribers = 20
        grace = "1m"
        [http]
        listen = "[::]:9000"
        public_url = "https://news.example/fire"
        [poll]
        interval = "1h30m"
        interval_min = "20m"
        body_bytes_max = "1MiB"
        timeouts = { poll = "90s" }
        [feed]
        title = "值班"
        [[source]]
        id = "bridge"
        url = "http://192.168.1.10:1200/feed"
        interval = "1s"
        allow_private = ["192.168.1.10:1200"]
        timezone = "Asia/Shanghai"
        headers = { Authorization = "Bearer ${TOKEN}" }
        [[source]]
        id = "keyed"
        url = "https://a.example/${TOKEN}/feed"
        schedule = "30 8-18 * * mon-fri"
        tags = ["zh", "zh", "新闻"]
        enabled = false
        [[source]]
        id = "plain"
        url = "https://b.example/feed"
        encoding = "GBK"
        priority = 90
        "#,
    );
    assert_eq!(settings.warnings, [""; 0]);
    assert_eq!((settings.daemon.data_dir.as_path(), settings.daemon.subscribers), (Path::new("/var/lib/watchfire"), Some(20)));
    assert_eq!(settings.http.base_url().as_str(), "https://news.example/fire/");
    assert_eq!((settings.poll.fetch.poll, settings.poll.fetch.body_bytes_max), (Duration::from_secs(90), 1 << 20));
    let source = |id: &str| settings.source(&SourceId::parse(id).expect("a slug")).expect("configured");
    let bridge = source("bridge");
    assert!(bridge.is_on_private_host() && !bridge.private && bridge.enabled);
    assert_eq!(bridge.cadence, Cadence::Every(Duration::from_secs(1)));
    assert_eq!((bridge.headers[0].name.as_str(), bridge.headers[0].value.as_str()), ("authorization", "Bearer s3cret"));
    let keyed = source("keyed");
    assert!(keyed.private && !keyed.enabled, "a URL with a secret is private");
    assert!(matches!(keyed.cadence, Cadence::Cron(_)));
    assert_eq!(keyed.tags.len(), 2);
    assert_eq!(source("plain").cadence, Cadence::Adaptive(Duration::from_secs(5400)));
    assert_eq!((source("plain").priority, bridge.priority), (90, 50));
    assert!(!format!("{settings:?}").contains("s3cret"), "settings can be logged");
}

#[test]
fn files_are_included_once_and_in_order() {
    let folder = Folder::with(&[
        ("watchfire.toml", "include = [\"sources.d/*.toml\", \"sources.d/b.toml\", \"*.toml\", \"none.d/*.toml\"]\n"),
        ("sources.d/b.toml", "[[source]]\nid = \"b\"\nurl = \"https://b.example/\"\n"),
        ("sources.d/a.toml", "[[source]]\nid = \"a\"\nurl = \"https://a.example/\"\n"),
        ("sources.d/.hidden.toml", "nonsense"),
        ("sources.d/a.toml.bak", "nonsense"),
    ]);
    let settings = folder.load().expect("loads");
    assert_eq!(settings.sources.iter().map(|source| source.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(settings.files.len(), 3);
}

#[test]
fn included_files_hold_sources_alone() {
    let folder =
        Folder::with(&[("watchfire.toml", "include = [\"sources.d/*.toml\"]\n"), ("sources.d/a.toml", "\n[poll]\ninterval = \"2h\"\n")]);
    let wanted = "sources.d/a.toml:2: `poll` belongs in the main file: an included file holds `[[source]]` tables alone";
    assert_eq!(folder.faults(), wanted);
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let folder = Folder::with(&[]);
    assert!(folder.faults().starts_with("watchfire.toml: cannot be read: No such file"), "{}", folder.faults());
    let folder = Folder::with(&[("watchfire.toml", "")]);
    fs::write(folder.0.path().join("watchfire.toml"), b"# \xff").expect("written");
    assert_eq!(folder.faults(), "watchfire.toml: must be UTF-8");
}

#[test]
fn the_file_is_looked_for_in_order() {
    let named = |path: &'static str| move |name: &str| (name == "WATCHFIRE_CONFIG").then(|| path.to_owned());
    assert_eq!(config::find(Some(Path::new("x.toml")), &named("y.toml")), Ok("x.toml".into()));
    assert_eq!(config::find(None, &named("y.toml")), Ok("y.toml".into()));
    // Tests run in the project's folder, where the shipped configuration is.
    assert_eq!(config::find(None, &named("")), Ok("config/watchfire.toml".into()));
    let nothing = ConfigError::NotFound(vec!["config/watchfire.toml".into(), "/etc/watchfire/watchfire.toml".into()]);
    assert_eq!(
        nothing.to_string(),
        "no configuration: none of `config/watchfire.toml`, `/etc/watchfire/watchfire.toml` exists; `watchfire default-config` prints one to begin with"
    );
}

#[test]
fn a_thousand_faults_are_counted_and_not_all_shown() {
    let text = "[[source]]\nid = \"A\"\n".repeat(1000);
    let faults = Folder::with(&[("watchfire.toml", &text)]).faults();
    assert_eq!(faults.lines().count(), 51);
    assert!(faults.ends_with("and 1950 more"), "{faults}");
}

#[test]
fn twenty_thousand_sources_are_read_in_a_moment() {
    let mut text = String::new();
    for number in 0..20_000 {
        text.push_str(&format!("[[source]]\nid = \"s{number}\"\nurl = \"https://host{number}.example/feed\"\ntags = [\"a\", \"b\"]\n"));
    }
    let started = std::time::Instant::now();
    assert_eq!(load(&text).sources.len(), 20_000);
    // Far above what it takes, far below what a quadratic step would.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn every_shipped_file_loads() {
    let mut loaded = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("config")).expect("shipped") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let settings = config::load(&path, &|_| None).unwrap_or_else(|error| panic!("{error}"));
            assert!(!settings.sources.is_empty(), "{}", path.display());
            loaded += 1;
        }
    }
    assert!(loaded >= 2);
}

#[test]
fn the_default_lists_many_sources_in_two_languages_over_https() {
    let folder = Folder::with(&[("watchfire.toml", config::DEFAULT)]);
    let settings = folder.load().expect("loads");
    let tagged = |tag: &str| settings.sources.iter().filter(|source| source.tags.iter().any(|own| own.as_str() == tag)).count();
    assert!(settings.sources.len() >= 60);
    assert!(tagged("zh") >= 20 && tagged("en") >= 40, "{} zh, {} en", tagged("zh"), tagged("en"));
    let https = settings.sources.iter().filter(|source| source.url.is_https()).count();
    assert!(https * 100 >= settings.sources.len() * 95);
    let bridged = settings.sources.iter().filter(|source| source.url.host() == "wechat2rss.xlab.app").count();
    assert!(bridged <= 5, "a public bridge is not to be hammered");
    assert_eq!(settings.warnings.len(), 1, "the contact is the operator's: {:?}", settings.warnings);
}

/// The default file explains every key, and its commented defaults are the real ones.
#[test]
fn the_commented_defaults_are_the_real_ones() {
    let mut uncommented = String::new();
    for line in config::DEFAULT.lines().take_while(|line| !line.starts_with("# A source takes")) {
        let bare = line.strip_prefix("# ").filter(|bare| bare.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')));
        let examples = ["contact", "subscribers", "public_url", "subtitle", "folder", "days", "bytes_max = \"10GiB\"", "source_items_max"];
        let is_example = bare.is_some_and(|bare| examples.iter().any(|key| bare.starts_with(key)));
        if is_example || line.starts_with("data_dir") || line.starts_with("seeds") {
            continue;
        }
        uncommented.push_str(bare.unwrap_or(line));
        uncommented.push('\n');
    }
    assert_eq!(uncommented.lines().filter(|line| line.contains(" = ")).count(), 34, "{uncommented}");
    let folder = Folder::with(&[("watchfire.toml", &uncommented)]);
    let explained = folder.load().unwrap_or_else(|error| panic!("{error}"));
    fs::write(folder.0.path().join("watchfire.toml"), "").expect("written");
    assert_eq!(explained, folder.load().expect("defaults"));
}

/// A key that is read but explained nowhere, or explained but no longer read, is a fault of the documentation.
#[test]
fn every_key_is_explained_where_people_look() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    for key in config::keys() {
        let (table, name) = key.rsplit_once('.').unwrap_or(("", &key));
        let is_table = config::DEFAULT.lines().any(|line| line == format!("[{key}]") || line == format!("# [[{key}]]"));
        let heading = format!("[{table}]");
        let section = match table {
            "" => config::DEFAULT.split("\n[").next(),
            "source" | "view" | "notify" => config::DEFAULT.split(&format!("\n# [[{table}]]\n")).nth(1),
            _ => config::DEFAULT.split(&heading).nth(1).and_then(|rest| rest.split("\n[").next()),
        };
        let is_explained =
            section.is_some_and(|section| section.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{name} = "))));
        assert!(is_table || is_explained, "`{key}` is not in config/watchfire.toml");
        assert!(
            is_table || table == "merge" || readme.contains(&format!("`{name}`")) || readme.contains(&format!(".{name}`")),
            "`{key}` is not in README.md"
        );
    }
}

#[test]
fn files_in_sources_d_are_read_without_being_asked_for() {
    let more = "[[source]]\nid = \"b\"\nurl = \"https://b.example/\"\n";
    let folder = Folder::with(&[("watchfire.toml", ""), ("sources.d/b.toml", more)]);
    assert_eq!(folder.load().expect("a configuration").sources.len(), 1);
    fs::write(folder.0.path().join("watchfire.toml"), "include = []").expect("written");
    assert_eq!(folder.load().expect("a configuration").sources.len(), 0, "unless it says otherwise");
}

/// The one view of a configuration with two sources and a watch list beside it.
fn view(keys: &str) -> Result<View, String> {
    let sources = "[[source]]\nid = \"a\"\nurl = \"https://a.example/\"\ntags = [\"zh\"]\n[[source]]\nid = \"seebug\"\nurl = \"https://b.example/\"\n";
    let text = format!("[[view]]\nid = \"team\"\n{keys}\n{sources}");
    let folder =
        Folder::with(&[("watchfire.toml", &text), ("watch.txt", "httpd = Apache\n!\n"), ("good.txt", "httpd\ncve-2024-3094 # xz\n")]);
    let path = |text: String| text.replace(&format!("{}/", folder.0.path().display()), "");
    folder.load().map(|settings| settings.views[0].clone()).map_err(|error| path(error.to_string()))
}

#[test]
fn the_keys_of_a_view_become_one_filter() {
    let tag = |name: &str| Filter::Tag(name.to_owned());
    let source = |id: &str| Filter::Source(SourceId::parse(id).expect("a slug"));
    let words = |place, phrase: &str| Filter::Words { place, phrase: phrase.to_owned() };
    let any = |filters: &[Filter]| Filter::Any(filters.to_vec());
    for (keys, wanted) in [
        ("tags = [\"kev\"]", any(&[tag("kev")])),
        ("tags = [\"ZH\", \"t1059\"]", any(&[any(&[tag("ZH"), source("a")]), tag("T1059")])),
        ("vulnerabilities = [\"cve 2024 3094\"]", any(&[tag("CVE-2024-3094")])),
        ("watch_list = \"good.txt\"", any(&[words(Place::Anywhere, "httpd"), tag("CVE-2024-3094")])),
        (
            "languages = [\"ZH\"]\nsources = [\"seebug\", \"a\"]\nwords = [\"Tor\"]\ntitle_words = [\"供应链\"]",
            Filter::All(vec![
                any(&[source("seebug"), source("a")]),
                any(&[Filter::Language("zh".to_owned())]),
                any(&[words(Place::Anywhere, "Tor")]),
                any(&[words(Place::Title, "供应链")]),
            ]),
        ),
        (
            "any = [{ words = [\"npm\"] }, { tags = [\"kev\"], not = { sources = [\"a\"] } }]",
            any(&[
                any(&[words(Place::Anywhere, "npm")]),
                Filter::All(vec![any(&[tag("kev")]), Filter::Not(Box::new(any(&[source("a")])))]),
            ]),
        ),
        ("all = [{ words = [\"npm\"] }]", Filter::All(vec![any(&[words(Place::Anywhere, "npm")])])),
    ] {
        assert_eq!(view(keys).map(|view| view.filter), Ok(wanted), "{keys}");
    }
}

#[test]
fn a_fault_in_a_view_is_named_with_its_rule() {
    for (keys, wanted) in [
        ("title = \"Team\"", "watchfire.toml:2: `view.id` has no filter beside it, must have one of `tags`, `sources`,"),
        ("tags = []", "watchfire.toml:3: `view.tags` must be a list of 1 to 1000 texts"),
        ("sources = [\"seebugs\"]", "watchfire.toml:3: `view.sources` is `seebugs`, must be the id of a source, did you mean `seebug`?"),
        ("languages = [\"zh-Hans\"]", "watchfire.toml:3: `view.languages` is `zh-Hans`, must be a language such as `zh` or `en`"),
        ("vulnerabilities = [\"CWE-79\"]", "watchfire.toml:3: `view.vulnerabilities` is `CWE-79`, must be an identifier such as"),
        ("words = [\"!\"]", "watchfire.toml:3: `view.words` is `!`, must be words of 1 to 200 characters"),
        ("word = [\"a\"]", "unknown key `word` in `view`, did you mean `words`?"),
        ("any = [{ word = [\"a\"] }]", "unknown key `word` in `view.any`, did you mean `words`?"),
        ("not = [\"a\"]", "watchfire.toml:3: `view.not` is `[\"a\"]`, must be a table, written `[view.not]`"),
        ("watch_list = \"none.txt\"", "watchfire.toml:3: `view.watch_list` is `none.txt`, which cannot be read"),
        ("watch_list = \"watch.txt\"", "watch.txt:2: `!` must be words of 1 to 200 characters"),
        (
            "tags = [\"kev\"]\ntoken_env = \"MISSING\"",
            "watchfire.toml:4: `view.token_env` needs the environment variable `MISSING`, which is not set",
        ),
        ("tags = [\"kev\"]\ntokens_env = []", "watchfire.toml:4: `view.tokens_env` must name a variable, or be left out"),
        (
            "tags = [\"kev\"]\n[[view]]\nid = \"team\"\nwords = [\"a\"]",
            "watchfire.toml:5: `view.id` is `team`, which is taken already at watchfire.toml:2",
        ),
        (
            "tags = [\"kev\"]\n[[view]]\nid = \"x.atom\"\nwords = [\"a\"]",
            "watchfire.toml:5: `view.id` is `x.atom`, must be 1 to 64 characters",
        ),
    ] {
        let faults = view(keys).expect_err(keys);
        assert!(faults.contains(wanted), "{keys}: {faults}");
    }
    for slip in ["tags = [\"kev\"]\ntoken_env = \"MISSING\"", "words = \"a\"", "words = []"] {
        let told = view(slip).expect_err(slip);
        assert_eq!(told.lines().count(), 1, "one slip, one fault: {told}");
    }
    let deep = (0..40).fold("{ words = [\"a\"] }".to_owned(), |inner, _| format!("{{ not = {inner} }}"));
    assert!(view(&format!("not = {deep}")).expect_err("too deep").contains("must be at most 8 deep"));
}

#[test]
fn the_tokens_of_a_view_come_from_the_environment_and_are_never_shown() {
    let team = view("tags = [\"kev\"]\ntoken_env = \"LONG_TOKEN\"\ntokens_env = [\"TOKEN\"]").expect("a view");
    assert!(team.admits(Some("a token of some length")), "without the line end of its file");
    assert!(!team.admits(Some("s3cret")) && !team.admits(None), "what is short opens nothing");
    assert!(!format!("{team:?}").contains("a token of some length"));
    let settings = load(
        "[[view]]\nid = \"team\"\ntags = [\"vulnerabilty\"]\ntoken_env = \"TOKEN\"\n[[source]]\nid = \"a\"\nurl = \"https://a.example/\"\ntags = [\"vulnerability\"]",
    );
    let warnings = settings.warnings.join("\n");
    assert!(warnings.contains("watchfire.toml:4: `TOKEN` has under 16 characters: it opens nothing"), "{warnings}");
    assert!(warnings.contains("watchfire.toml:3: no source is tagged `vulnerabilty`, did you mean `vulnerability`?"), "{warnings}");
    assert!(!warnings.contains("s3cret"));
}

#[test]
fn a_watch_list_is_among_the_files_that_are_watched() {
    let text = "[[view]]\nid = \"team\"\nwatch_list = \"lists/watch.txt\"\n";
    let folder = Folder::with(&[("watchfire.toml", text), ("lists/watch.txt", "npm\n")]);
    let settings = folder.load().expect("loads");
    assert_eq!(settings.watch_lists, [folder.0.path().join("lists/watch.txt")]);
}

/// What is said of a `[[notify]]` with these keys, below a view.
fn notify(keys: &str) -> Result<Receiver, String> {
    let text = format!("[[view]]\nid = \"kev\"\ntags = [\"kev\"]\n[[notify]]\nid = \"team\"\n{keys}\n");
    let folder = Folder::with(&[("watchfire.toml", &text)]);
    let path = format!("{}/", folder.0.path().display());
    folder.load().map(|settings| settings.receivers[0].clone()).map_err(|error| error.to_string().replace(&path, ""))
}

#[test]
fn the_keys_of_a_receiver_arrive_and_its_secrets_are_never_shown() {
    let team = notify(
        "kind = \"dingtalk\"\nurl = \"https://a.example/?k=${TOKEN}\"\nsecret_env = \"LONG_TOKEN\"\nviews = [\"kev\"]\nhealth = true\n\
         batch = \"5m\"\nquiet_hours = \"22:00-07:00\"\nmessages_per_hour_max = 9",
    )
    .expect("a receiver");
    assert_eq!((team.id.as_str(), team.views.join(" "), team.health, team.on_update), ("team", "kev".to_owned(), true, false));
    let quiet = QuietHours::new(22 * 60, 7 * 60, chrono_tz::Asia::Shanghai);
    assert_eq!(team.pace, Pace { batch: Duration::from_secs(300), quiet, hourly_max: 9 });
    let Carrier::Hook(hook) = &team.carrier else { panic!("{team:?}") };
    assert_eq!((hook.url.as_str(), hook.secret.as_deref()), ("https://a.example/?k=s3cret", Some("a token of some length")));
    assert!(!format!("{team:?}").contains("s3cret") && !format!("{team:?}").contains("a token"));
    let mail = notify(
        "kind = \"smtp\"\nhost = \"mail.example.org\"\ntls = \"implicit\"\nfrom = \"a@example.org\"\nto = [\"b@example.org\"]\nhealth = true\n\
         allow_private = [\"mail.example.org:465\"]\nunsubscribe = \"ops@example.org\"",
    );
    let Ok(Receiver { carrier: Carrier::Mail(mailbox), .. }) = mail else { panic!("{mail:?}") };
    assert_eq!((mailbox.server.as_str(), mailbox.tls, mailbox.login), ("mail.example.org:465", MailTls::Implicit, None));
    assert_eq!((mailbox.allow_private, mailbox.unsubscribe.as_deref()), (vec![mailbox.server], Some("ops@example.org")));
}

#[test]
fn a_fault_in_a_receiver_is_named_with_its_rule() {
    const HOOK: &str = "kind = \"webhook\"\nurl = \"https://a.example/${TOKEN}\"\n";
    const MAIL: &str = "kind = \"smtp\"\nhost = \"mail.example.org\"\nfrom = \"a@example.org\"\nhealth = true\n";
    for (keys, wanted) in [
        (
            "kind = \"slack\"\nhealth = true".to_owned(),
            "`notify.kind` is `slack`, must be `webhook`, `feishu`, `wecom`, `dingtalk` or `smtp`",
        ),
        ("health = true".to_owned(), "`notify.kind` is missing, must be `webhook`"),
        ("kind = \"wecom\"\nhealth = true".to_owned(), "`notify.kind` is `wecom`, which needs `notify.url`"),
        (HOOK.to_owned(), "`notify.id` has nothing to be told, must have `views`, or `health = true`"),
        (format!("{HOOK}views = [\"kevs\"]"), "watchfire.toml:8: `notify.views` is `kevs`, must be the id of a view, did you mean `kev`?"),
        (format!("{HOOK}health = true\nquiet_hours = \"22-7\""), "`notify.quiet_hours` is `22-7`, must be a span of the day such as"),
        (format!("{HOOK}health = true\nsecret_env = \"MISSING\""), "needs the environment variable `MISSING`, which is not set"),
        (format!("{HOOK}health = true\nto = [\"a@example.org\"]"), "`notify.to` means nothing to a receiver of this `notify.kind`"),
        ("kind = \"webhook\"\nurl = \"ftp://x/${TOKEN}\"\nhealth = true".to_owned(), "`notify.url` must be an absolute http or https URL"),
        (MAIL.to_owned(), "`notify.kind` is `smtp`, which needs `notify.to`"),
        (
            format!("{HOOK}health = true\nallow_private = [\"a.example\"]"),
            "`notify.allow_private` is `a.example`, must be `host:port` such as",
        ),
        (format!("{MAIL}unsubscribe = \"Me <a@example.org>\""), "`notify.unsubscribe` is `Me <a@example.org>`, must be a mail address"),
        (format!("{MAIL}to = [\"nobody\"]"), "`notify.to` is `nobody`, must be a mail address such as"),
        (format!("{MAIL}to = [\"b@example.org\"]\nuser = \"x\""), "`notify.user` and `notify.password_env` stand together"),
        (format!("{MAIL}to = [\"b@example.org\"]\ntls = \"none\""), "`notify.tls` is `none`, which is for a server on this machine alone"),
        (
            format!("{HOOK}health = true\n[[notify]]\nid = \"team\"\n{HOOK}health = true"),
            "`notify.id` is `team`, which is taken already at watchfire.toml:5",
        ),
    ] {
        let faults = notify(&keys).expect_err(&keys);
        assert!(faults.contains(wanted) && !faults.contains("s3cret"), "{keys}: {faults}");
    }
}
