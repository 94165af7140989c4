//! Disks of a browser: the origin's private file system, else the Cache API. Both keep to this origin,
//! and the user may empty them at any time.

use super::disk::{Disk, DiskError};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use js_sys::{Array, Promise, Reflect, Uint8Array};
use send_wrapper::SendWrapper;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

/// The folder, or the cache, of ours.
const FOLDER: &str = "lakefront-store";

/// The Cache API keeps answers by URL; this host is reserved to be nobody's.
const CACHE_URL: &str = "https://store.invalid/";

// Their own declarations, since some of these interfaces are behind a flag in web-sys.
#[wasm_bindgen]
extern "C" {
    #[derive(Debug, Clone)]
    type Folder;
    #[wasm_bindgen(method, catch, js_name = getDirectoryHandle)]
    fn folder(this: &Folder, name: &str, options: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getFileHandle)]
    fn file(this: &Folder, name: &str, options: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = removeEntry)]
    fn remove_entry(this: &Folder, name: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn keys(this: &Folder) -> Result<Names, JsValue>;

    type Names;
    #[wasm_bindgen(method, catch)]
    fn next(this: &Names) -> Result<Promise, JsValue>;

    type File;
    #[wasm_bindgen(method, catch, js_name = getFile)]
    fn blob(this: &File) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = createSyncAccessHandle)]
    fn create_sync_access_handle(this: &File) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = createWritable)]
    fn create_writable(this: &File) -> Result<Promise, JsValue>;

    type SyncHandle;
    #[wasm_bindgen(method, catch)]
    fn truncate(this: &SyncHandle, n_bytes: f64) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = write)]
    fn write_bytes(this: &SyncHandle, bytes: &[u8]) -> Result<f64, JsValue>;
    #[wasm_bindgen(method)]
    fn close(this: &SyncHandle);

    type Writable;
    #[wasm_bindgen(method, catch, js_name = write)]
    fn write_array(this: &Writable, bytes: &Uint8Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = close)]
    fn close_writable(this: &Writable) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = abort)]
    fn abort_writable(this: &Writable) -> Result<Promise, JsValue>;

    /// A file, or an answer of the Cache API.
    type Body;
    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    fn array_buffer(this: &Body) -> Result<Promise, JsValue>;

    #[derive(Debug, Clone)]
    type Cache;
    #[wasm_bindgen(method, catch, js_name = keys)]
    fn requests(this: &Cache) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = "match")]
    fn find(this: &Cache, url: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(this: &Cache, url: &str, answer: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn delete(this: &Cache, url: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_name = Response)]
    type Answer;
    #[wasm_bindgen(constructor, catch, js_class = "Response")]
    fn new(body: &Uint8Array) -> Result<Answer, JsValue>;
}

/// The best disk that this browser gives: `None` in a private window of some browsers, or without a
/// secure context.
pub async fn open() -> Option<Arc<dyn Disk>> {
    SendWrapper::new(async {
        if let Ok(disk) = PrivateFolder::open().await {
            return Some(Arc::new(disk) as Arc<dyn Disk>);
        }
        AnswerCache::open().await.ok().map(|disk| Arc::new(disk) as Arc<dyn Disk>)
    })
    .await
}

/// A folder of the origin's private file system.
#[derive(Debug)]
pub struct PrivateFolder(SendWrapper<Folder>);

impl PrivateFolder {
    /// Opens the folder, or makes it.
    ///
    /// # Errors
    /// When the browser has no such file system for this page.
    pub async fn open() -> Result<PrivateFolder, DiskError> {
        let root = async {
            let navigator = property(&js_sys::global().into(), "navigator")?;
            let storage = property(&navigator, "storage")?;
            let get = property(&storage, "getDirectory")?.dyn_into::<js_sys::Function>()?;
            let root = JsFuture::from(get.call0(&storage)?.dyn_into::<Promise>()?).await?;
            let root = root.unchecked_into::<Folder>();
            JsFuture::from(root.folder(FOLDER, &options("create"))?).await
        };
        let folder = root.await.map_err(broken)?.unchecked_into::<Folder>();
        Ok(PrivateFolder(SendWrapper::new(folder)))
    }
}

impl Disk for PrivateFolder {
    fn list(&self) -> BoxFuture<'static, Result<Vec<String>, DiskError>> {
        let folder = self.0.clone();
        run(async move {
            let (keys, mut names) = (folder.keys()?, Vec::new());
            loop {
                let next = JsFuture::from(keys.next()?).await?;
                if property(&next, "done")?.is_truthy() {
                    return Ok(names);
                }
                names.extend(property(&next, "value")?.as_string());
            }
        })
    }

    fn read(&self, name: &str) -> BoxFuture<'static, Result<Option<Bytes>, DiskError>> {
        let (folder, name) = (self.0.clone(), name.to_owned());
        run(async move {
            let file = match JsFuture::from(folder.file(&name, &JsValue::UNDEFINED)?).await {
                Ok(file) => file.unchecked_into::<File>(),
                Err(error) if name_of(&error) == "NotFoundError" => return Ok(None),
                Err(error) => return Err(error),
            };
            let blob = JsFuture::from(file.blob()?).await?;
            body(&blob.unchecked_into()).await.map(Some)
        })
    }

    fn write(&self, name: &str, bytes: Bytes) -> BoxFuture<'static, Result<(), DiskError>> {
        let (folder, name) = (self.0.clone(), name.to_owned());
        run(async move {
            let file = JsFuture::from(folder.file(&name, &options("create"))?).await?;
            let written = write(&file.unchecked_into(), &bytes).await;
            if written.is_err() {
                // Half a file is found out when it is read; none is better.
                if let Ok(removed) = folder.remove_entry(&name) {
                    let _ = JsFuture::from(removed).await;
                }
            }
            written
        })
    }

    fn remove(&self, name: &str) -> BoxFuture<'static, Result<(), DiskError>> {
        let (folder, name) = (self.0.clone(), name.to_owned());
        run(async move {
            match JsFuture::from(folder.remove_entry(&name)?).await {
                Err(error) if name_of(&error) != "NotFoundError" => Err(error),
                _ => Ok(()),
            }
        })
    }
}

/// Writes by a handle that only workers have, and only one of them at a time; else by a stream.
async fn write(file: &File, bytes: &Bytes) -> Result<(), JsValue> {
    if !property(file, "createSyncAccessHandle")?.is_function() {
        let writable = JsFuture::from(file.create_writable()?).await?.unchecked_into::<Writable>();
        let array = Uint8Array::from(bytes.as_ref());
        if let Err(error) = JsFuture::from(writable.write_array(&array)?).await {
            let _ = writable.abort_writable();
            return Err(error);
        }
        return JsFuture::from(writable.close_writable()?).await.map(|_| ());
    }
    let handle = JsFuture::from(file.create_sync_access_handle()?).await?;
    let handle = handle.unchecked_into::<SyncHandle>();
    let written = handle.truncate(0.0).and_then(|()| handle.write_bytes(bytes));
    handle.close();
    match written? {
        n_bytes if n_bytes == bytes.len() as f64 => Ok(()),
        n_bytes => Err(JsValue::from_str(&format!("{n_bytes} of {} bytes", bytes.len()))),
    }
}

/// Entries as answers of the Cache API.
#[derive(Debug)]
pub struct AnswerCache(SendWrapper<Cache>);

impl AnswerCache {
    /// Opens the cache, or makes it.
    ///
    /// # Errors
    /// When the browser has none for this page.
    pub async fn open() -> Result<AnswerCache, DiskError> {
        let cache = async {
            let caches = property(&js_sys::global().into(), "caches")?;
            let open = property(&caches, "open")?.dyn_into::<js_sys::Function>()?;
            let opened = open.call1(&caches, &JsValue::from_str(FOLDER))?;
            JsFuture::from(opened.dyn_into::<Promise>()?).await
        };
        let cache = cache.await.map_err(broken)?.unchecked_into::<Cache>();
        Ok(AnswerCache(SendWrapper::new(cache)))
    }
}

impl Disk for AnswerCache {
    fn list(&self) -> BoxFuture<'static, Result<Vec<String>, DiskError>> {
        let cache = self.0.clone();
        run(async move {
            let requests = JsFuture::from(cache.requests()?).await?.unchecked_into::<Array>();
            let mut names = Vec::new();
            for request in requests.iter() {
                let url = property(&request, "url")?.as_string().unwrap_or_default();
                names.extend(url.strip_prefix(CACHE_URL).map(str::to_owned));
            }
            Ok(names)
        })
    }

    fn read(&self, name: &str) -> BoxFuture<'static, Result<Option<Bytes>, DiskError>> {
        let (cache, url) = (self.0.clone(), format!("{CACHE_URL}{name}"));
        run(async move {
            let answer = JsFuture::from(cache.find(&url)?).await?;
            if answer.is_undefined() {
                return Ok(None);
            }
            body(&answer.unchecked_into()).await.map(Some)
        })
    }

    fn write(&self, name: &str, bytes: Bytes) -> BoxFuture<'static, Result<(), DiskError>> {
        let (cache, url) = (self.0.clone(), format!("{CACHE_URL}{name}"));
        run(async move {
            let answer = Answer::new(&Uint8Array::from(bytes.as_ref()))?;
            JsFuture::from(cache.put(&url, &answer)?).await.map(|_| ())
        })
    }

    fn remove(&self, name: &str) -> BoxFuture<'static, Result<(), DiskError>> {
        let (cache, url) = (self.0.clone(), format!("{CACHE_URL}{name}"));
        run(async move { JsFuture::from(cache.delete(&url)?).await.map(|_| ()) })
    }
}

fn run<T: 'static>(
    work: impl Future<Output = Result<T, JsValue>> + 'static,
) -> BoxFuture<'static, Result<T, DiskError>> {
    SendWrapper::new(async move { work.await.map_err(broken) }).boxed()
}

async fn body(body: &Body) -> Result<Bytes, JsValue> {
    let buffer = JsFuture::from(body.array_buffer()?).await?;
    Ok(Bytes::from(Uint8Array::new(&buffer).to_vec()))
}

fn property(object: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    Reflect::get(object, &JsValue::from_str(name))
}

fn options(flag: &str) -> JsValue {
    let options = js_sys::Object::new();
    // A plain object takes any property.
    let _ = Reflect::set(&options, &JsValue::from_str(flag), &JsValue::TRUE);
    options.into()
}

fn name_of(error: &JsValue) -> String {
    property(error, "name").ok().and_then(|name| name.as_string()).unwrap_or_default()
}

fn broken(error: JsValue) -> DiskError {
    match name_of(&error).as_str() {
        "QuotaExceededError" => DiskError::Full,
        name => {
            let text = property(&error, "message").ok().and_then(|text| text.as_string());
            DiskError::Broken { reason: format!("{name}: {}", text.unwrap_or_default()) }
        }
    }
}
