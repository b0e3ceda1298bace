//! The directives in the leading comments of a SQL scenario: its description, and the expectations
//! that must hold when it runs.
//!
//! ```sql
//! -- description: label and one feature, recent rows only
//! -- expect_columns: label, feature_011, day
//! -- expect_row_groups_pruned: >= 0.9
//! -- expect_rows[dataset.num_files_train=4]: 1000
//! SELECT label, feature_011 FROM train WHERE day >= 300
//! ```
//!
//! A comment that looks like a directive but is misspelt, or stands below the first line of SQL, is
//! an error: an expectation that nobody checks is worse than none. Every other comment is ignored.

use std::fmt;

use crate::suggest::nearest_within;

/// Directives that a scenario may have, by their spelling.
const DESCRIPTION: &str = "description";
const NONDETERMINISTIC: &str = "nondeterministic";
const EXPECT_COLUMNS: &str = "expect_columns";
const EXPECT_PLAN: &str = "expect_plan";
const EXPECT_ROW_GROUPS_PRUNED: &str = "expect_row_groups_pruned";
const EXPECT_ROWS: &str = "expect_rows";
const KNOWN: [&str; 6] = [
    DESCRIPTION,
    EXPECT_COLUMNS,
    EXPECT_PLAN,
    EXPECT_ROW_GROUPS_PRUNED,
    EXPECT_ROWS,
    NONDETERMINISTIC,
];

/// Beginning of all expectations. Any word that begins like this is meant as one.
const EXPECTATION_PREFIX: &str = "expect";

/// Most edits by which a misspelt directive may differ from a known one.
const NEAR: usize = 2;

/// Slack of a comparison. Pruned shares are quotients, whose last digit is inexact. Row counts
/// differ by 1 at least.
const TOLERANCE: f64 = 1e-9;

/// A named SQL query, with its author's expectations.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    pub name: String,
    pub description: Option<String>,
    /// The whole text, comments included, without a byte order mark.
    pub sql: String,
    /// In the order written.
    pub expectations: Vec<Expectation>,
    /// Reason why results may differ between executions. If there is one, they are not compared.
    pub nondeterministic: Option<String>,
    /// Origin of the text: a file, or the flag or config key that held it.
    pub origin: String,
}

/// A condition that must hold whenever the scenario runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The directive's name, such as `expect_rows`.
    pub name: &'static str,
    /// Key paths and values of the variants that it is limited to; a variant must match all of
    /// them. Empty means every variant.
    pub only: Vec<(String, String)>,
    pub check: Check,
    /// The directive as written, without the comment's dashes.
    pub text: String,
}

/// Figure or text that an expectation checks.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// Columns that the scans read, in any order. An empty list means none.
    Columns(Vec<String>),
    /// Row groups not read over row groups in the tables, 0 to 1.
    RowGroupsPruned(Comparator, f64),
    /// Rows of the result.
    Rows(Comparator, u64),
    /// Text that the physical plan contains.
    Plan(String),
}

/// Comparison of a found figure with the expected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    AtLeast,
    AtMost,
    Above,
    Below,
    Equal,
}

impl Comparator {
    /// True if `found` compares with `expected` in this way, which NaN never does.
    pub fn holds(self, found: f64, expected: f64) -> bool {
        match self {
            Comparator::AtLeast => found >= expected - TOLERANCE,
            Comparator::AtMost => found <= expected + TOLERANCE,
            Comparator::Above => found > expected + TOLERANCE,
            Comparator::Below => found < expected - TOLERANCE,
            Comparator::Equal => (found - expected).abs() <= TOLERANCE,
        }
    }

    /// Splits the comparison off the front of a value. A figure alone must be met exactly.
    fn split(value: &str) -> (Comparator, &str) {
        // The longer spellings first, as `>=` begins with `>`.
        let spellings = [
            (">=", Comparator::AtLeast),
            ("<=", Comparator::AtMost),
            ("==", Comparator::Equal),
            (">", Comparator::Above),
            ("<", Comparator::Below),
            ("=", Comparator::Equal),
        ];
        spellings
            .into_iter()
            .find_map(|(spelling, comparator)| {
                value
                    .strip_prefix(spelling)
                    .map(|rest| (comparator, rest.trim_start()))
            })
            .unwrap_or((Comparator::Equal, value))
    }
}

impl fmt::Display for Comparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Comparator::AtLeast => ">=",
            Comparator::AtMost => "<=",
            Comparator::Above => ">",
            Comparator::Below => "<",
            Comparator::Equal => "=",
        })
    }
}

/// The expected value, as a report shows it beside the found one.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Check::Columns(names) if names.is_empty() => f.write_str("none"),
            Check::Columns(names) => f.write_str(&names.join(", ")),
            Check::RowGroupsPruned(comparator, share) => write!(f, "{comparator} {share}"),
            Check::Rows(comparator, rows) => write!(f, "{comparator} {rows}"),
            Check::Plan(text) => f.write_str(text),
        }
    }
}

/// Reason why a scenario's text is refused. Lines count from 1. The caller knows the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectiveError {
    #[error("there is no SQL in it, only comments and blanks")]
    NoSql,
    #[error("line {line}: unknown directive `{found}`; {}", near_or_all(.nearest))]
    Unknown {
        line: usize,
        found: String,
        /// The known directive that it resembles, if there is one.
        nearest: Option<&'static str>,
    },
    #[error("line {line}: `{name}` wants a colon before its value, as in `-- {name}: ...`")]
    NoColon { line: usize, name: &'static str },
    #[error("line {line}: `{name}` has no effect below the first line of SQL; move it to the top")]
    Misplaced { line: usize, name: &'static str },
    #[error("line {line}: `{name}` is there already, on line {first}")]
    Repeated {
        line: usize,
        name: &'static str,
        first: usize,
    },
    #[error("line {line}: `{name}` cannot be limited to variants; only expectations can")]
    NotLimitable { line: usize, name: &'static str },
    #[error(
        "line {line}: `[{found}]` does not name variants: {problem}; write a key path and its value, several with commas, \
         as in `[dataset.compression=zstd, dataset.parquet.row_group_size=4096]`"
    )]
    Limit {
        line: usize,
        found: String,
        problem: String,
    },
    #[error("line {line}: `{name}` cannot be `{found}`; it takes {takes}")]
    Value {
        line: usize,
        name: &'static str,
        found: String,
        takes: &'static str,
    },
    #[error("line {line}: `{name}` names the column `{column}` twice")]
    DuplicateColumn {
        line: usize,
        name: &'static str,
        column: String,
    },
}

fn near_or_all(nearest: &Option<&'static str>) -> String {
    match nearest {
        Some(name) => format!("the nearest is `{name}`"),
        None => format!("known are {}", KNOWN.join(", ")),
    }
}

/// Parses a scenario's text.
///
/// # Errors
///
/// Names the first directive that is unknown, misplaced or repeated, or has an invalid value. A
/// text without SQL is refused, too.
pub(super) fn parse(name: &str, origin: &str, text: &str) -> Result<Scenario, DirectiveError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let scan = scan(text);
    let mut description: Option<(usize, String)> = None;
    let mut nondeterministic: Option<(usize, String)> = None;
    let mut expectations = Vec::new();

    for comment in scan.comments {
        let line = comment.line;
        let Some(directive) = Directive::read(line, comment.text)? else {
            continue;
        };
        let name = directive.name;
        if comment.below_sql {
            return Err(DirectiveError::Misplaced { line, name });
        }
        let check = match name {
            DESCRIPTION => {
                directive.set_text(&mut description, "a sentence")?;
                continue;
            }
            NONDETERMINISTIC => {
                directive.set_text(
                    &mut nondeterministic,
                    "the reason why results differ between executions",
                )?;
                continue;
            }
            EXPECT_COLUMNS => Check::Columns(directive.columns()?),
            EXPECT_ROW_GROUPS_PRUNED => directive.row_groups_pruned()?,
            EXPECT_ROWS => directive.rows()?,
            _ => Check::Plan(
                directive
                    .non_empty("text that the physical plan contains, such as `DataSourceExec`")?,
            ),
        };
        expectations.push(Expectation {
            name,
            only: directive.only()?,
            check,
            text: directive.text.to_owned(),
        });
    }

    if !scan.has_sql {
        return Err(DirectiveError::NoSql);
    }
    Ok(Scenario {
        name: name.to_owned(),
        description: description.map(|(_, text)| text),
        sql: text.to_owned(),
        expectations,
        nondeterministic: nondeterministic.map(|(_, text)| text),
        origin: origin.to_owned(),
    })
}

/// A parsed comment that is a directive.
struct Directive<'a> {
    line: usize,
    name: &'static str,
    /// Text between the brackets behind the name.
    limit: Option<&'a str>,
    value: &'a str,
    text: &'a str,
}

impl<'a> Directive<'a> {
    /// Parses a comment. `None` if it is only a comment. Known names are case-sensitive; a word
    /// that resembles one is an error.
    fn read(line: usize, text: &'a str) -> Result<Option<Directive<'a>>, DirectiveError> {
        let text = text.trim();
        let word_end = text.find(|c: char| !is_word(c)).unwrap_or(text.len());
        let (word, behind) = text.split_at(word_end);
        let behind = behind.trim_start();
        let known = KNOWN.into_iter().find(|known| *known == word);

        let (limit, behind) = match behind
            .strip_prefix('[')
            .map(|inside| inside.split_once(']'))
        {
            None => (None, behind),
            Some(Some((limit, behind))) => (Some(limit), behind.trim_start()),
            // An unclosed bracket matters only if a directive was meant.
            Some(None) => {
                let Some(name) = known.or_else(|| nearest(word)) else {
                    return Ok(None);
                };
                if known.is_none() {
                    return Err(DirectiveError::Unknown {
                        line,
                        found: word.to_owned(),
                        nearest: Some(name),
                    });
                }
                let found = behind.trim_start_matches('[').to_owned();
                return Err(DirectiveError::Limit {
                    line,
                    found,
                    problem: "the bracket is not closed".to_owned(),
                });
            }
        };

        let Some(value) = behind.strip_prefix(':') else {
            return match known {
                // Prose may begin with the word "description", but not with a word that has an
                // underscore.
                Some(name) if name.starts_with(EXPECTATION_PREFIX) => {
                    Err(DirectiveError::NoColon { line, name })
                }
                _ => misspelt_in_several_words(line, text).map_or(Ok(None), Err),
            };
        };
        match known {
            Some(name) => Ok(Some(Directive {
                line,
                name,
                limit,
                value: value.trim(),
                text,
            })),
            None => {
                let nearest = nearest(word);
                let meant =
                    nearest.is_some() || word.to_ascii_lowercase().starts_with(EXPECTATION_PREFIX);
                if meant {
                    Err(DirectiveError::Unknown {
                        line,
                        found: word.to_owned(),
                        nearest,
                    })
                } else {
                    Ok(None)
                }
            }
        }
    }

    /// Returns keys and values of the variants that an expectation is limited to.
    fn only(&self) -> Result<Vec<(String, String)>, DirectiveError> {
        let Some(limit) = self.limit else {
            return Ok(Vec::new());
        };
        let mut only: Vec<(String, String)> = Vec::new();
        for part in limit.split(',') {
            let problem = match part
                .split_once('=')
                .map(|(key, value)| (key.trim(), value.trim()))
            {
                None => format!("`{}` has no `=`", part.trim()),
                Some(("", _)) => format!("`{}` has no key path", part.trim()),
                Some((_, "")) => format!("`{}` has no value", part.trim()),
                Some((key, _)) if only.iter().any(|(other, _)| other == key) => {
                    format!("`{key}` cannot have two values at once")
                }
                Some((key, value)) => {
                    only.push((key.to_owned(), value.to_owned()));
                    continue;
                }
            };
            return Err(DirectiveError::Limit {
                line: self.line,
                found: limit.to_owned(),
                problem,
            });
        }
        Ok(only)
    }

    /// Sets a directive that a scenario may have once, for all of its variants.
    fn set_text(
        &self,
        place: &mut Option<(usize, String)>,
        takes: &'static str,
    ) -> Result<(), DirectiveError> {
        let (line, name) = (self.line, self.name);
        if self.limit.is_some() {
            return Err(DirectiveError::NotLimitable { line, name });
        }
        if let Some((first, _)) = place {
            return Err(DirectiveError::Repeated {
                line,
                name,
                first: *first,
            });
        }
        *place = Some((line, self.non_empty(takes)?));
        Ok(())
    }

    fn non_empty(&self, takes: &'static str) -> Result<String, DirectiveError> {
        if self.value.is_empty() {
            Err(self.cannot_be(takes))
        } else {
            Ok(self.value.to_owned())
        }
    }

    /// Parses column names as they are stored, separated by commas. A name is in double quotes if
    /// it contains a blank, a comma, a parenthesis or a double quote (which is then written twice).
    fn columns(&self) -> Result<Vec<String>, DirectiveError> {
        const TAKES: &str = "column names with commas between them, in double quotes where they hold more than letters, \
                             digits and signs, or `none`";
        if self.value.is_empty() || self.value == "none" {
            return Ok(Vec::new());
        }
        let mut columns: Vec<String> = Vec::new();
        let mut rest = self.value;
        loop {
            let (column, behind) = take_column(rest).ok_or_else(|| self.cannot_be(TAKES))?;
            if columns.contains(&column) {
                return Err(DirectiveError::DuplicateColumn {
                    line: self.line,
                    name: self.name,
                    column,
                });
            }
            columns.push(column);
            let behind = behind.trim_start();
            if behind.is_empty() {
                return Ok(columns);
            }
            rest = behind
                .strip_prefix(',')
                .ok_or_else(|| self.cannot_be(TAKES))?
                .trim_start();
        }
    }

    fn row_groups_pruned(&self) -> Result<Check, DirectiveError> {
        let (comparator, figure) = Comparator::split(self.value);
        match figure.parse::<f64>() {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(Check::RowGroupsPruned(comparator, share)),
            _ => Err(self.cannot_be("a share from 0 to 1, or a comparison with one: `0.9`, `>= 0.9`, `<= 0.9`, `> 0.9`, `< 0.9`")),
        }
    }

    fn rows(&self) -> Result<Check, DirectiveError> {
        let (comparator, figure) = Comparator::split(self.value);
        let digits = figure.starts_with(|c: char| c.is_ascii_digit());
        match figure.replace('_', "").parse::<u64>() {
            Ok(rows) if digits => Ok(Check::Rows(comparator, rows)),
            _ => Err(self.cannot_be("a number of rows, or a comparison with one: `1000`, `>= 10`, `<= 10`, `> 10`, `< 10`")),
        }
    }

    fn cannot_be(&self, takes: &'static str) -> DirectiveError {
        DirectiveError::Value {
            line: self.line,
            name: self.name,
            found: self.value.to_owned(),
            takes,
        }
    }
}

/// Splits a column's name off the front of a list. Returns the name and the rest.
fn take_column(list: &str) -> Option<(String, &str)> {
    let Some(mut rest) = list.strip_prefix('"') else {
        let end = list
            .find(|c: char| c.is_whitespace() || "\",()".contains(c))
            .unwrap_or(list.len());
        return (end > 0).then(|| (list[..end].to_owned(), &list[end..]));
    };
    let mut column = String::new();
    loop {
        let (part, behind) = rest.split_once('"')?;
        column.push_str(part);
        match behind.strip_prefix('"') {
            Some(behind) => {
                column.push('"');
                rest = behind;
            }
            None if column.is_empty() => return None,
            None => return Some((column, behind)),
        }
    }
}

/// Returns the known directive that `word` resembles, within two edits. A word that begins like an
/// expectation may differ more, in up to half of its letters.
fn nearest(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase().replace('-', "_");
    let allowed = if word.starts_with(EXPECTATION_PREFIX) {
        word.len() / 2
    } else {
        NEAR
    };
    nearest_within(&word, KNOWN, allowed)
}

/// Detects `expect rows: 10`, a directive misspelt with a space.
fn misspelt_in_several_words(line: usize, text: &str) -> Option<DirectiveError> {
    let (head, _) = text.split_once(':')?;
    let head = head
        .split_once('[')
        .map_or(head, |(head, _)| head)
        .trim_end();
    if !head.contains(' ') || !head.chars().all(|c| is_word(c) || c == ' ') {
        return None;
    }
    let word = head.to_ascii_lowercase().replace([' ', '-'], "_");
    let nearest = nearest_within(&word, KNOWN, NEAR);
    nearest.is_some().then(|| DirectiveError::Unknown {
        line,
        found: head.to_owned(),
        nearest,
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Parts of a SQL text that matter here: the comments on lines of their own, and the presence of
/// anything else.
struct Scan<'a> {
    comments: Vec<Comment<'a>>,
    has_sql: bool,
}

struct Comment<'a> {
    line: usize,
    /// Text behind the dashes.
    text: &'a str,
    below_sql: bool,
}

/// Scans the text by SQL's own rules, by which dashes inside a string or a block comment begin no
/// comment.
fn scan(text: &str) -> Scan<'_> {
    enum Within {
        Sql,
        Quotes(char),
        Block { depth: usize },
    }

    let mut within = Within::Sql;
    let mut scan = Scan {
        comments: Vec::new(),
        has_sql: false,
    };
    for (index, line) in text.lines().enumerate() {
        let mut alone = true;
        let mut characters = line.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|(_, next)| *next);
            match &mut within {
                Within::Quotes(quote) => {
                    // A doubled quote leaves and enters again, which has the same result.
                    if character == *quote {
                        within = Within::Sql;
                    }
                }
                Within::Block { depth } => match (character, next) {
                    ('/', Some('*')) => {
                        *depth += 1;
                        characters.next();
                    }
                    ('*', Some('/')) => {
                        *depth -= 1;
                        characters.next();
                        if *depth == 0 {
                            within = Within::Sql;
                        }
                    }
                    _ => {}
                },
                Within::Sql => match (character, next) {
                    ('-', Some('-')) => {
                        if alone {
                            let text = &line[at + 2..];
                            scan.comments.push(Comment {
                                line: index + 1,
                                text,
                                below_sql: scan.has_sql,
                            });
                        }
                        break;
                    }
                    ('/', Some('*')) => {
                        characters.next();
                        within = Within::Block { depth: 1 };
                    }
                    _ if character.is_whitespace() => {}
                    _ => {
                        alone = false;
                        if matches!(character, '\'' | '"' | '`') {
                            within = Within::Quotes(character);
                        }
                        // Semicolons alone are no SQL.
                        scan.has_sql |= character != ';';
                    }
                },
            }
        }
    }
    scan
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests;
