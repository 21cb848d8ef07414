//! A loader of objects in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::{Again, BoxFuture, LoadError, Loader, Pointer, Sink};

/// What a load of an object does.
#[derive(Clone)]
pub(super) enum Object {
    Content(Vec<u8>),
    Fails(Again),
    /// Half of the content, then silence.
    Hangs,
    /// Content, once it is released.
    Waits(watch::Receiver<bool>),
}

/// Objects by the field `file_key` of the pointer.
#[derive(Clone, Default)]
pub(super) struct Objects(Arc<Store>);

#[derive(Default)]
struct Store {
    objects: Mutex<HashMap<String, Object>>,
    loads: AtomicUsize,
}

struct ObjectPointer {
    key: String,
    objects: Objects,
}

impl Objects {
    pub(super) fn put(&self, key: &str, object: Object) {
        self.0.objects.lock().unwrap().insert(key.to_owned(), object);
    }

    pub(super) fn put_content(&self, key: &str, content: &str) {
        self.put(key, Object::Content(content.into()));
    }

    pub(super) fn loads(&self) -> usize {
        self.0.loads.load(Ordering::SeqCst)
    }
}

impl Loader for Objects {
    fn parse(&self, json: &str) -> Result<Box<dyn Pointer>, String> {
        let (_, rest) = json.split_once(r#""file_key": ""#).ok_or("the pointer has no key")?;
        let key = rest.split('"').next().unwrap().to_owned();
        Ok(Box::new(ObjectPointer { key, objects: self.clone() }))
    }
}

impl Pointer for ObjectPointer {
    fn target(&self) -> String {
        format!("object://{}", self.key)
    }

    fn load<'a>(
        &'a self,
        max_bytes: Option<u64>,
        sink: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<(), LoadError>> {
        self.objects.0.loads.fetch_add(1, Ordering::SeqCst);
        let object = self.objects.0.objects.lock().unwrap()[&self.key].clone();
        Box::pin(async move {
            match object {
                Object::Content(content) if max_bytes.is_some_and(|most| content.len() as u64 > most) => {
                    Err(LoadError::new("too large", Again::Never))
                }
                Object::Content(content) => {
                    // The first attempt is dropped.
                    sink.start().await?;
                    sink.write(b"dropped".to_vec()).await?;
                    sink.start().await?;
                    for piece in content.chunks(5) {
                        sink.write(piece.to_vec()).await?;
                    }
                    Ok(())
                }
                Object::Fails(again) => Err(LoadError::new("the load failed", again)),
                Object::Waits(mut released) => {
                    sink.start().await?;
                    released.wait_for(|released| *released).await.unwrap();
                    sink.write(b"released".to_vec()).await
                }
                Object::Hangs => {
                    sink.start().await?;
                    sink.write(b"half".to_vec()).await?;
                    std::future::pending().await
                }
            }
        })
    }
}

/// A pointer to the object `key`.
pub(super) fn pointer(key: &str) -> String {
    format!(r#"{{"live_data_watcher_load_type": "S3", "file_key": "{key}"}}"#)
}
