//! The `sandbox` binary as a shell meets it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

#[test]
fn serve_prints_its_addresses_makes_the_secrets_and_ends_when_told() {
    let directory = tempfile::tempdir().unwrap();
    let secrets = directory.path().join("secrets");
    let mut serving = Command::new(env!("CARGO_BIN_EXE_sandbox"))
        .args(["serve", "--secrets"])
        .arg(&secrets)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(serving.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let addresses: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(addresses.as_object().unwrap().len(), 8);
    assert!(addresses["admin"].as_str().unwrap().starts_with("http://127.0.0.1:"));

    let made = std::fs::read_dir(&secrets)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let made: Vec<String> = made.collect();
    assert_eq!(made.len(), 11);
    assert!(made.iter().all(|secret| !line.contains(secret.as_str())));

    assert!(Command::new("kill").arg(serving.id().to_string()).status().unwrap().success());
    assert!(serving.wait().unwrap().success());
}

#[test]
fn play_ends_with_what_came_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = directory.path().join("ledger.jsonl");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ingest = format!("http://{}", listener.local_addr().unwrap());
    // A stand-in that turns everything away for good.
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut chunk) = (Vec::new(), [0; 65_536]);
            while !whole(&request) {
                let read = stream.read(&mut chunk).unwrap();
                request.extend_from_slice(&chunk[..read]);
            }
            stream
                .write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .unwrap();
        }
    });
    let output = Command::new(env!("CARGO_BIN_EXE_sandbox"))
        .args(["play", "--rate", "40", "--seconds", "2", "--ingest", &ingest, "--ledger"])
        .arg(&ledger)
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let scheduled = report["counts"]["scheduled"].as_u64().unwrap();
    assert!(scheduled > 20);
    assert_eq!(report["counts"]["rejected"], scheduled);
    let lines = trunkline_load::ledger::read(&ledger).unwrap();
    assert_eq!(lines.len() as u64, scheduled);
    assert!(lines.iter().all(|line| line.status == 401 && line.attempts == 1));
}

/// Whether the request has come in full.
fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    request.len() >= head.len() + 4 + length.unwrap_or(0usize)
}
