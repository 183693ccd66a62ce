//! Attacks on the store.

use crate::bindings::wasi::keyvalue::{
    atomics::{self, Cas},
    batch,
    store::{self, Bucket, Error},
};

const MIB: usize = 1 << 20;

fn bucket() -> Bucket {
    store::open("default").unwrap_or_else(|_| panic!("there is a bucket"))
}

fn said<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(Error::Other(text)) => text,
        Err(Error::NoSuchStore) => "no such store".to_owned(),
        Err(Error::AccessDenied) => "access denied".to_owned(),
    }
}

/// What a good component does.
pub(crate) fn write_and_read() -> &'static str {
    let bucket = bucket();
    let is_written = bucket.set("k", b"v").is_ok();
    let is_read = matches!(bucket.get("k"), Ok(Some(value)) if value == b"v");
    if is_written && is_read { "stored" } else { "not stored" }
}

/// What the host said; `None` where this file has no such attack.
pub(crate) fn attack(name: &str) -> Option<String> {
    let bucket = bucket();
    let long = "k".repeat(2_000);
    Some(match name {
        "bucket" => said(store::open("other")),
        "long-key" => {
            let keys = std::slice::from_ref(&long);
            [
                said(bucket.get(&long)),
                said(bucket.set(&long, b"v")),
                said(bucket.delete(&long)),
                said(bucket.exists(&long)),
                said(bucket.list_keys(Some(&long))),
                said(batch::get_many(&bucket, keys)),
                said(batch::set_many(&bucket, &[(long.clone(), vec![1])])),
                said(batch::delete_many(&bucket, keys)),
                said(atomics::increment(&bucket, &long, 1)),
                said(Cas::new(&bucket, &long)),
            ]
            .join("|")
        }
        "large-value" => {
            let value = vec![1; 5 * MIB];
            let cas = Cas::new(&bucket, "k").unwrap_or_else(|_| panic!("a handle"));
            let swapped = match atomics::swap(cas, &value) {
                Err(atomics::CasError::StoreError(error)) => said::<()>(Err(error)),
                _ => "ok".to_owned(),
            };
            [
                said(bucket.set("k", &value)),
                said(batch::set_many(&bucket, &[("k".to_owned(), value.clone())])),
                swapped,
            ]
            .join("|")
        }
        "many-keys" => {
            let keys: Vec<String> = (0..2_000).map(|i| i.to_string()).collect();
            let pairs: Vec<(String, Vec<u8>)> = keys.iter().map(|key| (key.clone(), vec![])).collect();
            [
                said(batch::get_many(&bucket, &keys)),
                said(batch::set_many(&bucket, &pairs)),
                said(batch::delete_many(&bucket, &keys)),
            ]
            .join("|")
        }
        "fill-disk" => {
            let value = vec![1; MIB];
            let mut count = 0;
            loop {
                if let Err(error) = bucket.set(&count.to_string(), &value) {
                    break format!("{} after {count}", said::<()>(Err(error)));
                }
                count += 1;
            }
        }
        "large-answer" => {
            let value = vec![1; MIB];
            let keys: Vec<String> = (0..40).map(|i| i.to_string()).collect();
            let written = keys.iter().all(|key| bucket.set(key, &value).is_ok());
            format!("{written} {}", said(batch::get_many(&bucket, &keys)))
        }
        "large-handles" => {
            let _ = bucket.set("large", &vec![1; 3 * MIB]);
            let mut handles = Vec::new();
            loop {
                match Cas::new(&bucket, "large") {
                    Ok(handle) => handles.push(handle),
                    Err(error) => break format!("{} after {}", said::<()>(Err(error)), handles.len()),
                }
            }
        }
        "leak-handles" => {
            let mut handles = Vec::new();
            loop {
                handles.push(Cas::new(&bucket, "k"));
            }
        }
        _ => return None,
    })
}
