//! Parameters on Systems Manager.

mod convert;
mod put;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ssm::types::{Parameter, ParameterHistory, Tag};
use futures_util::future::try_join_all;
use mlpp_parameters::{LiveParameter, ParameterName, SecretValue, StorePath};
use mlpp_provider::{Clock, ParameterStore, PutParameter, RevealedSecret, SecretVersion, StoreError};

use crate::clients::Clients;
use crate::failure::{CallError, Remedy};
use crate::pace::{Lane, Pace};
use convert::{Read, is_secret, live, version};

/// The most names of one call (`GetParameters`, `DeleteParameters`, member `Names`).
const NAMES: usize = 10;
/// The most parameters of one page (`GetParametersByPath`, member `MaxResults`).
const PAGE: i32 = 10;
/// The most versions of one page (`GetParameterHistory`, member `MaxResults`).
const HISTORY_PAGE: i32 = 50;
/// How long a deleted name cannot be used again (`DeleteParameter`).
const RECREATE: Duration = Duration::from_secs(30);

/// What holds for every parameter that is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreOptions {
    /// The KMS key of secrets (`PutParameter`, member `KeyId`); else the account's own for Systems Manager.
    pub key_id: Option<String>,
    /// Tags of parameters that are created, as key and value.
    pub tags: Vec<(String, String)>,
}

/// The parameter store of an AWS account and region.
///
/// Clones share the pace of their calls, since they share the account's quota.
#[derive(Debug)]
pub struct AwsParameterStore<C> {
    client: aws_sdk_ssm::Client,
    pace: Arc<Pace<C>>,
    key_id: Option<String>,
    tags: Arc<[Tag]>,
    /// Where parameters are tagged: names that were seen, so that those are not first tried as new ones.
    seen: Arc<Mutex<HashSet<ParameterName>>>,
}

impl<C> Clone for AwsParameterStore<C> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            pace: Arc::clone(&self.pace),
            key_id: self.key_id.clone(),
            tags: Arc::clone(&self.tags),
            seen: Arc::clone(&self.seen),
        }
    }
}

impl<C: Clock> AwsParameterStore<C> {
    /// The store that `clients` talk to; it waits by `clock`. `seed` is for the jitter of its waits: processes that were
    /// refused together must not come back together.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when a tag has no key.
    pub fn new(
        clients: &Clients,
        clock: Arc<C>,
        seed: u64,
        options: StoreOptions,
    ) -> Result<Self, StoreError> {
        let tag = |(key, value)| Tag::builder().key(key).value(value).build();
        let tags: Result<Arc<[Tag]>, _> = options.tags.into_iter().map(tag).collect();
        Ok(Self {
            client: clients.ssm.clone(),
            pace: Arc::new(Pace::new(clock, seed)),
            key_id: options.key_id,
            tags: tags.map_err(|error| StoreError::Unavailable(error.into()))?,
            seen: Arc::default(),
        })
    }

    /// How many parameters a second can be written, as far as was learned by now: to tell how long an apply takes. `None`
    /// where nothing holds it back.
    pub fn writes_per_second(&self) -> Option<f64> {
        self.pace.rate(Lane::Put)
    }

    /// One call of `GetParameters`, for at most ten names.
    async fn page(&self, names: Vec<String>, decrypt: bool) -> Result<Vec<Parameter>, CallError> {
        let answer = self
            .pace
            .call(Lane::Read, || {
                let request = self.client.get_parameters().with_decryption(decrypt);
                let request = request.set_names(Some(names.clone()));
                async { request.send().await.map_err(CallError::from) }
            })
            .await?;
        Ok(answer.parameters.unwrap_or_default())
    }

    /// All parameters of those names, in calls for ten names each that are made at the same time.
    async fn pages(&self, names: Vec<Vec<String>>, decrypt: bool) -> Result<Vec<Parameter>, StoreError> {
        let pages = try_join_all(names.into_iter().map(|names| self.page(names, decrypt)));
        Ok(pages.await.map_err(unavailable)?.concat())
    }

    fn see<'a>(&self, names: impl IntoIterator<Item = &'a ParameterName>) {
        if !self.tags.is_empty() {
            self.seen_names().extend(names.into_iter().cloned());
        }
    }

    fn seen_names(&self) -> std::sync::MutexGuard<'_, HashSet<ParameterName>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Clock> ParameterStore for AwsParameterStore<C> {
    async fn put(&self, parameter: PutParameter) -> Result<u64, StoreError> {
        self.put_parameter(&parameter).await
    }

    async fn get(&self, names: &[ParameterName]) -> Result<Vec<LiveParameter>, StoreError> {
        let mut names: Vec<_> = names.iter().map(|name| name.as_str().to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        let calls = names.chunks(NAMES).map(<[String]>::to_vec).collect();
        let found: Vec<_> =
            self.pages(calls, false).await?.into_iter().map(live).collect::<Result<_, _>>()?;
        self.see(found.iter().map(|parameter| &parameter.name));
        Ok(found)
    }

    async fn list(&self, path: &StorePath) -> Result<Vec<LiveParameter>, StoreError> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let page = self
                .pace
                .call(Lane::Read, || {
                    let request = self.client.get_parameters_by_path().path(path.as_str()).recursive(true);
                    let request = request.max_results(PAGE).set_next_token(token.clone());
                    async { request.send().await.map_err(CallError::from) }
                })
                .await
                .map_err(unavailable)?;
            // A page may be empty and not be the last (`GetParametersByPath`): the token alone tells.
            for parameter in page.parameters.unwrap_or_default() {
                found.push(live(parameter)?);
            }
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        self.see(found.iter().map(|parameter| &parameter.name));
        Ok(found)
    }

    async fn reveal(&self, secrets: &[SecretVersion]) -> Result<Vec<RevealedSecret>, StoreError> {
        let revealed = self.pages(by_distinct_names(secrets), true).await?;
        revealed.into_iter().filter(is_secret).map(reveal).collect()
    }

    fn recreate_delay(&self) -> Duration {
        RECREATE
    }

    async fn delete(&self, names: &[ParameterName]) -> Result<(), StoreError> {
        for names in names.chunks(NAMES) {
            let texts: Vec<_> = names.iter().map(|name| name.as_str().to_owned()).collect();
            self.pace
                .call(Lane::Other, || {
                    let request = self.client.delete_parameters().set_names(Some(texts.clone()));
                    async { request.send().await.map_err(CallError::from) }
                })
                .await
                .map_err(unavailable)?;
            let mut seen = self.seen_names();
            for name in names {
                seen.remove(name);
            }
        }
        Ok(())
    }

    async fn history(&self, name: &ParameterName) -> Result<Vec<LiveParameter>, StoreError> {
        let mut versions: Vec<ParameterHistory> = Vec::new();
        let mut token = None;
        loop {
            let page = self
                .pace
                .call(Lane::Other, || {
                    let request = self.client.get_parameter_history().name(name.as_str());
                    let request = request.max_results(HISTORY_PAGE).set_next_token(token.clone());
                    async { request.send().await.map_err(CallError::from) }
                })
                .await;
            let page = match page {
                Err(error) if error.code() == Some("ParameterNotFound") => return Ok(Vec::new()),
                page => page.map_err(unavailable)?,
            };
            versions.extend(page.parameters.unwrap_or_default());
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        let mut found: Vec<_> = versions.into_iter().map(live).collect::<Result<_, _>>()?;
        found.sort_by_key(|parameter: &LiveParameter| parameter.version);
        Ok(found)
    }
}

fn reveal(parameter: Parameter) -> Result<RevealedSecret, StoreError> {
    let (name, version) = (parameter.parsed_name()?, version(parameter.version)?);
    Ok(RevealedSecret { name, version, value: SecretValue::new(parameter.value.unwrap_or_default()) })
}

/// The names of secrets, with their versions, in calls of which none has two versions of the same one.
fn by_distinct_names(secrets: &[SecretVersion]) -> Vec<Vec<String>> {
    let mut times: HashMap<&ParameterName, Vec<Option<u64>>> = HashMap::new();
    let mut rounds: Vec<Vec<String>> = Vec::new();
    for secret in secrets {
        let before = times.entry(&secret.name).or_default();
        if before.contains(&secret.version) {
            continue;
        }
        if rounds.len() == before.len() {
            rounds.push(Vec::new());
        }
        rounds[before.len()].push(match secret.version {
            Some(version) => format!("{}:{version}", secret.name),
            None => secret.name.to_string(),
        });
        before.push(secret.version);
    }
    rounds.iter().flat_map(|round| round.chunks(NAMES).map(<[String]>::to_vec)).collect()
}

/// A failure that says nothing about the parameter.
fn unavailable(error: CallError) -> StoreError {
    if error.remedy() == Remedy::SlowDown {
        StoreError::Busy(error.into())
    } else {
        StoreError::Unavailable(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_has_two_versions_of_one_secret() {
        let secret = |name: &str, version| SecretVersion { name: name.parse().unwrap(), version };
        let calls = by_distinct_names(&[
            secret("/a", None),
            secret("/a", Some(1)),
            secret("/b", Some(2)),
            secret("/a", None),
            secret("/a", Some(3)),
        ]);
        assert_eq!(calls, [vec!["/a", "/b:2"], vec!["/a:1"], vec!["/a:3"]]);
        let many: Vec<_> = (0..25).map(|n| secret(&format!("/n{n}"), None)).collect();
        let sizes: Vec<_> = by_distinct_names(&many).iter().map(Vec::len).collect();
        assert_eq!(sizes, [10, 10, 5]);
    }
}
