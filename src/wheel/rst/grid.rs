//! The cells of a grid table some of whose cells are joined: each is found by walking round its frame, from its upper left
//! corner. docutils' specification, "Grid Tables".

use std::collections::BTreeSet;

use super::fault::Fault;
use super::lines::Line;
use super::tables::{cell, malformed};

/// How many steps round frames are taken for each character of a table at most; one of corners alone takes far more.
const MAX_STEPS: usize = 64;

struct Grid {
    lines: Vec<Vec<u8>>,
    bottom: usize,
    right: usize,
    steps: usize,
}

/// The cells of a grid in its order; `None` where a character takes other than one column, or the frames are too many.
pub(super) fn joined_cells<'a>(block: &[Line<'a>]) -> Result<Option<Vec<Vec<Line<'a>>>>, Fault> {
    let Some(first) = block.first().filter(|_| block.iter().all(|line| line.text.is_ascii())) else { return Ok(None) };
    let is_header = |line: &str| line.starts_with("+=") && line.bytes().all(|byte| matches!(byte, b'+' | b'='));
    let plain = |line: &Line<'_>| match is_header(line.text) {
        true => line.text.replace('=', "-").into_bytes(),
        false => line.text.as_bytes().to_vec(),
    };
    let lines: Vec<_> = block.iter().map(plain).collect();
    let (bottom, right) = (lines.len() - 1, first.text.len() - 1);
    let steps = MAX_STEPS * lines.len() * first.text.len();
    let mut grid = Grid { lines, bottom, right, steps };
    // Down to which line each column is taken.
    let mut done: Vec<usize> = vec![0; right];
    let mut corners = BTreeSet::from([(0, 0)]);
    let mut found = Vec::new();
    while let Some((top, left)) = corners.pop_first() {
        if top == bottom || left == right || top < done[left] {
            continue;
        }
        let Some((under, beside)) = grid.cell_at(top, left) else {
            if grid.steps == 0 {
                return Ok(None);
            }
            continue;
        };
        done[left..beside].iter_mut().for_each(|line| *line = under);
        found.push(cell(&block[top + 1..under], (left + 1, beside)));
        corners.extend([(top, beside), (under, left)]);
    }
    match done.iter().all(|line| *line == bottom) {
        true => Ok(Some(found)),
        false => Err(malformed(first, "its frames do not make cells of all of it")),
    }
}

impl Grid {
    fn at(&self, line: usize, column: usize) -> u8 {
        self.lines[line].get(column).copied().unwrap_or(b' ')
    }

    /// Whether what stands here is a corner; none where it is no part of a frame made of `edge`, or all steps are taken.
    fn corner(&mut self, line: usize, column: usize, edge: u8) -> Option<bool> {
        self.steps = self.steps.saturating_sub(1);
        match self.at(line, column) {
            _ if self.steps == 0 => None,
            b'+' => Some(true),
            other => (other == edge).then_some(false),
        }
    }

    /// The lower right corner of the smallest cell with this upper left one.
    fn cell_at(&mut self, top: usize, left: usize) -> Option<(usize, usize)> {
        if self.at(top, left) != b'+' {
            return None;
        }
        for right in left + 1..=self.right {
            if self.corner(top, right, b'-')?
                && let Some(bottom) = self.down(top, left, right)
            {
                return Some((bottom, right));
            }
        }
        None
    }

    fn down(&mut self, top: usize, left: usize, right: usize) -> Option<usize> {
        for bottom in top + 1..=self.bottom {
            if self.corner(bottom, right, b'|')? && self.closes(top, left, bottom, right) {
                return Some(bottom);
            }
        }
        None
    }

    /// Whether the frame goes on to the left and up to where it began.
    fn closes(&mut self, top: usize, left: usize, bottom: usize, right: usize) -> bool {
        (left + 1..right).rev().all(|column| self.corner(bottom, column, b'-').is_some())
            && self.at(bottom, left) == b'+'
            && (top + 1..bottom).rev().all(|line| self.corner(line, left, b'|').is_some())
    }
}
