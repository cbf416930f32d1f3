use jiff::Timestamp;
use mlpp_parameters::{Content, Digest, Entry, PlannedParameter, StorePath};
use serde::{Deserialize, Serialize};

use crate::Planned;

/// The format of saved plans that this version writes and reads.
const FORMAT: u32 = 1;

/// A plan as a file: what was compared and what came of it. It holds while the store is as it was; secrets are in it by
/// their sources and fingerprints alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    format: u32,
    /// Name and version of the tool.
    pub tool: String,
    /// When it was made.
    pub time: Timestamp,
    /// The project's path.
    pub path: StorePath,
    /// The environment whose overlays are in it.
    pub environment: String,
    /// The release that was in force; 0 for none.
    pub release: u64,
    /// The highest number that was claimed.
    claimed: u64,
    /// Name and digest of each document.
    pub documents: Vec<(String, Digest)>,
    /// Whether edits in place are kept.
    pub keep_drift: bool,
    wanted: Vec<Entry>,
    /// What becomes of each parameter.
    pub parameters: Vec<PlannedParameter>,
}

/// What a saved plan says of itself.
#[derive(Debug, Clone)]
pub struct PlanAbout<'a> {
    /// The project's path.
    pub path: &'a StorePath,
    /// The environment whose overlays are in it.
    pub environment: &'a str,
    /// Name and digest of each document.
    pub documents: &'a [(String, Digest)],
    /// Whether edits in place are kept.
    pub keep_drift: bool,
    /// When it is made.
    pub time: Timestamp,
    /// Name and version of the tool.
    pub tool: &'a str,
}

/// Why a saved plan cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum SavedPlanError {
    /// The file is no plan.
    #[error("it is no saved plan: {0}")]
    NotValid(#[from] serde_json::Error),
    /// Another version of the tool wrote it.
    #[error("it has format {0}; this version reads format {FORMAT}")]
    Format(u32),
    /// The store, or a secret, is no longer as it was.
    #[error("{}", .0.join("; "))]
    Stale(Vec<String>),
}

/// How many reasons are told of a plan that no longer holds.
const MAX_REASONS: usize = 10;

impl SavedPlan {
    /// What `planned` came to for `wanted`, to be saved.
    pub fn new(planned: &Planned, wanted: &Content, about: &PlanAbout<'_>) -> Self {
        Self {
            format: FORMAT,
            tool: about.tool.to_owned(),
            time: about.time,
            path: about.path.clone(),
            environment: about.environment.to_owned(),
            release: planned.status.number(),
            claimed: planned.status.claimed,
            documents: about.documents.to_vec(),
            keep_drift: about.keep_drift,
            wanted: wanted.entries.clone(),
            parameters: planned.plan.parameters.clone(),
        }
    }

    /// Its JSON text.
    pub fn to_text(&self) -> String {
        // A plan is a plain structure of texts and numbers: its serialisation cannot fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// [`SavedPlanError::NotValid`], [`SavedPlanError::Format`].
    pub fn from_text(text: &str) -> Result<Self, SavedPlanError> {
        #[derive(Deserialize)]
        struct Versioned {
            format: u32,
        }
        let Versioned { format } = serde_json::from_str(text)?;
        if format == FORMAT { Ok(serde_json::from_str(text)?) } else { Err(SavedPlanError::Format(format)) }
    }

    /// What it wants, to be planned again; secrets by their sources.
    pub fn wanted(&self) -> Content {
        Content { entries: self.wanted.clone() }
    }

    /// Whether planning again came to the same.
    ///
    /// # Errors
    /// [`SavedPlanError::Stale`] with what has changed since.
    pub fn check(&self, again: &Planned) -> Result<(), SavedPlanError> {
        let mut reasons = Vec::new();
        let status = &again.status;
        if status.number() != self.release {
            let release =
                |number| if number == 0 { "no release".to_owned() } else { format!("release {number}") };
            reasons.push(format!(
                "{} was in force, now {} is",
                release(self.release),
                release(status.number())
            ));
        } else if status.claimed != self.claimed {
            reasons.push(format!("release {} has been claimed since", status.claimed));
        }
        let before: std::collections::HashMap<_, _> =
            self.parameters.iter().map(|parameter| (&parameter.name, parameter)).collect();
        for now in &again.plan.parameters {
            match before.get(&now.name) {
                Some(before) if *before == now => {}
                Some(before) if before.live_version != now.live_version || before.live != now.live => {
                    reasons.push(format!("{} has been written since", now.name));
                }
                Some(_) => reasons.push(format!("the secret {} has another value now", now.name)),
                None => reasons.push(format!("{} has come into being since", now.name)),
            }
        }
        let now: std::collections::HashSet<_> =
            again.plan.parameters.iter().map(|parameter| &parameter.name).collect();
        let gone = self.parameters.iter().filter(|parameter| !now.contains(&parameter.name));
        reasons.extend(gone.map(|parameter| format!("{} has been deleted since", parameter.name)));
        if reasons.is_empty() {
            return Ok(());
        }
        let more = reasons.len().saturating_sub(MAX_REASONS);
        reasons.truncate(MAX_REASONS);
        if more > 0 {
            reasons.push(format!("and {more} more"));
        }
        Err(SavedPlanError::Stale(reasons))
    }
}
