//! What monitors see: `/healthz`, `/readyz`, `/metrics`, and alert rules that speak of metrics that are there.

mod support;

use std::{collections::HashSet, fs, path::Path};

use support::{
    daemon::Home,
    origin::{Origin, Reply},
};

const RSS: &str = "<rss version=\"2.0\"><channel><title>Secret title</title><item><guid>1</guid><title>One</title></item></channel></rss>";

/// The value of the sample that begins like this.
fn sample(metrics: &str, name: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    Some(line.parse().expect("a number"))
}

#[test]
fn metrics_count_polls_items_and_requests_and_name_no_source() {
    let origin = Origin::launch();
    origin.on("/hidden-path", Reply::ok(RSS));
    origin.on("/gone", Reply::status(404));
    let address = origin.address();
    let source =
        |id: &str, path: &str| format!("[[source]]\nid = \"{id}\"\nurl = \"http://{address}{path}\"\nallow_private = [\"{address}\"]\n");
    let home = Home::new(&[source("one-secret", "/hidden-path"), source("other-secret", "/gone")].concat());
    let daemon = home.start();
    let metrics = || daemon.get("/metrics").body;
    daemon.wait_for("both polls", |_| {
        let metrics = metrics();
        sample(&metrics, "watchfire_polls_total{outcome=\"read\"}") == Some(1.0)
            && sample(&metrics, "watchfire_polls_total{outcome=\"not found\"}") == Some(1.0)
    });
    daemon.wait_for("the index", |_| sample(&metrics(), "watchfire_search_behind_stories") == Some(0.0));
    let answer = daemon.get("/metrics");
    assert!(answer.head.contains("text/plain; version=0.0.4"), "{}", answer.head);
    let metrics = answer.body;
    for (name, wanted) in [
        ("watchfire_polls_total{outcome=\"same bytes\"}", 0.0),
        ("watchfire_poll_duration_seconds_count", 2.0),
        ("watchfire_entries_total{result=\"new\"}", 1.0),
        ("watchfire_joins_total{rule=\"same-text\"}", 0.0),
        ("watchfire_sources{verdict=\"fine\"}", 1.0),
        ("watchfire_sources{verdict=\"not found\"}", 1.0),
        ("watchfire_store_entries{kind=\"stories\"}", 6.0),
        ("watchfire_store_durable", 1.0),
    ] {
        assert_eq!(sample(&metrics, name), Some(wanted), "{name}\n{metrics}");
    }
    assert!(sample(&metrics, "watchfire_fetched_body_bytes_total").is_some_and(|bytes| bytes >= RSS.len() as f64), "{metrics}");
    for part in ["secret", "hidden-path", &address.to_string(), "Secret title"] {
        assert!(!metrics.contains(part), "{part}\n{metrics}");
    }

    for path in ["/views/a", "/views/b", "/no/such", "/stories/x"] {
        daemon.get(path);
    }
    let metrics = daemon.get("/metrics").body;
    assert_eq!(sample(&metrics, "watchfire_http_requests_total{route=\"/views/{name}\",status=\"404\"}"), Some(2.0), "{metrics}");
    assert_eq!(sample(&metrics, "watchfire_http_requests_total{route=\"none\",status=\"404\"}"), Some(1.0), "{metrics}");
    assert!(!metrics.contains("/no/such"), "what clients ask for is no label");
    daemon.stop();
}

/// Metrics that rules speak of must be served: a rule over one that was renamed never fires.
#[test]
fn alert_rules_speak_of_metrics_that_are_served() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/watchfire.rules.yml");
    let rules = fs::read_to_string(rules).expect("rules");
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named: HashSet<&str> = rules.split(|c| !is_of_name(c)).filter(|word| word.starts_with("watchfire_")).collect();
    assert!(named.len() > 4, "{named:?}");
    let home = Home::new("");
    let daemon = home.start();
    let metrics = daemon.get("/metrics").body;
    for name in named {
        let is_served = metrics.lines().any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        assert!(is_served || name == "watchfire_sources", "`{name}` is not served:\n{metrics}");
    }
    assert!(metrics.contains("process_resident_memory_bytes"), "{metrics}");
    let cpu_seconds = sample(&metrics, "process_cpu_seconds_total").expect("the CPU time");
    assert!(cpu_seconds > 0.0 && cpu_seconds.fract() > 0.0, "finer than seconds: {cpu_seconds}");
    daemon.stop();
}

#[test]
fn a_daemon_that_works_is_alive_and_ready() {
    let home = Home::new("");
    let daemon = home.start();
    daemon.wait_for("the index", |daemon| daemon.get("/readyz").status == 200);
    assert_eq!(daemon.get("/healthz").body, "ok\n");
    assert_eq!(daemon.request("POST", "/metrics", &[]).status, 405);
    let health = home.command(&["health"]);
    assert!(health.status.success(), "{}", String::from_utf8_lossy(&health.stderr));
    daemon.stop();
}

/// As on a full disk: the store goes on, and only the index stays behind.
#[test]
fn an_index_that_stays_behind_is_seen_by_monitors_and_people() {
    let home = Home::new("");
    let daemon = home.start();
    daemon.wait_for("the index", |daemon| daemon.get("/readyz").status == 200);
    assert_eq!(sample(&daemon.get("/metrics").body, "watchfire_search_following"), Some(1.0));
    fs::rename(home.path("data/search"), home.path("elsewhere")).expect("moved");
    fs::write(home.path("note.md"), "---\ntitle: A note\n---\n\nText.\n").expect("written");
    let imported = home.command(&["import", "note.md"]);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    daemon.wait_for("the failure", |daemon| daemon.get("/readyz").status == 503);
    let words = "the search index cannot be written";
    assert!(daemon.get("/readyz").body.starts_with(words), "{}", daemon.get("/readyz").body);
    assert!(daemon.get("/sources").body.contains(words), "{}", daemon.get("/sources").body);
    assert_eq!(sample(&daemon.get("/metrics").body, "watchfire_search_following"), Some(0.0));
    let health = home.command(&["health", "--ready"]);
    assert!(!health.status.success() && String::from_utf8_lossy(&health.stderr).contains(words));
    assert_eq!(daemon.get("/healthz").body, "ok\n", "a new start would not help");
    daemon.stop();
}

#[test]
fn log_lines_can_be_json_and_hold_no_secret() {
    let origin = Origin::launch();
    origin.on("/feed?key=hush", Reply::status(500));
    let address = origin.address();
    let source = format!("[[source]]\nid = \"a\"\nurl = \"http://{address}/feed?key=${{KEY}}\"\nallow_private = [\"{address}\"]\n");
    let home = Home::new(&source);
    let daemon = home.start_with(&[("WATCHFIRE_LOG_FORMAT", "json"), ("KEY", "hush"), ("WATCHFIRE_LOG", "debug")]);
    daemon.wait_for("the poll", |daemon| daemon.log().contains("status 500"));
    let log = daemon.log();
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event["timestamp"].is_string() && event["level"].is_string() && event["fields"]["message"].is_string(), "{line}");
    }
    let poll = log.lines().find(|line| line.contains("status 500")).expect("the poll's line");
    assert_eq!(serde_json::from_str::<serde_json::Value>(poll).expect("JSON")["fields"]["source"], "a");
    assert!(!log.contains("hush"), "{log}");
    daemon.stop();
}
