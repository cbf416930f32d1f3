//! List actions: filters, order, pages.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::error::ServiceError;
use crate::platform::Platform;
use crate::request::{Checks, Node, Text};
use crate::store::{Record, ResourceKind};

/// What a List request asks for, but for the page.
struct Query {
    contains: String,
    status: Option<String>,
    /// Member of the records, whether later times are asked for, the time.
    times: Vec<(&'static str, bool, Timestamp)>,
    order: Order,
    descending: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Name,
    CreationTime,
    Status,
}

const TIMES: [(&str, &str, bool); 4] = [
    ("CreationTimeAfter", "CreationTime", true),
    ("CreationTimeBefore", "CreationTime", false),
    ("LastModifiedTimeAfter", "LastModifiedTime", true),
    ("LastModifiedTimeBefore", "LastModifiedTime", false),
];

impl Query {
    fn read(request: &Value, kind: ResourceKind) -> Result<Self, ServiceError> {
        let job =
            [ResourceKind::TrainingJob, ResourceKind::HyperParameterTuningJob, ResourceKind::TransformJob];
        let statuses: &'static [&'static str] = if job.contains(&kind) {
            &["InProgress", "Completed", "Failed", "Stopping", "Stopped", "Deleting", "DeleteFailed"]
        } else {
            &[
                "OutOfService",
                "Creating",
                "Updating",
                "SystemUpdating",
                "RollingBack",
                "InService",
                "Deleting",
                "Failed",
                "UpdateRollbackFailed",
            ]
        };
        let mut checks = Checks::new();
        let root = Node::root(request);
        let contains = checks.text(&root, "NameContains", Text::any(63)).unwrap_or_default().to_owned();
        let status = checks.text(&root, "StatusEquals", Text::one_of(statuses)).map(str::to_owned);
        let orders = Text::one_of(&["Name", "CreationTime", "Status"]);
        let by_name = kind == ResourceKind::HyperParameterTuningJob;
        let order = match checks.text(&root, "SortBy", orders) {
            Some("Name") => Order::Name,
            Some("Status") => Order::Status,
            None if by_name => Order::Name,
            _ => Order::CreationTime,
        };
        let direction = checks.text(&root, "SortOrder", Text::one_of(&["Ascending", "Descending"]));
        checks.finish()?;
        let mut times = Vec::new();
        for (asked, member, later) in TIMES {
            if let Some(value) = request.get(asked).filter(|value| !value.is_null()) {
                let time = time(value).ok_or_else(|| {
                    ServiceError::new(
                        "SerializationException",
                        400,
                        format!("{asked} {value} is not a time."),
                    )
                })?;
                times.push((member, later, time));
            }
        }
        // The newest comes first, except in the one list that goes by name.
        let descending = direction.map_or(!by_name, |direction| direction == "Descending");
        Ok(Self { contains, status, times, order, descending })
    }

    fn holds(&self, name: &str, record: &Record, status: Option<&str>) -> bool {
        name.contains(&self.contains)
            && (self.status.is_none() || self.status.as_deref() == status)
            && self.times.iter().all(|(member, later, time)| {
                let own = record.text(member).and_then(|text| text.parse::<Timestamp>().ok());
                own.is_some_and(|own| if *later { own > *time } else { own < *time })
            })
    }

    fn compare(&self, one: &(String, Option<String>), other: &(String, Option<String>)) -> Ordering {
        match self.order {
            Order::Name => one.0.cmp(&other.0),
            Order::Status => one.1.cmp(&other.1),
            // The store has them by age.
            Order::CreationTime => Ordering::Equal,
        }
    }
}

/// A time of a request: seconds since 1970, as the wire has it, or a text.
fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        number => {
            #[expect(clippy::cast_possible_truncation, reason = "a time out of range is none")]
            let milliseconds = (number.as_f64()? * 1000.0).round() as i64;
            Timestamp::from_millisecond(milliseconds).ok()
        }
    }
}

impl Platform {
    /// A List action: filtered by `NameContains`, `StatusEquals` and times, by `SortBy` and `SortOrder`, in pages.
    pub(crate) async fn list_resources(
        &self,
        request: &Value,
        kind: ResourceKind,
        answer: &str,
        members: &[&str],
    ) -> Result<Value, ServiceError> {
        let query = Query::read(request, kind)?;
        let records = self.store.list(kind).await?;
        let status_member = members.iter().find(|member| member.ends_with("Status"));
        let status =
            |record: &Record| status_member.and_then(|member| record.text(member)).map(str::to_owned);
        let mut found: Vec<((String, Option<String>), Value)> = records
            .into_iter()
            .filter(|(name, record)| query.holds(name, record, status(record).as_deref()))
            .map(|(name, record)| {
                let kept = members
                    .iter()
                    .filter_map(|&member| Some((member.to_owned(), record.body.get(member)?.clone())));
                let summary = Value::Object(kept.collect());
                ((name, status(&record)), summary)
            })
            .collect();
        found.sort_by(|(one, _), (other, _)| query.compare(one, other));
        if query.descending {
            found.reverse();
        }
        page(request, answer, found.into_iter().map(|(_, summary)| summary).collect())
    }
}

/// How a service pages its lists.
pub(crate) struct Pages {
    /// How many members a page has without `MaxResults`.
    pub(crate) usual: i64,
    /// How many `MaxResults` may ask for.
    pub(crate) most: i64,
    /// The code of the error for a token that the service did not give.
    pub(crate) bad_token: &'static str,
}

/// A page of a list of SageMaker's; see [`page_of`].
pub(crate) fn page(request: &Value, answer: &str, all: Vec<Value>) -> Result<Value, ServiceError> {
    page_of(request, answer, all, &Pages { usual: 10, most: 100, bad_token: "ValidationException" })
}

/// The page of `all` that a request's `MaxResults` and `NextToken` mean. A token is the number of the next member.
pub(crate) fn page_of(
    request: &Value,
    answer: &str,
    all: Vec<Value>,
    pages: &Pages,
) -> Result<Value, ServiceError> {
    let mut checks = Checks::new();
    let root = Node::root(request);
    let most = checks.integer(&root, "MaxResults", 1, pages.most).unwrap_or(pages.usual);
    let token = checks.text(&root, "NextToken", Text::any(8192));
    checks.finish()?;
    let start = match token {
        None => 0,
        Some(token) => token
            .parse::<usize>()
            .map_err(|_| ServiceError::new(pages.bad_token, 400, format!("Invalid NextToken: {token}")))?,
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let more = all.len() > start.saturating_add(most);
    let members: Vec<Value> = all.into_iter().skip(start).take(most).collect();
    let mut body = Map::new();
    body.insert(answer.to_owned(), Value::Array(members));
    if more {
        body.insert("NextToken".to_owned(), json!(start.saturating_add(most).to_string()));
    }
    Ok(Value::Object(body))
}
