//! Planted circles must be found, and no others.

use crate::circles::circles;

/// Returns the circles of a crate with these files, each as the names of its files.
fn circles_of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let files = files
        .iter()
        .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
    circles(&files.collect())
        .into_iter()
        .map(|circle| circle.files.into_iter().collect())
        .collect()
}

/// Returns the circles of a room with two files, `a` and `b`, and with `room` in its `mod.rs`.
fn between(room: &str, a: &str, b: &str) -> Vec<Vec<String>> {
    let room = format!("mod a; mod b; {room}");
    circles_of(&[
        ("lib.rs", "pub mod room;"),
        ("room/mod.rs", &room),
        ("room/a.rs", a),
        ("room/b.rs", b),
    ])
}

/// True if `a`, with this code, uses `b`. `b` always uses `a`.
fn leads_to_b(room: &str, code: &str) -> bool {
    let b = "use super::a::A; pub struct B; pub fn f(_: A) {} pub trait T {} pub enum E { V }";
    let found = between(room, &format!("pub struct A; {code}"), b);
    match found.as_slice() {
        [] => false,
        [circle] => circle == &["room/a.rs", "room/b.rs"],
        circles => panic!("{circles:?}"),
    }
}

#[test]
fn every_way_to_name_an_item_is_an_edge() {
    for code in [
        "use super::b::B;",
        "use crate::room::b::{self, f};",
        "use super::b::T as _;",
        "use super::b::*; fn g() { f(A) }",
        "use super::b; fn g() { b::f(A) }",
        "use super::b as other; fn g() { other::f(A) }",
        "use crate::room; fn g() { room::b::f(A) }",
        "fn g() { use super::b; b::f(A) }",
        "fn g() { super::b::f(A) }",
        "fn g() { self::super::b::f(A) }",
        "fn g(b: &super::b::B) {}",
        "fn g<C: super::b::T>() {}",
        "impl super::b::T for A {}",
        "fn g(e: super::b::E) { matches!(e, super::b::E::V); }",
        "fn g() { println!(\"{}\", [super::b::f(A)].len()) }",
        "#[derive(super::b::T)] struct C;",
        "fn g() { super::b::made_by_a_macro() }",
        "mod inner { use super::super::b::B; }",
        "mod inner { use super::*; } use super::b::B;",
    ] {
        assert!(leads_to_b("", code), "{code}");
    }
}

#[test]
fn names_are_followed_through_re_exports() {
    for (room, code) in [
        ("pub use b::B;", "use super::B;"),
        ("pub use b::B;", "use crate::room::B;"),
        ("pub(crate) use b::{E as F};", "fn g() { super::F::V; }"),
        ("pub use self::b::*;", "use super::f;"),
        ("use b::B;", "use super::B;"),
        ("use b::B;", "use super::*; struct C(B);"),
        ("pub use b::f as b;", "use super::b; fn g() { b(A) }"),
    ] {
        assert!(leads_to_b(room, code), "{room} {code}");
    }
}

#[test]
fn what_uses_nothing_is_no_edge() {
    for code in [
        "// use super::b::B;",
        "/// Of [`super::b::B`].\nstruct C;",
        "const C: &str = \"super::b::f\";",
        "fn g(b: u8, f: u8) -> u8 { b + f }",
        "pub(in crate::room) struct B;",
        "use other::b::B;",
        "use std::fmt::Debug as B; fn g<C: B>() {}",
        "#[cfg(test)] use super::b::B;",
        "#[cfg(test)] mod tests { use super::super::b::B; }",
        "#[cfg(test)] fn g() { super::b::f(A) }",
        "struct C; impl C { #[cfg(test)] fn g() { super::b::f(A) } }",
    ] {
        assert!(!leads_to_b("", code), "{code}");
    }
}

#[test]
fn what_a_parent_defines_lies_above_the_children_that_it_calls() {
    let found = between(
        "pub struct P; fn f() { a::g(P) }",
        "pub fn g(_: super::P) {}",
        "",
    );
    assert_eq!(found, [["room/a.rs", "room/mod.rs"]]);
    let one_way = [
        ("fn f() { a::g() }", "pub fn g() {}"),
        ("pub struct P;", "pub fn g(_: super::P) {}"),
        ("pub struct P; pub use a::g;", "pub fn g(_: super::P) {}"),
    ];
    for (room, a) in one_way {
        assert_eq!(between(room, a, ""), [[""; 0]; 0], "{room} {a}");
    }
}

#[test]
fn rings_of_three_and_over_rooms_are_found() {
    let files = [
        ("lib.rs", "mod x; mod y; mod z; mod above; mod below;"),
        ("x.rs", "use crate::y::inner::Y;"),
        ("y/mod.rs", "pub mod inner;"),
        ("y/inner.rs", "pub struct Y(crate::z::Z);"),
        (
            "z.rs",
            "pub struct Z; fn f() { crate::x::g(crate::below::B) }",
        ),
        ("above.rs", "use crate::x::X;"),
        ("below.rs", "pub struct B;"),
    ];
    assert_eq!(circles_of(&files), [["x.rs", "y/inner.rs", "z.rs"]]);
}

#[test]
fn files_of_tests_are_left_out() {
    let files = [
        ("lib.rs", "mod x; mod y;"),
        ("x.rs", "pub struct X; #[cfg(test)] mod tests;"),
        ("x/tests.rs", "use super::X; use crate::y::Y;"),
        ("y.rs", "pub struct Y(crate::x::X);"),
    ];
    assert_eq!(circles_of(&files), [[""; 0]; 0]);
}

#[test]
fn a_circle_says_what_leads_around() {
    let files = [
        ("lib.rs", "mod x; mod y;"),
        ("x.rs", "pub struct X; use crate::y::Y;"),
        ("y.rs", "pub struct Y(crate::x::X);"),
    ];
    let files = files.map(|(file, text)| (file.to_owned(), text.to_owned()));
    let said: Vec<String> = circles(&files.into())
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        said,
        ["a circle of x.rs, y.rs:\n    x.rs -> y.rs: crate::y::Y\n    y.rs -> x.rs: crate::x::X"]
    );
}
