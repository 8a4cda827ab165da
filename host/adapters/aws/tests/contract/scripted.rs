//! One file system that can be changed: neither the stand-ins nor moto serve
//! `UpdateFileSystem`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

#[derive(Clone)]
pub(crate) struct FileSystem {
    pub(crate) endpoint: String,
    updates: Arc<Mutex<Vec<String>>>,
    tags: BTreeMap<&'static str, String>,
}

impl FileSystem {
    pub(crate) async fn serve(tags: BTreeMap<&'static str, String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = Self {
            endpoint,
            updates: Arc::default(),
            tags,
        };
        let this = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(this.clone().answer(stream));
            }
        });
        server
    }

    /// The throughput modes that were asked for.
    pub(crate) fn updates(&self) -> Vec<String> {
        self.updates.lock().unwrap().clone()
    }

    async fn answer(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        loop {
            let (mut first, mut length) = (String::new(), 0);
            if stream.read_line(&mut first).await.unwrap_or(0) == 0 {
                return;
            }
            loop {
                let mut header = String::new();
                stream.read_line(&mut header).await.unwrap();
                let header = header.trim().to_ascii_lowercase();
                if header.is_empty() {
                    break;
                }
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            let answer = self.handle(&first, &body).to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
                answer.len()
            );
            stream
                .write_all(format!("{head}{answer}").as_bytes())
                .await
                .unwrap();
        }
    }

    fn handle(&self, first: &str, body: &[u8]) -> Value {
        if first.starts_with("PUT /2015-02-01/file-systems/fs-1 ") {
            let asked: Value = serde_json::from_slice(body).unwrap();
            let mode = asked["ThroughputMode"].as_str().unwrap().to_owned();
            self.updates.lock().unwrap().push(mode);
            return self.description();
        }
        assert!(
            first.starts_with("GET /2015-02-01/file-systems?"),
            "{first}"
        );
        json!({ "FileSystems": [self.description()] })
    }

    fn description(&self) -> Value {
        let mode = self
            .updates()
            .pop()
            .unwrap_or_else(|| "bursting".to_owned());
        let tags = self
            .tags
            .iter()
            .map(|(key, value)| json!({ "Key": key, "Value": value }));
        json!({
            "OwnerId": "222233334444",
            "CreationToken": "scripted",
            "FileSystemId": "fs-1",
            "CreationTime": 1.7e9,
            "LifeCycleState": "available",
            "Name": "acme--odoo.scripted",
            "NumberOfMountTargets": 0,
            "SizeInBytes": { "Value": 0 },
            "PerformanceMode": "generalPurpose",
            "ThroughputMode": mode,
            "Encrypted": true,
            "KmsKeyId": "arn:aws:kms:eu-west-3:222233334444:key/aws-own",
            "Tags": tags.collect::<Vec<_>>(),
        })
    }
}
