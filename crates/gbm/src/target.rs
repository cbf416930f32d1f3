//! From the target's texts to what is learned.

use crate::data::DataError;
use crate::data::frame::{Categories, Frame};
use crate::data::value;
use crate::hyperparameters::{DistributionChoice, TrainingOptions};
use crate::objective::{Objective, Truth};

/// Each label costs a tree in every round; a target with more than so many is rather a number, or an identifier.
const MOST_LABELS: usize = 1000;

/// Decides from the training data what is learned.
///
/// A target is a class if the options call it one, by `classification`, by `distribution` or among the categorical
/// columns, or if any of its texts is no number. Labels are in the order of their numbers if all of them are numbers, else
/// in that of their characters; of two, the second is the one whose odds are learned.
pub(crate) fn objective(frame: &Frame, options: &TrainingOptions) -> Result<Objective, DataError> {
    let (column, target) = (frame.target_name(), &frame.targets);
    let is_class = match (options.classification, options.distribution) {
        (Some(asked), _) => asked,
        (None, DistributionChoice::Bernoulli | DistributionChoice::Multinomial) => true,
        (None, DistributionChoice::Gaussian) => false,
        (None, DistributionChoice::Auto) => {
            options.categorical_columns.iter().any(|name| name == column)
                || target.names.iter().any(|name| value::number(name).is_none())
        }
    };
    if !is_class {
        return Ok(Objective::Gaussian);
    }
    let labels = sorted(&target.names);
    let count = labels.len();
    let fault = |needed| {
        let more = if count > 5 { ", …" } else { "" };
        let sample = labels.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ") + more;
        Err(DataError::Labels { column: column.to_owned(), count, sample, needed })
    };
    if count < 2 {
        return fault("there is nothing to tell apart");
    }
    if count > MOST_LABELS {
        return fault("at most 1000 can be learned; is it a number, with `distribution` gaussian?");
    }
    let multinomial = options.distribution == DistributionChoice::Multinomial;
    match <[String; 2]>::try_from(labels.clone()) {
        Ok(labels) if !multinomial => Ok(Objective::Bernoulli { labels }),
        Err(_) if options.distribution == DistributionChoice::Bernoulli => {
            fault("bernoulli is the distribution of two; use multinomial")
        }
        _ => Ok(Objective::Multinomial { labels }),
    }
}

/// The targets of a frame's rows.
pub(crate) fn truth(frame: &Frame, objective: &Objective) -> Result<Truth, DataError> {
    let (column, target) = (frame.target_name(), &frame.targets);
    let labels = objective.labels();
    if matches!(objective, Objective::Gaussian) {
        let number = |(index, name): (usize, &String)| {
            value::number(name).ok_or_else(|| {
                let (column, value) = (column.to_owned(), name.clone());
                frame.target_fault(index, |place| DataError::NotANumber { place, column, value })
            })
        };
        let numbers = target.names.iter().enumerate().map(number).collect::<Result<Vec<_>, _>>()?;
        return Ok(Truth::Numbers(of_rows(target, &numbers)));
    }
    let class = |(index, name): (usize, &String)| {
        labels.iter().position(|label| label == name).ok_or_else(|| {
            let (column, value, labels) = (column.to_owned(), name.clone(), labels.to_vec());
            frame.target_fault(index, |place| DataError::UnknownLabel { place, column, value, labels })
        })
    };
    let classes = target.names.iter().enumerate().map(class).collect::<Result<Vec<_>, _>>()?;
    Ok(Truth::Classes(of_rows(target, &classes)))
}

/// Each row's value, from its name's. No row of a target lacks a name.
fn of_rows<T: Copy>(target: &Categories, of_names: &[T]) -> Vec<T> {
    target.codes.iter().flatten().map(|code| of_names[*code as usize]).collect()
}

fn sorted(names: &[String]) -> Vec<String> {
    let mut labels = names.to_vec();
    let numbers: Option<Vec<f64>> = names.iter().map(|name| value::number(name)).collect();
    if numbers.is_some() {
        // Two spellings of one number are two labels, in the order of their characters.
        let number = |name: &str| value::number(name).unwrap_or_default();
        labels.sort_by(|a, b| number(a).total_cmp(&number(b)).then_with(|| a.cmp(b)));
    } else {
        labels.sort();
    }
    labels
}
