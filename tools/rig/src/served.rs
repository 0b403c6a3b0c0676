//! What the programs serve at their admin ports, kept for a search for secrets.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::program::Spec;

/// Whoever may see these may see no secret in them.
const PATHS: [&str; 2] = ["metrics", "readyz"];
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Adds what a program answers now to a file of its instance in `folder`, and says how many bytes. Ask before it is
/// stopped: one that gives no answer serves nothing to anybody, and nothing is added.
///
/// # Errors
/// When the file cannot be written.
pub async fn keep(client: &reqwest::Client, spec: &Spec, folder: &Path) -> anyhow::Result<usize> {
    let mut served = Vec::new();
    for path in PATHS {
        let answer = client.get(format!("{}/{path}", spec.admin)).timeout(PATIENCE).send().await;
        // Whatever its status is: the part that is not ready says why, to everybody.
        let Ok(answer) = answer else { continue };
        served.extend_from_slice(&answer.bytes().await.unwrap_or_default());
        served.push(b'\n');
    }
    if served.is_empty() {
        return Ok(0);
    }
    let file = folder.join(format!("{}.txt", spec.instance));
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| OpenOptions::new().create(true).append(true).open(&file)?.write_all(&served));
    written.with_context(|| format!("cannot write {}", file.display()))?;
    Ok(served.len())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn what_every_life_of_a_program_serves_is_in_its_file_and_one_that_is_gone_adds_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let spec = Spec {
            binary: "sink".to_owned(),
            instance: "sink-0".to_owned(),
            config: folder.path().join("config"),
            log: folder.path().join("log"),
            admin: format!("http://{}", listener.local_addr().unwrap()),
            within: Vec::new(),
        };
        let answering = std::thread::spawn(move || {
            for number in 0..4 {
                let (mut stream, _) = listener.accept().unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    head.push(byte[0]);
                }
                let path = String::from_utf8(head).unwrap().split(' ').nth(1).unwrap().to_owned();
                let body = format!("answer {number} to {path}");
                let status = if path == "/readyz" { "503 Service Unavailable" } else { "200 OK" };
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let served = folder.path().join("served");
        for _ in 0..2 {
            assert!(keep(&client, &spec, &served).await.unwrap() > 0);
        }
        answering.join().unwrap();
        assert_eq!(keep(&client, &spec, &served).await.unwrap(), 0);
        let lines =
            ["answer 0 to /metrics", "answer 1 to /readyz", "answer 2 to /metrics", "answer 3 to /readyz"];
        let kept = std::fs::read_to_string(served.join("sink-0.txt")).unwrap();
        assert_eq!(kept.lines().collect::<Vec<_>>(), lines);
    }
}
