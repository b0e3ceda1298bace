//! The directives in the leading comments of a SQL scenario: what it is, and what must hold when it
//! runs.
//!
//! ```sql -- description: label and one feature, recent rows only -- expect_columns: label,
//! feature_011, day -- expect_row_groups_pruned: >= 0.9 -- expect_rows[dataset.num_files_train=4]:
//! 1000 SELECT label, feature_011 FROM train WHERE day >= 300 ```
//!
//! A comment that looks like a directive and is none, because it is misspelt or stands below the
//! first line of SQL, is an error: an expectation that nobody checks is worse than none. Every
//! other comment is left alone.

use std::fmt;

use crate::suggest::nearest_within;

/// Directives that a scenario may have, as they are spelt.
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

/// What all expectations begin with; anything that begins like this is meant as one.
const EXPECTATION_PREFIX: &str = "expect";

/// Edits within which a word is taken for a misspelt directive.
const NEAR: usize = 2;

/// Slack of a comparison: pruned shares are quotients, whose last digit is not theirs. Row counts
/// differ by 1 at least.
const TOLERANCE: f64 = 1e-9;

/// A named SQL read with what its author expects of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    pub name: String,
    pub description: Option<String>,
    /// The whole text, comments kept, without a byte order mark.
    pub sql: String,
    /// In the order written.
    pub expectations: Vec<Expectation>,
    /// Why results may differ from one execution to the next; they are not compared then.
    pub nondeterministic: Option<String>,
    /// Where the text came from: a file, or the flag or config key that held it.
    pub origin: String,
}

/// Something that must hold whenever the scenario runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The directive's name, such as `expect_rows`.
    pub name: &'static str,
    /// Key path and value of the variants that it is limited to, all of which must match. Empty
    /// means every variant.
    pub only: Vec<(String, String)>,
    pub check: Check,
    /// The directive as written, without the comment's dashes.
    pub text: String,
}

/// What an expectation compares.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// The columns that the scans read, in any order; none where the list is empty.
    Columns(Vec<String>),
    /// Row groups not read over row groups in the tables, 0 to 1.
    RowGroupsPruned(Comparator, f64),
    /// Rows of the result.
    Rows(Comparator, u64),
    /// Text that the physical plan contains.
    Plan(String),
}

/// How a found figure must compare with the expected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparator {
    AtLeast,
    AtMost,
    Above,
    Below,
    Equal,
}

impl Comparator {
    /// Whether `found` compares with `expected` in this way. A `found` that is not a number never
    /// does.
    pub fn holds(self, found: f64, expected: f64) -> bool {
        match self {
            Comparator::AtLeast => found >= expected - TOLERANCE,
            Comparator::AtMost => found <= expected + TOLERANCE,
            Comparator::Above => found > expected + TOLERANCE,
            Comparator::Below => found < expected - TOLERANCE,
            Comparator::Equal => (found - expected).abs() <= TOLERANCE,
        }
    }

    /// Takes the comparison off the front of a value; a figure alone must be met exactly.
    fn split(value: &str) -> (Comparator, &str) {
        // The longer spellings first: `>=` begins with `>`.
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

/// The expected value, as a report shows it beside what was found.
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

/// Why a scenario's text was refused. Lines count from 1; whoever read the text knows which file it
/// was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectiveError {
    #[error("there is no SQL in it, only comments and blanks")]
    NoSql,
    #[error("line {line}: unknown directive `{found}`; {}", near_or_all(.nearest))]
    Unknown {
        line: usize,
        found: String,
        /// The known directive that it resembles, where there is one.
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

/// Reads a scenario from its text.
///
/// # Errors
///
/// The first directive that is unknown, misplaced, repeated or has a value that it cannot have; a
/// text without SQL.
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

/// A comment that is a directive, taken apart.
struct Directive<'a> {
    line: usize,
    name: &'static str,
    /// What stands between the brackets behind the name.
    limit: Option<&'a str>,
    value: &'a str,
    text: &'a str,
}

impl<'a> Directive<'a> {
    /// `None` where the comment is only a comment. Known names are case-sensitive; whatever
    /// resembles one is an error.
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
            // A bracket that nobody closes matters only where a directive was meant.
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
                // Prose may well begin with the word "description", but not with one that has an
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

    /// The variants that an expectation is limited to.
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

    /// Sets a directive that a scenario has once, for all of its variants.
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

    /// Column names as they are stored, with commas between them; in double quotes where a name
    /// holds a blank, a comma, a parenthesis or a double quote (which is then written twice).
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

/// A column's name off the front of a list, and what is behind it.
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

/// The known directive that `word` resembles: within two edits, or for a word that begins like an
/// expectation the nearest one that is not altogether different.
fn nearest(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase().replace('-', "_");
    let allowed = if word.starts_with(EXPECTATION_PREFIX) {
        word.len() / 2
    } else {
        NEAR
    };
    nearest_within(&word, KNOWN, allowed)
}

/// Catches `expect rows: 10`, a directive misspelt with a space.
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

/// What matters of a SQL text here: the comments that have a line to themselves, and whether there
/// is anything else.
struct Scan<'a> {
    comments: Vec<Comment<'a>>,
    has_sql: bool,
}

struct Comment<'a> {
    line: usize,
    /// What follows the dashes.
    text: &'a str,
    below_sql: bool,
}

/// Walks through the text by SQL's own rules, so that dashes inside a string or a block comment are
/// no comment.
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
                    // A doubled quote leaves and enters again, which comes to the same.
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
                        // Semicolons alone ask nothing.
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
