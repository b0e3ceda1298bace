use maud::Markup;

use super::*;
use crate::record::Verdict;
use crate::report::table::{Head, Table, TableCell, texts};

fn frame(number: usize) -> Frame {
    Frame {
        number,
        title: "A title & more".to_owned(),
        description: None,
    }
}

/// Every kind of chart, of `count` variants that all have this name and these values.
fn charts(name: &str, count: usize, bytes: f64, time_ns: f64) -> Vec<String> {
    let name = || name.to_owned();
    let kinds = [name(), name(), name()];
    let estimate = IntervalRow {
        name: name(),
        median_ns: time_ns,
        interval_ns: Some((time_ns, time_ns * 1.1)),
        is_baseline: true,
    };
    let tradeoff = Tradeoff {
        name: name(),
        file_bytes: bytes,
        time_ns,
        interval_ns: Some((time_ns * 0.9, time_ns * 1.1)),
        is_on_front: true,
    };
    let measured = MeasuredPoint {
        bytes_per_s: bytes,
        time_ns,
        interval_ns: Some((time_ns, time_ns)),
    };
    let curve = CurveLine {
        name: name(),
        points: vec![(bytes, time_ns), (bytes * 10.0, time_ns / 2.0)],
        measured: vec![measured],
    };
    let crossing = CurveCrossing {
        bytes_per_s: bytes,
        time_ns,
        label: name(),
    };
    let bars = |value: f64| Bars {
        name: name(),
        values: vec![Some(value), None, Some(value), Some(value)],
    };
    let point = |is_void| IterationPoint {
        elapsed_s: time_ns / 1e9,
        time_ns,
        is_void,
    };
    let iterations = IterationSeries {
        name: name(),
        points: vec![point(false), point(true)],
    };
    let latencies = Latencies {
        name: name(),
        p50_ns: time_ns,
        upper_ns: time_ns,
        p99_ns: time_ns * 2.0,
        max_ns: time_ns * 9.0,
    };
    let level = Level {
        run: 0,
        median_ns: time_ns,
        interval_ns: Some((time_ns, time_ns)),
    };
    let track = Track {
        name: name(),
        levels: vec![level, Level { run: 7, ..level }],
    };
    let change = LevelChange {
        run: 0,
        label: name(),
    };
    let stretch = |from: Option<f64>| PhaseStretch {
        label: name(),
        series: 1,
        from: from.map(|bytes_per_s| Boundary {
            bytes_per_s,
            bounds: Some((bytes_per_s / 2.0, bytes_per_s * 2.0)),
            shown: "1.00 GB/s".to_owned(),
        }),
    };
    let phase_row = PhaseRow {
        latency_ns: time_ns,
        stretches: vec![stretch(None), stretch(Some(bytes))],
    };
    let storage = StorageMark {
        label: name(),
        bytes_per_s: bytes,
        latency_ns: time_ns,
    };
    let charts = [
        intervals(&frame(1), &vec![estimate; count]),
        scatter(&frame(2), &vec![tradeoff; count]),
        curves(&frame(3), &vec![curve; count], &vec![crossing; count]),
        stacked(&frame(4), BarAxis::BYTES, &kinds, &vec![bars(bytes); count]),
        grouped(
            &frame(5),
            BarAxis::LANES,
            &kinds,
            &vec![bars(time_ns); count],
        ),
        over_time(&frame(6), &vec![iterations; count]),
        ranges(&frame(7), RangeAxis::REQUESTS, &vec![latencies; count]),
        history(
            &frame(8),
            &vec![name(); count],
            &vec![track; count],
            &vec![change; count],
        ),
        phases(
            &frame(9),
            (10e6, 50e9),
            &vec![phase_row; count],
            &vec![storage; count],
        ),
    ];
    charts.map(Markup::into_string).to_vec()
}

/// All texts that stand between `start` and the next `end`.
fn between<'a>(chart: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let parts = chart.split(start).skip(1);
    parts
        .filter_map(|part| Some(part.split_once(end)?.0))
        .collect()
}

#[test]
fn every_chart_has_a_title_a_text_alternative_axis_titles_and_a_table() {
    for (index, chart) in charts("zstd(3)", 3, 95e6, 10e6).iter().enumerate() {
        let id = format!("chart-{}", index + 1);
        assert!(chart.contains(&format!("<figure class=\"chart\" id=\"{id}\">")));
        assert!(chart.contains("<figcaption>A title &amp; more</figcaption>"));
        assert!(chart.contains(&format!(
            "role=\"img\" aria-labelledby=\"{id}-title {id}-description\""
        )));
        assert!(chart.contains(&format!(
            "<title id=\"{id}-title\">A title &amp; more</title>"
        )));
        let description = between(chart, &format!("<desc id=\"{id}-description\">"), "</desc>");
        assert!(
            description[0].len() > 40 && description[0].contains("from "),
            "{description:?}"
        );
        let titles = between(chart, "class=\"axis-title", "</text>");
        let planar = [1, 2, 5, 7, 8].contains(&index);
        assert_eq!(titles.len(), if planar { 2 } else { 1 });
        assert!(
            titles
                .iter()
                .all(|title| title.contains('(') || title.contains("run")),
            "{titles:?}"
        );
        assert!(chart.contains("<details open><summary>Table</summary>"));
        assert!(chart.contains("<caption>") && chart.contains("<th scope=\"col\">"));
        assert!(chart.contains("<th scope=\"row\""));
        assert!(chart.contains("tabindex=\"0\" role=\"region\" aria-label=\"Chart: A title"));
    }
}

#[test]
fn a_description_that_is_given_takes_the_place_of_the_one_that_is_made() {
    let frame = Frame {
        description: Some("What <you> see.".to_owned()),
        ..frame(1)
    };
    let chart = intervals(&frame, &[]).into_string();
    let description = between(&chart, "<desc id=\"chart-1-description\">", "</desc>");
    assert_eq!(description, ["What &lt;you&gt; see."]);
}

#[test]
fn nothing_to_plot_is_said() {
    for chart in charts("none", 0, 1.0, 1.0) {
        assert!(chart.contains("nothing to plot"), "{chart}");
        assert!(chart.contains("<table"), "{chart}");
    }
}

#[test]
fn no_value_breaks_a_chart() {
    for value in [
        0.0,
        -0.0,
        -1.0,
        5e-324,
        1e-9,
        1.0,
        1e23,
        1e25,
        f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ] {
        for count in [1, 2, 9, 200] {
            for chart in charts("zstd(3)", count, value, value) {
                for attribute in [
                    "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "width", "height",
                ] {
                    for shown in between(&chart, &format!(" {attribute}=\""), "\"") {
                        let shown: f64 = shown.parse().unwrap_or(f64::NAN);
                        assert!(
                            shown.is_finite() && shown > -20.0,
                            "{attribute} {shown} of {value}"
                        );
                    }
                }
                assert!(!chart.contains("NaN") && !chart.contains("inf"), "{value}");
            }
        }
    }
}

#[test]
fn names_from_users_are_escaped_and_shortened() {
    let hostile = format!(
        "</title><script>alert(\"1\")</script>&\u{202e}\n{}",
        "x".repeat(10_000)
    );
    for chart in charts(&hostile, 3, 95e6, 10e6) {
        assert!(!chart.contains("<script") && !chart.contains("</title><s"));
        assert!(chart.contains("&lt;script&gt;alert("));
        assert!(!chart.contains('\u{202e}') && chart.contains("\\u{202e}"));
        assert!(!chart.contains(&"x".repeat(121)) && chart.contains('…'));
        assert!(
            !between(&chart, "=\"", "\"")
                .iter()
                .any(|value| value.contains('<'))
        );
    }
}

#[test]
fn a_title_from_users_is_escaped_in_attributes_too() {
    let frame = Frame {
        title: "\" onload=\"alert(1)<b>".to_owned(),
        ..frame(1)
    };
    let chart = intervals(&frame, &[]).into_string();
    assert!(chart.contains("aria-label=\"Chart: &quot; onload=&quot;alert(1)&lt;b&gt;\""));
    assert!(!chart.contains("\" onload"));
}

#[test]
fn tags_are_closed_in_their_order() {
    for chart in charts("zstd(3)", 12, 95e6, 10e6) {
        let mut open: Vec<&str> = Vec::new();
        for tag in between(&chart, "<", ">") {
            let name = tag.split(' ').next().unwrap_or_default();
            match name.strip_prefix('/') {
                Some(closed) => assert_eq!(open.pop(), Some(closed)),
                None => open.push(name),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

#[test]
fn ids_differ_between_charts_and_hatches_are_those_of_their_chart() {
    let page = charts("zstd(3)", 2, 95e6, 10e6).concat();
    let mut ids = between(&page, " id=\"", "\"");
    let fills = between(&page, "fill=\"url(#", ")\"");
    assert!(fills.iter().all(|fill| ids.contains(fill)));
    assert!(fills.iter().any(|fill| fill.starts_with("chart-4-")));
    assert!(fills.iter().any(|fill| fill.starts_with("chart-5-")));
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn a_row_per_variant_makes_a_chart_higher() {
    let height = |count: usize| {
        let chart = charts("zstd(3)", count, 95e6, 10e6).swap_remove(0);
        let shown = between(&chart, "viewBox=\"0 0 480 ", "\"")[0].parse::<f64>();
        shown.unwrap_or(f64::NAN)
    };
    assert_eq!(height(2) - height(1), 24.0);
    assert!(height(200) > 4800.0);
}

#[test]
fn a_table_of_very_many_rows_says_how_many_it_leaves_out() {
    let many = Table {
        title: "Many".to_owned(),
        description: None,
        heads: vec![Head::text("variant")],
        rows: vec![texts(vec!["none".to_owned()]); 2_345],
    };
    let shown = table(&many).into_string();
    assert!(shown.contains("(the first 2000 rows; 345 more are left out)"));
    assert_eq!(shown.matches("<th scope=\"row\">").count(), 2_000);
}

#[test]
fn only_a_verdict_has_the_class_of_one_and_no_name_that_reads_like_it() {
    let named = Table {
        title: "Named".to_owned(),
        description: None,
        heads: vec![Head::text("variant"), Head::text("verdict")],
        rows: vec![vec![
            TableCell::Text("slower".to_owned()),
            TableCell::Verdict(Verdict::Slower),
        ]],
    };
    let shown = table(&named).into_string();
    assert!(shown.contains("<th scope=\"row\">slower</th>"), "{shown}");
    assert!(
        shown.contains("<td class=\"verdict slower\">slower</td>"),
        "{shown}"
    );
}

#[test]
fn the_figures_of_a_table_are_those_of_the_chart() {
    let row = IntervalRow {
        name: "zstd(3)".to_owned(),
        median_ns: 10e6,
        interval_ns: Some((9.7e6, 10.4e6)),
        is_baseline: false,
    };
    let chart = intervals(&frame(1), &[row]).into_string();
    assert!(chart.contains(
        "<th scope=\"row\">zstd(3)</th><td class=\"number\">10.0 ms</td>\
         <td class=\"number\">9.70 ms</td><td class=\"number\">10.4 ms</td>"
    ));
}

/// The regions of a map are as wide as their stretches, and meet halfway between rows whose fastest
/// variants differ.
#[test]
fn each_region_of_a_phase_map_is_named_and_bounded() {
    let boundary = |bytes_per_s: f64, bounds: Option<(f64, f64)>| {
        Some(Boundary {
            bytes_per_s,
            bounds,
            shown: format!("{} MB/s", bytes_per_s / 1e6),
        })
    };
    let stretch = |label: &str, series: usize, from: Option<Boundary>| PhaseStretch {
        label: label.to_owned(),
        series,
        from,
    };
    let row = |latency_ns: f64, stretches: Vec<PhaseStretch>| PhaseRow {
        latency_ns,
        stretches,
    };
    let two = |at: f64, bounds: Option<(f64, f64)>| {
        vec![
            stretch("zstd", 1, None),
            stretch("none", 0, boundary(at, bounds)),
        ]
    };
    let rows = [
        row(1e4, two(1e9, Some((0.5e9, 2e9)))),
        row(1e5, two(1e9, None)),
        row(1e6, vec![stretch("zstd", 1, None)]),
    ];
    let mark = StorageMark {
        label: "this run".to_owned(),
        bytes_per_s: f64::MAX.sqrt().min(1e12),
        latency_ns: 0.0,
    };
    let chart = phases(&frame(1), (10e6, 10e9), &rows, &[mark]).into_string();
    let outlines = between(&chart, "<polygon class=\"region\"", ">");
    assert_eq!(outlines.len(), 3, "{chart}");
    let points = |outline: &str| -> Vec<(f64, f64)> {
        let points = between(outline, "points=\"", "\"")[0].split(' ');
        let parsed = points.filter_map(|it| it.split_once(','));
        parsed
            .map(|(x, y)| (x.parse().unwrap_or(f64::NAN), y.parse().unwrap_or(f64::NAN)))
            .collect()
    };
    let right = |outline: &str| points(outline).iter().map(|it| it.0).fold(0.0, f64::max);
    let left = |outline: &str| points(outline).iter().map(|it| it.0).fold(999.0, f64::min);
    let top = |outline: &str| points(outline).iter().map(|it| it.1).fold(999.0, f64::min);
    let bottom = |outline: &str| points(outline).iter().map(|it| it.1).fold(0.0, f64::max);
    let [zstd, none, above] = [0, 1, 2].map(|it| outlines[it]);
    assert_eq!(right(zstd), left(none));
    let share = (right(zstd) - left(zstd)) / (right(none) - left(zstd));
    assert!((share - 2.0 / 3.0).abs() < 0.001, "{share}");
    assert_eq!(top(zstd), bottom(above));
    assert_eq!(right(above), right(none));
    // One row has bounds. The legend shows one more bar.
    assert_eq!(chart.matches("<line class=\"doubt\"").count(), 2);
    assert!(chart.contains("very uncertain boundary") && chart.contains("boundary, 99 % bounds"));
    for name in ["zstd", "none", "this run"] {
        let named = format!(">{name}</text>");
        assert!(chart.contains(&named), "{name}: {chart}");
    }
    assert!(chart.contains("<td>none</td><td>1000 MB/s</td>"), "{chart}");
    let described = between(&chart, "<desc id=\"chart-1-description\">", "</desc>");
    assert!(
        described[0].contains("at 10.0 µs: zstd, none from 1000 MB/s"),
        "{described:?}"
    );
}

mod style {
    use std::collections::HashMap;

    use crate::report::html::STYLE;

    /// Custom properties of the light and of the dark theme.
    fn themes() -> [HashMap<&'static str, &'static str>; 2] {
        let properties = |text: &'static str| {
            let lines = text
                .lines()
                .filter_map(|line| line.trim().split_once(": #"));
            let named = lines.filter(|(name, _)| name.starts_with("--"));
            named
                .map(|(name, colour)| (name, colour.trim_end_matches(';')))
                .collect()
        };
        let (light, rest) = STYLE.split_once("@media screen").unwrap_or_default();
        let (dark, _) = rest.split_once("/* Page */").unwrap_or_default();
        [properties(light), properties(dark)]
    }

    /// Relative luminance as defined by WCAG 2.
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value =
                u8::from_str_radix(&colour[at..at + 2], 16).map_or(f64::NAN, f64::from) / 255.0;
            match value <= 0.040_45 {
                true => value / 12.92,
                false => ((value + 0.055) / 1.055).powf(2.4),
            }
        };
        0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
    }

    fn contrast(first: &str, second: &str) -> f64 {
        let (first, second) = (luminance(first), luminance(second));
        (first.max(second) + 0.05) / (first.min(second) + 0.05)
    }

    #[test]
    fn text_has_a_contrast_of_4_5_and_graphics_of_3_in_both_themes() {
        for theme in themes() {
            for text in [
                "--ink",
                "--muted",
                "--accent",
                "--faster",
                "--slower",
                "--tie",
                "--inconclusive",
            ] {
                for behind in ["--page", "--raised"] {
                    let found = contrast(theme[text], theme[behind]);
                    assert!(found >= 4.5, "{text} on {behind}: {found}");
                }
            }
            for verdict in ["faster", "slower", "tie", "inconclusive"] {
                let (text, behind) = (format!("--{verdict}"), format!("--{verdict}-behind"));
                assert!(
                    contrast(theme[text.as_str()], theme[behind.as_str()]) >= 4.5,
                    "{text}"
                );
            }
            for series in 0..8 {
                let colour = theme[format!("--series-{series}").as_str()];
                assert!(contrast(colour, theme["--page"]) >= 3.0, "{series}");
            }
            assert!(contrast(theme["--edge"], theme["--page"]) >= 3.0);
        }
    }

    #[test]
    fn the_page_needs_nothing_from_elsewhere() {
        for needed in ["url(", "@import", "@font-face", "</"] {
            assert!(!STYLE.contains(needed), "{needed}");
        }
    }
}
