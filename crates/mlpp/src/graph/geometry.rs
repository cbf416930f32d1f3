//! Points, boxes and curves, in pixels; y grows downwards.

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A box by its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A line that may bend.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Path {
    pub(super) start: Point,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    Line(Point),
    /// A cubic Bézier curve: two control points, and where it ends.
    Curve(Point, Point, Point),
}

impl Point {
    pub(super) fn moved(self, by: Self) -> Self {
        Self { x: self.x + by.x, y: self.y + by.y }
    }
}

impl Rect {
    /// A box of this size around `center`.
    pub(super) fn around(center: Point, size: Size) -> Self {
        let (x, y) = (center.x - size.width / 2.0, center.y - size.height / 2.0);
        Self { x, y, width: size.width, height: size.height }
    }

    pub(super) fn moved(self, by: Point) -> Self {
        Self { x: self.x + by.x, y: self.y + by.y, ..self }
    }

    pub(super) fn right(self) -> f64 {
        self.x + self.width
    }

    pub(super) fn bottom(self) -> f64 {
        self.y + self.height
    }

    pub(super) fn center(self) -> Point {
        Point { x: self.x + self.width / 2.0, y: self.y + self.height / 2.0 }
    }
}

impl Path {
    pub(super) fn from(x: f64, y: f64) -> Self {
        Self { start: Point { x, y }, steps: Vec::new() }
    }

    /// Goes straight; a line that carries on in the last one's direction makes that one longer.
    pub(super) fn line_to(&mut self, x: f64, y: f64) {
        let end = self.end();
        if (end.x - x).abs() < 0.05 && (end.y - y).abs() < 0.05 {
            return;
        }
        let before = match self.steps.as_slice() {
            [.., before, Step::Line(_)] => Some(before.end()),
            [Step::Line(_)] => Some(self.start),
            _ => None,
        };
        let vertical = |a: f64, b: f64| (a - b).abs() < 0.05;
        if before.is_some_and(|before| vertical(before.x, end.x) && vertical(end.x, x)) {
            self.steps.pop();
        }
        self.steps.push(Step::Line(Point { x, y }));
    }

    /// Goes from vertical to vertical: an S, or straight where nothing is to be bent.
    pub(super) fn bend_to(&mut self, x: f64, y: f64) {
        let end = self.end();
        if (end.x - x).abs() < 0.5 {
            self.line_to(x, y);
            return;
        }
        let middle = f64::midpoint(end.y, y);
        self.steps.push(Step::Curve(Point { x: end.x, y: middle }, Point { x, y: middle }, Point { x, y }));
    }

    /// Turns back with rounded corners: goes by `depth` (upwards where that is negative), to the side, and returns to the
    /// height it left.
    pub(super) fn turn_to(&mut self, x: f64, depth: f64) {
        let start = self.end();
        let aside = depth.abs().min((x - start.x).abs() / 2.0).copysign(x - start.x);
        let y = start.y + depth;
        self.corner(Point { x: start.x, y }, Point { x: start.x + aside, y });
        self.line_to(x - aside, y);
        self.corner(Point { x, y }, Point { x, y: start.y });
    }

    /// A rounded corner.
    fn corner(&mut self, corner: Point, end: Point) {
        let start = self.end();
        // The curve that comes closest to a quarter of a circle.
        let toward = |from: Point| Point {
            x: from.x + (corner.x - from.x) * 0.55,
            y: from.y + (corner.y - from.y) * 0.55,
        };
        self.steps.push(Step::Curve(toward(start), toward(end), end));
    }

    pub(super) fn end(&self) -> Point {
        self.steps.last().map_or(self.start, |step| step.end())
    }

    pub(super) fn moved(mut self, by: Point) -> Self {
        self.start = self.start.moved(by);
        for step in &mut self.steps {
            *step = match *step {
                Step::Line(end) => Step::Line(end.moved(by)),
                Step::Curve(one, two, end) => Step::Curve(one.moved(by), two.moved(by), end.moved(by)),
            };
        }
        self
    }
}

impl Step {
    pub(super) fn end(self) -> Point {
        match self {
            Self::Line(end) | Self::Curve(_, _, end) => end,
        }
    }
}
