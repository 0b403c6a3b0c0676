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

/// Adds what a program answers now to a file of its instance in `folder`, and says what it did not answer, and why. Ask
/// before it is stopped.
///
/// # Errors
/// When the file cannot be written.
pub async fn keep(client: &reqwest::Client, spec: &Spec, folder: &Path) -> anyhow::Result<Vec<String>> {
    let (mut served, mut missing) = (Vec::new(), Vec::new());
    for path in PATHS {
        match answer(client, &format!("{}/{path}", spec.admin)).await {
            Ok(body) => {
                served.extend_from_slice(&body);
                served.push(b'\n');
            }
            Err(error) => missing.push(format!("/{path} of {}: {error:#}", spec.instance)),
        }
    }
    if served.is_empty() {
        return Ok(missing);
    }
    let file = folder.join(format!("{}.txt", spec.instance));
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| OpenOptions::new().create(true).append(true).open(&file)?.write_all(&served));
    written.with_context(|| format!("cannot write {}", file.display()))?;
    Ok(missing)
}

/// Whatever its status is: the part that is not ready says why, to everybody.
async fn answer(client: &reqwest::Client, url: &str) -> anyhow::Result<Vec<u8>> {
    let answer = client.get(url).timeout(PATIENCE).send().await?;
    Ok(answer.bytes().await?.to_vec())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn what_every_life_of_a_program_serves_is_in_its_file_and_what_one_that_is_gone_does_not_is_told() {
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
            for number in 0..6 {
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
                // The last one breaks off.
                let length = if number == 5 { body.len() + 1 } else { body.len() };
                let answer = format!(
                    "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let served = folder.path().join("served");
        let none: [String; 0] = [];
        for _ in 0..2 {
            assert_eq!(keep(&client, &spec, &served).await.unwrap(), none);
        }
        let missing = keep(&client, &spec, &served).await.unwrap();
        assert!(matches!(missing.as_slice(), [one] if one.starts_with("/readyz of sink-0: ")), "{missing:?}");
        answering.join().unwrap();
        assert_eq!(keep(&client, &spec, &served).await.unwrap().len(), 2, "nobody answers");
        let lines = [
            "answer 0 to /metrics",
            "answer 1 to /readyz",
            "answer 2 to /metrics",
            "answer 3 to /readyz",
            "answer 4 to /metrics",
        ];
        let kept = std::fs::read_to_string(served.join("sink-0.txt")).unwrap();
        assert_eq!(kept.lines().collect::<Vec<_>>(), lines);
    }
}
