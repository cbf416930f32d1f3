//! Media types: what a request is written in, and what its response shall be written in.

use axum::http::StatusCode;

use super::rejection::Rejection;

/// A form that rows and predictions can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    JsonLines,
    Csv,
}

const ALL: [Media; 3] = [Media::Json, Media::JsonLines, Media::Csv];
const NAMES: &str = "application/json, application/jsonlines, text/csv";

impl Media {
    /// As in `Content-Type`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLines => "application/jsonlines",
            Self::Csv => "text/csv",
        }
    }
}

/// What a request's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) media: Media,
    /// Of CSV, the parameter `header` (RFC 4180): whether the first row has the names of the columns.
    pub(crate) header: Option<bool>,
}

impl Content {
    /// Reads a `Content-Type`.
    pub(crate) fn parse(content_type: Option<&str>) -> Result<Self, Rejection> {
        let refuse = |what: &str| {
            let message = format!("{what}; supported are {NAMES}, in UTF-8");
            Err(Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
        };
        let Some(content_type) = content_type else { return refuse("the request has no content type") };
        let (essence, parameters) = split(content_type);
        let Some(media) = ALL.into_iter().find(|media| media.name() == essence) else {
            return refuse(&format!("the content type `{essence}` is not supported"));
        };
        let mut content = Self { media, header: None };
        for (name, value) in parameters {
            match (name.as_str(), value.to_lowercase().as_str()) {
                ("charset", "utf-8" | "utf8" | "us-ascii") => {}
                ("charset", other) => return refuse(&format!("the charset `{other}` is not supported")),
                ("header", "present") => content.header = Some(true),
                ("header", "absent") => content.header = Some(false),
                _ => {}
            }
        }
        Ok(content)
    }
}

/// Chooses by an `Accept` what the response is written in: the supported type with the highest quality (RFC 9110,
/// 12.5.1), the first of equals; JSON if there is no preference.
pub(crate) fn accepted(accept: Option<&str>) -> Result<Media, Rejection> {
    let Some(accept) = accept.filter(|it| !it.trim().is_empty()) else { return Ok(Media::Json) };
    let mut best: Option<(f64, Media)> = None;
    for range in accept.split(',') {
        let (essence, parameters) = split(range);
        let quality = parameters.iter().find(|(name, _)| name == "q");
        let quality = quality.map_or(1.0, |(_, value)| value.parse().unwrap_or(0.0));
        let media = match essence.as_str() {
            "*/*" | "application/*" => Some(Media::Json),
            "text/*" => Some(Media::Csv),
            _ => ALL.into_iter().find(|media| media.name() == essence),
        };
        if let Some(media) = media
            && quality > best.map_or(0.0, |(quality, _)| quality)
        {
            best = Some((quality, media));
        }
    }
    best.map(|(_, media)| media).ok_or_else(|| {
        let message = format!("nothing of `{accept}` can be given; supported are {NAMES}");
        Rejection::new(StatusCode::NOT_ACCEPTABLE, message)
    })
}

/// A media type without its parameters, and these; all names in lower case.
fn split(text: &str) -> (String, Vec<(String, String)>) {
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_lowercase();
    let parameters = parts.filter_map(|part| {
        let (name, value) = part.split_once('=')?;
        Some((name.trim().to_lowercase(), value.trim().trim_matches('"').to_owned()))
    });
    (essence, parameters.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_is_read_with_its_parameters() {
        let parse = |text| Content::parse(Some(text));
        assert_eq!(parse("text/csv").unwrap(), Content { media: Media::Csv, header: None });
        assert_eq!(parse("Text/CSV; header=absent; charset=UTF-8").unwrap().header, Some(false));
        assert_eq!(parse("application/json;charset=\"utf-8\"").unwrap().media, Media::Json);
        let refused = parse("application/x-npy").unwrap_err();
        assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert!(
            refused
                .message
                .contains("`application/x-npy` is not supported; supported are application/json, ")
        );
        assert!(parse("text/csv; charset=latin1").unwrap_err().message.contains("`latin1`"));
        assert!(Content::parse(None).unwrap_err().message.contains("no content type"));
    }

    #[test]
    fn the_best_acceptable_form_is_chosen() {
        let chosen = |accept| accepted(Some(accept)).unwrap();
        assert_eq!(accepted(None).unwrap(), Media::Json);
        assert_eq!(chosen("*/*"), Media::Json);
        assert_eq!(chosen("text/csv"), Media::Csv);
        assert_eq!(chosen("application/json;q=0.5, application/jsonlines"), Media::JsonLines);
        assert_eq!(chosen("image/png, text/*;q=0.1"), Media::Csv);
        assert_eq!(accepted(Some("image/png")).unwrap_err().status, StatusCode::NOT_ACCEPTABLE);
        assert_eq!(accepted(Some("text/csv;q=0")).unwrap_err().status, StatusCode::NOT_ACCEPTABLE);
    }
}
