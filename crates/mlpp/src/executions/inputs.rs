//! What a launch needs in the buckets: the data of the channels, and the manifest.

use std::path::{Path, PathBuf};

use mlpp_local::LocalObjects;
use mlpp_parameters::{Channel, Diagnostic, Manifest, ManifestEvent};
use mlpp_provider::{Objects, ObjectsError, Which};

use crate::backend::AnyObjects;
use crate::config::Project;
use crate::error::CommandError;
use crate::exit_code::ExitCode;

/// A file of the user's, and the object that it becomes.
#[derive(Debug)]
pub(crate) struct DataFile {
    pub(crate) file: PathBuf,
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// The table `[data]` of `mlpp.toml`, checked.
///
/// # Errors
/// `config/s3-uri`, `config/file-absent`.
pub(crate) fn data_files(project: &Project) -> Result<Vec<DataFile>, CommandError> {
    let mut files = Vec::new();
    for (uri, name) in &project.config.data {
        let invalid = |finding| CommandError::one(ExitCode::InvalidInput, finding);
        let Some((bucket, key)) = uri.get_ref().strip_prefix("s3://").and_then(|rest| rest.split_once('/'))
        else {
            let finding = project.finding("config/s3-uri", uri.span(), "this is no S3 URI of an object");
            return Err(invalid(finding.help("write \"s3://<bucket>/<key>\" = \"<file>\"")));
        };
        let file = project.file(name.get_ref());
        if !file.is_file() {
            let message = format!("there is no file {}", file.display());
            let finding = project.finding("config/file-absent", name.span(), message);
            return Err(invalid(finding.help("files are named relative to mlpp.toml")));
        }
        files.push(DataFile { file, bucket: bucket.to_owned(), key: key.to_owned() });
    }
    Ok(files)
}

/// The findings that channels have no data: neither a file of `[data]` nor an object in the buckets.
pub(crate) fn channels_absent(
    manifest: &Manifest,
    data: &[DataFile],
    objects: &LocalObjects,
) -> Vec<Diagnostic> {
    let is_there =
        |bucket: &str, prefix: &str| objects.keys(bucket, prefix).is_ok_and(|keys| !keys.is_empty());
    let channels = manifest.channels.iter().filter(|channel| !is_to_be_put(channel, data));
    let absent = channels
        .filter(|channel| channel.location().is_some_and(|(bucket, prefix)| !is_there(bucket, prefix)));
    absent.filter_map(without_data).collect()
}

/// The same of the buckets wherever they are.
pub(crate) async fn channels_absent_in(
    manifest: &Manifest,
    data: &[DataFile],
    objects: &AnyObjects,
) -> Vec<Diagnostic> {
    let objects = match objects {
        AnyObjects::Local(objects) => return channels_absent(manifest, data, objects),
        objects @ AnyObjects::Aws(_) => objects,
    };
    let mut absent = Vec::new();
    for channel in manifest.channels.iter().filter(|channel| !is_to_be_put(channel, data)) {
        let Some((bucket, prefix)) = channel.location() else { continue };
        // Who launches need not be allowed to list the data of others.
        if !objects.has_any(bucket, prefix).await.unwrap_or(true) {
            absent.extend(without_data(channel));
        }
    }
    absent
}

fn is_to_be_put(channel: &Channel, data: &[DataFile]) -> bool {
    channel.location().is_some_and(|(bucket, prefix)| {
        data.iter().any(|file| file.bucket == bucket && file.key.starts_with(prefix))
    })
}

fn without_data(channel: &Channel) -> Option<Diagnostic> {
    let (bucket, prefix) = channel.location()?;
    let message = format!("the channel \"{}\" has no data: nothing lies there", channel.name);
    Some(
        Diagnostic::error("manifest/channel-absent", channel.s3_uri.span, message)
            .at(format!("{}/s3DataSource/S3Uri", channel.pointer))
            .label("no object with this key or prefix")
            .help(format!("add \"s3://{bucket}/{prefix}\" = \"<file>\" to [data] in mlpp.toml")),
    )
}

/// Puts the files into the buckets; gives back how many were put, and how many lie there already.
///
/// # Errors
/// A file cannot be read, an object cannot be written.
pub(crate) async fn put_data(
    objects: &impl Objects,
    files: &[DataFile],
) -> Result<(usize, usize), CommandError> {
    let (mut put, mut same) = (0, 0);
    for file in files {
        let failed = |error| CommandError::failed(&format!("put {}", file.file.display()), error);
        let bytes = std::fs::read(&file.file)
            .map_err(|error| CommandError::failed(&format!("read {}", file.file.display()), error))?;
        let there = objects.get(&file.bucket, &file.key, Which::Newest).await;
        if there.is_ok_and(|object| object.bytes == bytes) {
            same += 1;
            continue;
        }
        objects.put(&file.bucket, &file.key, bytes).await.map_err(failed)?;
        put += 1;
    }
    Ok((put, same))
}

/// Puts a manifest into the bucket, and gives back the event of its arrival.
///
/// # Errors
/// It cannot be written.
pub(crate) async fn put_manifest(
    project: &Project,
    objects: &impl Objects,
    file: &Path,
    bytes: &[u8],
) -> Result<ManifestEvent, CommandError> {
    let (bucket, key) = manifest_object(project, file);
    let failed = |error| CommandError::failed("put the manifest", error);
    let written = objects.put(&bucket, &key, bytes.to_vec()).await.map_err(failed)?;
    let object = objects.get(&bucket, &key, written.which()).await.map_err(failed)?;
    Ok(object.event(bucket, key))
}

/// The event of a manifest that lies in the bucket as it is; it is put there only if it does not.
///
/// # Errors
/// It cannot be read or written.
pub(crate) async fn arrived_manifest(
    project: &Project,
    objects: &impl Objects,
    file: &Path,
    bytes: &[u8],
) -> Result<ManifestEvent, CommandError> {
    let (bucket, key) = manifest_object(project, file);
    match objects.get(&bucket, &key, Which::Newest).await {
        Ok(object) if object.bytes == bytes => Ok(object.event(bucket, key)),
        Ok(_) | Err(ObjectsError::NotFound { .. }) => put_manifest(project, objects, file, bytes).await,
        Err(error) => Err(CommandError::failed("read the manifest in the bucket", error)),
    }
}

/// Bucket and key of a manifest.
fn manifest_object(project: &Project, file: &Path) -> (String, String) {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let config = &project.config;
    (config.manifest_s3_bucket_name.clone(), format!("{}{name}", config.manifest_s3_bucket_key_prefix))
}
