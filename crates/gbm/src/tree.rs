//! A decision tree as it is kept and walked.

use serde::{Deserialize, Serialize};

/// A tree; the first node is the root, and children come after their parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Node {
    /// What the tree adds to the model's answer.
    Leaf(f64),
    /// Numbers below `below` go left, others right, and missing ones as they did for most in training.
    Split { column: usize, below: f64, left: usize, right: usize, missing: Side },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Side {
    Left,
    Right,
}

impl Tree {
    /// Takes over a tree as it was grown. `has_missing` tells for each column whether any training row lacks it: if none
    /// does, the grower could not learn a side for missing values, and they go where most of the training rows went.
    pub(crate) fn from_grown(grown: &forust_ml::tree::Tree, has_missing: &[bool]) -> Self {
        let node = |index: usize| {
            let node = &grown.nodes[index];
            if node.is_leaf {
                return Node::Leaf(f64::from(node.weight_value));
            }
            let (left, right) = (node.left_child, node.right_child);
            let goes_left = if has_missing[node.split_feature] {
                node.missing_node == left
            } else {
                grown.nodes[left].hessian_sum > grown.nodes[right].hessian_sum
            };
            let missing = if goes_left { Side::Left } else { Side::Right };
            Node::Split { column: node.split_feature, below: node.split_value, left, right, missing }
        };
        Self { nodes: (0..grown.nodes.len()).map(node).collect() }
    }

    /// What the tree adds for a row, whose numbers `number` finds by column.
    pub(crate) fn predict(&self, number: impl Fn(usize) -> f64) -> f64 {
        let mut index = 0;
        loop {
            match &self.nodes[index] {
                Node::Leaf(value) => return *value,
                Node::Split { column, below, left, right, missing } => {
                    let number = number(*column);
                    let goes_left = if number.is_nan() { *missing == Side::Left } else { number < *below };
                    index = if goes_left { *left } else { *right };
                }
            }
        }
    }

    /// What is wrong with a tree that was read from a file and is used on rows of `width` numbers.
    pub(crate) fn fault(&self, width: usize) -> Option<String> {
        if self.nodes.is_empty() {
            return Some("it has no node".to_owned());
        }
        self.nodes.iter().enumerate().find_map(|(index, node)| match node {
            Node::Leaf(value) => (!value.is_finite()).then(|| format!("leaf {index} has no finite value")),
            Node::Split { column, left, right, .. } => {
                // A child after its parent also means that every walk ends.
                let children =
                    [left, right].into_iter().all(|child| *child > index && *child < self.nodes.len());
                if *column >= width {
                    Some(format!("node {index} splits column {column} of {width}"))
                } else {
                    (!children).then(|| format!("node {index} has a child out of place"))
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(json: &str) -> Tree {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_row_goes_by_its_number_and_a_missing_one_by_the_nodes_side() {
        let tree = tree(
            r#"[{"split": {"column": 1, "below": 2.5, "left": 1, "right": 2, "missing": "left"}}, {"leaf": -1}, {"leaf": 1}]"#,
        );
        let predict = |number| tree.predict(|column| if column == 1 { number } else { f64::NAN });
        let goes_left = [2.4, 2.5, f64::NAN].map(|number| predict(number) < 0.0);
        assert_eq!(goes_left, [true, false, true]);
        assert_eq!(tree.fault(2), None);
    }

    #[test]
    fn a_tree_that_would_not_end_or_would_miss_its_row_is_refused() {
        let fault = |json, width| tree(json).fault(width).unwrap();
        assert_eq!(fault("[]", 1), "it has no node");
        let cycle = r#"[{"split": {"column": 0, "below": 1, "left": 0, "right": 1, "missing": "left"}}, {"leaf": 1}]"#;
        assert_eq!(fault(cycle, 1), "node 0 has a child out of place");
        let outside = r#"[{"split": {"column": 3, "below": 1, "left": 1, "right": 2, "missing": "left"}}, {"leaf": 1}, {"leaf": 2}]"#;
        assert_eq!(fault(outside, 3), "node 0 splits column 3 of 3");
    }
}
