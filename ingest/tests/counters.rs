//! Counters before the first request, as Prometheus sees them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::net::TcpListener;
use std::time::Duration;

use tokio::time::timeout;

/// A port that nobody listens on at the moment.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An ingest whose registry and brokers are away: it waits for them, and its admin port answers.
fn configuration(admin: u16) -> String {
    let away = free_port();
    format!(
        r#"
        [kafka]
        brokers = "127.0.0.1:{away}"
        [registry]
        url = "http://127.0.0.1:{away}"
        [ingest]
        listen = "127.0.0.1:0"
        admin = "127.0.0.1:{admin}"
        [sources.cloud]
        kind = "genesys-eventbridge"
        verify = {{ method = "none" }}
        "#
    )
}

#[tokio::test]
async fn every_counter_of_a_source_is_0_before_its_first_request() {
    let admin = free_port();
    let config = trunkline_config::parse(&configuration(admin), "test.toml").unwrap();
    let metrics = async {
        loop {
            match reqwest::get(format!("http://127.0.0.1:{admin}/metrics")).await {
                Ok(answer) => break answer.text().await.unwrap(),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    let metrics = tokio::select! {
        ended = trunkline_ingest::run(config, "ingest-0".to_owned(), std::future::pending()) => panic!("{ended:?}"),
        metrics = timeout(Duration::from_secs(20), metrics) => metrics.unwrap(),
    };
    for expected in [
        r#"trunkline_ingest_requests_total{source="cloud",status="202"} 0"#,
        r#"trunkline_ingest_requests_total{source="cloud",status="401"} 0"#,
        r#"trunkline_ingest_requests_total{source="cloud",status="503"} 0"#,
        r#"trunkline_ingest_requests_total{source="unknown",status="404"} 0"#,
        r#"trunkline_ingest_events_total{source="cloud"} 0"#,
        r#"trunkline_ingest_quarantined_total{source="cloud"} 0"#,
        r#"trunkline_ingest_drift_total{source="cloud",change="unknown_field"} 0"#,
        r#"trunkline_ingest_drift_total{source="cloud",change="unknown_event_type"} 0"#,
        "trunkline_ingest_unpublished_total 0",
    ] {
        assert!(metrics.lines().any(|line| line == expected), "{expected} is not in\n{metrics}");
    }
}
